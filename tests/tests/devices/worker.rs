//! The functions of the worker, called from Rust.

use execnet::{Group, ReceiveError, Value, value};
use execnet_test_support::{LONG, receive};

use crate::{call, figure, stats, with_board, with_options};

#[test]
fn every_function_is_called_with_arguments_and_items() {
    with_board("functions", "worker", |board| {
        let group = Group::new();
        let gateway = group.make_gateway(board.spec()).unwrap();
        // State between calls.
        for (n, blinks) in [(3, 3), (4, 7)] {
            let blink = call(&gateway, "blink", &[("n", Value::from(n))]);
            assert_eq!(receive(&blink), Value::from(blinks));
        }
        let values = value!([1, 2, 3_000_000_000_i64]);
        let sum = call(&gateway, "sum", &[("values", values.clone())]);
        assert_eq!(receive(&sum), Value::from(3_000_000_003_i64));
        let sum = gateway.remote_exec("sum").unwrap();
        sum.send(&values).unwrap();
        assert_eq!(receive(&sum), Value::from(3_000_000_003_i64));
        let echo = gateway.remote_exec("echo").unwrap();
        for item in [
            value!(1),
            value!("text \u{6c0}"),
            value!([1, [2.5, (None, true)], {"a": {"b": -1}}]),
            "12345678901234567890123".parse().unwrap(),
            Value::Bytes((0..=255).cycle().take(1024).collect()),
        ] {
            echo.send(&item).unwrap();
            assert_eq!(receive(&echo), item);
        }
        echo.close();
        let unknown = gateway.remote_exec("unknown").unwrap();
        match unknown.receive() {
            Err(ReceiveError::Remote(error)) => assert!(error.text().contains("'sensor'")),
            other => panic!("{other:?}"),
        }
        group.terminate_timeout(LONG);
    });
}

#[test]
fn a_sensor_sends_a_stream_until_the_controller_closes_it() {
    with_board("sensor", "worker", |board| {
        let group = Group::new();
        let gateway = group.make_gateway(board.spec()).unwrap();
        let sensor = |period: i64, count: i64| {
            let arguments = [("period", period.into()), ("count", count.into())];
            call(&gateway, "sensor", &arguments)
        };
        let channel = sensor(2, 5);
        let mut last = None;
        for number in 0..5 {
            let Value::Tuple(reading) = receive(&channel) else {
                panic!()
            };
            assert_eq!(reading[0], Value::from(number));
            let time = reading[1].as_i64().unwrap();
            assert!(last.is_none_or(|last| time > last), "{last:?} {time}");
            last = Some(time);
        }
        channel.wait_close().unwrap();
        let channel = sensor(1, 1_000_000);
        receive(&channel);
        channel.close();
        // The next call is accepted once the function has found that.
        assert!(figure(&stats(&gateway), "frames") > 0);
        group.terminate_timeout(LONG);
    });
}

#[test]
fn an_item_beyond_the_memory_is_an_error_of_its_channel() {
    with_board("long item", "worker", |board| {
        let group = Group::new();
        let gateway = group.make_gateway(board.spec()).unwrap();
        // Too long for a frame, too long for an item in pieces, too many values, too deep.
        let mut nested = Value::None;
        for _ in 0..200 {
            nested = Value::List(vec![nested]);
        }
        for item in [
            Value::Bytes(vec![7; 100_000]),
            Value::Bytes(vec![7; 1200]),
            Value::List(vec![Value::None; 100]),
            nested,
        ] {
            let echo = gateway.remote_exec("echo").unwrap();
            echo.send(&item).unwrap();
            assert!(matches!(echo.receive(), Err(ReceiveError::Remote(_))));
        }
        let call = gateway.remote_exec(&"x".repeat(5000)).unwrap();
        assert!(matches!(call.receive(), Err(ReceiveError::Remote(_))));
        let stats = stats(&gateway);
        assert!(figure(&stats, "heap_most") < figure(&stats, "heap"));
        group.terminate_timeout(LONG);
    });
}

/// With one instruction for each nanosecond of the board's time.
#[test]
fn an_echo_of_ints_allocates_nothing_on_the_board() {
    with_options("echo", "worker", &["-icount", "shift=0"], |board| {
        let group = Group::new();
        let gateway = group.make_gateway(board.spec()).unwrap();
        let cost_of = |items: i64| {
            let before = stats(&gateway);
            let echo = gateway.remote_exec("echo").unwrap();
            for item in 0..items {
                echo.send(item).unwrap();
                assert_eq!(receive(&echo), Value::from(item));
            }
            echo.close();
            let after = stats(&gateway);
            ["allocations", "busy_cycles"].map(|name| figure(&after, name) - figure(&before, name))
        };
        cost_of(1);
        // Not the difference of two runs: the board also counts its milliseconds meanwhile, more of them on a busy machine,
        // which the least of some long runs has least of.
        let runs = [(); 5].map(|()| cost_of(200));
        let few = cost_of(10);
        assert!(runs.iter().all(|run| run[0] == few[0]), "allocations");
        let least = runs.iter().map(|run| run[1]).min().unwrap_or_default();
        // 80 instructions for each cycle of 12.5 MHz. The call itself and two of `stats` are in it.
        println!(
            "devices: an echo of an int takes at most {} instructions",
            least * 80 / 200
        );
        group.terminate_timeout(LONG);
    });
}
