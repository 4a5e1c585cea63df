//! The read lease of a Python worker: code that waits for an item reads the link itself, and passes on frames that are
//! for others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use embedded_io::Write;
use execnet::serializer::{Bytes, Dump, EncodeError, Encoder};
use execnet::{Channel, Gateway, ReceiveError, Value};
use execnet_test_support::{LONG, Python, each_python, eventually, receive};

/// Answers each text with the value of that expression, and keeps the item of each list.
const ANSWERS: &str = "
while 1:
    item = channel.receive()
    if isinstance(item, list):
        kept = item[0]
    else:
        channel.send(eval(item))
";

fn ask(channel: &Channel, expression: &str) -> Value {
    channel.send(expression).unwrap();
    receive(channel)
}

/// Code that reads the link by itself now, where that Python does.
fn talk(python: &Python, gateway: &Gateway) -> Channel {
    let channel = gateway.remote_exec(ANSWERS).unwrap();
    talk_on(python, &channel);
    channel
}

fn talk_on(python: &Python, channel: &Channel) {
    if python.is_2() {
        (0..40).for_each(|turn| assert_eq!(ask(channel, "1"), Value::from(1), "{turn}"));
        return;
    }
    let turns = ask(channel, "channel.gateway._lease_reads");
    while ask(channel, "channel.gateway._lease_reads") == turns {}
}

/// A channel besides, which the code keeps.
fn keep_another(gateway: &Gateway, channel: &Channel) -> Channel {
    let other = gateway.new_channel().unwrap();
    channel.send([&other]).unwrap();
    other
}

fn assert_usable(gateway: &Gateway) {
    let channel = gateway.remote_exec("channel.send(2)").unwrap();
    assert_eq!(receive(&channel), Value::from(2));
}

#[test]
fn an_item_for_another_channel_is_delivered() {
    each_python(|python, gateway| {
        let channel = talk(python, gateway);
        let other = keep_another(gateway, &channel);
        for number in 0..3 {
            talk_on(python, &channel);
            other.send(number).unwrap();
            assert_eq!(ask(&channel, "kept.receive()"), Value::from(number));
            talk_on(python, &channel);
            channel.send("kept.receive(10)").unwrap();
            other.send(number).unwrap();
            assert_eq!(receive(&channel), Value::from(number));
        }
        talk_on(python, &channel);
        channel.send("kept.waitclose(10)").unwrap();
        other.close();
        assert_eq!(receive(&channel), Value::None);
    });
}

#[test]
fn what_has_come_before_is_not_waited_for() {
    each_python(|python, gateway| {
        let channel = talk(python, gateway);
        let other = keep_another(gateway, &channel);
        other.send(1).unwrap();
        talk_on(python, &channel);
        assert_eq!(ask(&channel, "kept.receive()"), Value::from(1));
    });
}

#[test]
fn an_error_of_the_other_side_is_no_item() {
    each_python(|python, gateway| {
        let channel = talk(python, gateway);
        let other = keep_another(gateway, &channel);
        talk_on(python, &channel);
        channel.send("kept.receive()").unwrap();
        other.close_with_error("all is lost").unwrap();
        match channel.receive_timeout(LONG) {
            Err(ReceiveError::Remote(error)) if error.text().contains("all is lost") => {}
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn an_item_of_any_size_gets_there() {
    each_python(|python, gateway| {
        let channel = talk(python, gateway);
        for size in [60_000_usize, 65_536, 1 << 20] {
            talk_on(python, &channel);
            let item = vec![7_u8; size];
            channel.send([Bytes(item.as_slice())]).unwrap();
            let size = i64::try_from(size).unwrap();
            assert_eq!(ask(&channel, "len(kept)"), Value::from(size));
        }
    });
}

#[test]
fn items_that_come_at_once_are_received_in_order() {
    each_python(|python, gateway| {
        let channel = talk(python, gateway);
        for number in 0..200 {
            channel.send(number.to_string()).unwrap();
        }
        let numbers: Vec<Value> = (0..200).map(|_| receive(&channel)).collect();
        assert_eq!(numbers, (0..200).map(Value::from).collect::<Vec<_>>());
    });
}

/// Where one belongs.
struct TwoItems;

impl Dump for TwoItems {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        encoder.none()?;
        encoder.none()
    }
}

#[test]
fn a_malformed_item_ends_the_channel_and_not_the_link() {
    each_python(|python, gateway| {
        let channel = talk(python, gateway);
        channel.send(TwoItems).unwrap();
        let end = channel.receive_timeout(LONG).unwrap_err();
        assert!(matches!(end, ReceiveError::Remote(_)), "{end:?}");
        assert_usable(gateway);
    });
}

#[test]
fn the_worker_answers_and_runs_other_code_meanwhile() {
    each_python(|python, gateway| {
        let channel = talk(python, gateway);
        assert_eq!(gateway.remote_status().unwrap().num_executing, 1);
        talk_on(python, &channel);
        assert_usable(gateway);
        talk_on(python, &channel);
    });
}

#[test]
fn the_end_of_the_channel_is_the_end_of_the_code() {
    each_python(|python, gateway| {
        talk(python, gateway).close();
        assert_usable(gateway);
        eventually("the code has ended", LONG, || {
            gateway.remote_status().unwrap().num_executing == 0
        });
    });
}

#[test]
fn closing_a_channel_wakes_the_threads_that_wait_for_it() {
    each_python(|python, gateway| {
        let channel = talk(python, gateway);
        let _other = keep_another(gateway, &channel);
        talk_on(python, &channel);
        let timer = "__import__('threading').Timer(0.01, kept.close)";
        channel
            .send(format!("{timer}.start() or kept.receive()"))
            .unwrap();
        let end = channel.receive_timeout(LONG).unwrap_err();
        assert!(matches!(end, ReceiveError::Closed), "{end:?}");
        assert_usable(gateway);
    });
}

#[test]
fn the_end_of_the_gateway_wakes_waiting_threads() {
    each_python(|python, gateway| {
        let _channel = talk(python, gateway);
        gateway.exit();
        assert!(gateway.join_timeout(LONG));
    });
}

/// A handler may raise any exception. If it waits for an item within a read, it gets an error: the item cannot come.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_wait_and_loses_nothing() {
    const ALARM: &str = "
import signal
class Alarm(Exception): pass
def ring(*args):
    if channel.gateway._reading._is_owned():
        for wait in channel.receive, other.waitclose, lambda: channel.receive(10):
            try:
                wait()
            except IOError as error:
                assert 'inside of' in str(error)
    raise Alarm
def wait():
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        return channel.receive()
    except Alarm:
        return u'alarm'
other = channel.gateway.newchannel()
signal.signal(signal.SIGALRM, ring)
";
    each_python(|python, gateway| {
        if python.is_2() {
            println!("skipped: a signal does not end a wait of Python 2");
            return;
        }
        let source = format!("{ALARM}{ANSWERS}");
        let channel = gateway.remote_exec(source.as_str()).unwrap();
        for _ in 0..10 {
            talk_on(python, &channel);
            assert_eq!(ask(&channel, "wait()"), Value::from("alarm"));
        }
    });
}

/// The code of the read lease is compiled during the conversation, in small pieces.
#[test]
fn nothing_large_is_compiled_in_the_middle_of_a_conversation() {
    each_python(|python, gateway| {
        if ["2.7", "3.6"].contains(&python.version.as_str()) {
            return println!(
                "left out: Python {} compiles all of it at its start",
                python.version
            );
        }
        let source = "
            import _thread
            names = type(channel.gateway)._write.__globals__
            whole, pieces, reader = len(names['LAZY']), [], []
            compile, load = names['compile'], names['load']
            def watch_load(data, *options):
                reader[:] = [_thread.get_ident()]
                return load(data, *options)
            def watch_compile(text, name, *options):
                if name == names['FILE']:
                    pieces.append((0 + (_thread.get_ident() in reader + [names['MAIN']]), len(text)))
                return compile(text, name, *options)
            names['compile'], names['load'] = watch_compile, watch_load
            # Soon after the compilation has begun: a conversation of ints is no row of them.
            type(channel.gateway).FEW_INTS = 100
            while names['LAZY']:
                channel.send(channel.receive())
            channel.receive()
            channel.send((whole, pieces))
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let (whole, pieces) = loop {
            channel.send(0).unwrap();
            if let Value::Tuple(found) = receive(&channel) {
                break (found[0].as_i64().unwrap(), found[1].clone());
            }
        };
        let pieces = pieces.as_slice().unwrap();
        assert!(pieces.len() > 8, "{pieces:?}");
        for piece in pieces {
            let [waited_for, size] = piece.as_slice().unwrap() else {
                panic!("{piece:?}");
            };
            let part = if waited_for.as_i64() == Some(1) {
                20
            } else {
                5
            };
            let size = size.as_i64().unwrap();
            assert!(size < whole / part, "{piece:?} of {whole}: {pieces:?}");
        }
    });
}
