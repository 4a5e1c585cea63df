//! A heap that is exhausted: by items beyond it, by what a function keeps, and by a function that does not ask.

use execnet::serializer::Dict;
use execnet::{Channel, Gateway, Group, ReceiveError, Value};
use execnet_test_support::{LONG, receive};

use crate::board::Board;
use crate::{answers, call, figure, stats, with_board};

/// A connection of its own.
fn connected<T>(board: &Board, body: impl FnOnce(&Gateway) -> T) -> T {
    let group = Group::new();
    let gateway = group.make_gateway(board.spec()).unwrap();
    let done = body(&gateway);
    group.terminate_timeout(LONG);
    done
}

fn blinks(gateway: &Gateway) -> Value {
    receive(&call(gateway, "blink", &[("n", 1.into())]))
}

fn bytes(gateway: &Gateway, function: &str, bytes: i64) -> Channel {
    call(gateway, function, &[("bytes", bytes.into())])
}

/// The error that the channel ends with.
fn error_of(channel: &Channel) -> String {
    loop {
        match channel.receive_timeout(LONG) {
            Ok(_) => {}
            Err(ReceiveError::Remote(error)) => return error.text().to_owned(),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// The worker answers on the same connection.
fn sums(gateway: &Gateway) {
    let sum = gateway.remote_exec("sum").unwrap();
    sum.send(vec![1, 2, 3]).unwrap();
    assert_eq!(receive(&sum), Value::from(6));
}

/// Items that do not fit into the 20 KiB of heap: as they arrive, decoded, or encoded again.
fn items() -> Vec<Value> {
    let text = Value::from("x".repeat(100));
    let numbers = |count: i32| (0..count).map(Value::from);
    let dict = |count| Value::Dict(Dict::from_iter(numbers(count).map(|n| (n, text.clone()))));
    let mut items: Vec<_> = (3..9)
        .chain([20, 100])
        .map(|kib| Value::Bytes(vec![7; kib << 10]))
        .collect();
    items.extend([
        Value::List(vec![text.clone(); 80]),
        Value::List(vec![Value::None; 600]),
        Value::List(vec![Value::List(vec![Value::None]); 200]),
        Value::Tuple(numbers(1000).collect()),
        Value::Set(numbers(1000).collect()),
        Value::Set(numbers(200).map(|n| Value::Tuple(vec![n])).collect()),
        dict(40),
        dict(90),
        Value::Int(format!("1{}", "0".repeat(6000)).parse().unwrap()),
    ]);
    items
}

#[test]
fn heap_exhaustion_is_an_error_that_leaves_the_worker_serving() {
    with_board("memory", "memory", |board| {
        connected(board, |gateway| {
            assert_eq!(blinks(gateway), Value::from(1));
            bytes(gateway, "limit", 1 << 24).wait_close().unwrap();
        });
        connected(board, |gateway| {
            let mut refused = 0;
            for item in items() {
                let echo = gateway.remote_exec("echo").unwrap();
                // Fails if the error has arrived already.
                let _ = echo.send(&item);
                match echo.receive_timeout(LONG) {
                    Ok(echoed) => assert_eq!(*echoed, item),
                    Err(ReceiveError::Remote(error)) => {
                        assert!(error.text().contains("no memory"), "{}", error.text());
                        refused += 1;
                    }
                    Err(other) => panic!("{other:?}"),
                }
                echo.close();
                sums(gateway);
            }
            assert!(refused > 10, "{refused}");
            // Items that nobody receives.
            let sensor = call(
                gateway,
                "sensor",
                &[("period", 1_000_000.into()), ("count", 1.into())],
            );
            while sensor.send(Value::Bytes(vec![7; 200])).is_ok() {}
            assert!(error_of(&sensor).contains("no memory"));
            sums(gateway);
            for len in [5000, 9000, 30_000] {
                let unknown = gateway.remote_exec(&"x".repeat(len)).unwrap();
                assert!(error_of(&unknown).contains("no "));
            }
            sums(gateway);
            // A board that had restarted would count from 0.
            assert_eq!(blinks(gateway), Value::from(2));
            let stats = stats(gateway);
            assert!(figure(&stats, "heap_most") > figure(&stats, "heap") / 2);
        });
        answers(board);
    });
}

#[test]
fn a_function_that_asks_for_memory_fails_with_an_error_without_it() {
    with_board("hoard", "memory", |board| {
        connected(board, |gateway| {
            assert_eq!(blinks(gateway), Value::from(1));
            for _ in 0..3 {
                assert!(error_of(&bytes(gateway, "hoard", 100_000)).contains("memory"));
                sums(gateway);
            }
            // All of the heap, in smaller and smaller blocks, until there is none for another call either.
            let mut sizes = [4096, 1024, 256, 64, 16].into_iter().cycle();
            loop {
                let size = sizes.next().unwrap();
                let hoard = bytes(gateway, "hoard", size);
                match hoard.receive_timeout(LONG) {
                    Ok(kept) => assert!(kept.as_i64() >= Some(size), "{kept:?}"),
                    Err(ReceiveError::Remote(error)) if error.text().contains("for the call") => {
                        break;
                    }
                    Err(error) => assert!(matches!(error, ReceiveError::Remote(_)), "{error:?}"),
                }
            }
            assert!(error_of(&gateway.remote_exec("stats").unwrap()).contains("no memory"));
        });
        // The end of the connection has freed it.
        connected(board, |gateway| {
            sums(gateway);
            assert_eq!(blinks(gateway), Value::from(2));
        });
    });
}

#[test]
fn a_function_that_does_not_ask_for_memory_restarts_the_board() {
    with_board("waste", "memory", |board| {
        connected(board, |gateway| {
            assert_eq!(blinks(gateway), Value::from(1));
            let few = receive(&bytes(gateway, "waste", 100));
            assert_eq!(few, Value::Bytes(vec![0; 100]));
            let error = bytes(gateway, "waste", 100_000)
                .receive_timeout(LONG)
                .unwrap_err();
            let text = format!("{:#}", execnet::report(&error));
            assert!(text.contains("the device has restarted"), "{text}");
        });
        connected(board, |gateway| assert_eq!(blinks(gateway), Value::from(1)));
    });
}
