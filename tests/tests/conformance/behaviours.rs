//! The behaviours that every link must have.

use execnet::{Gateway, ReceiveError, SendError, Value, WaitCloseError, value};
use execnet_test_support::{LONG, eventually, receive, within};
use execnet_tests::conformance::{
    ADD, ANSWER, COUNT, ECHO, FAIL, FAILURE, LARGE, NOTICE, ONCE, PRINT, WAIT,
};

type Behaviour = (&'static str, fn(&Gateway));

/// All on one gateway, one after the other.
const BEHAVIOURS: &[Behaviour] = &[
    ("values come back as they went", values),
    ("items keep their order, however many", order),
    ("large items pass both ways at once", large),
    ("an exception is an error with its traceback", exception),
    ("the end of the code is the end of the channel", end),
    ("channels travel inside items", channels),
    ("code runs side by side", side_by_side),
    ("what the code prints stays off the link", printing),
    ("the status counts what runs", status),
    ("a closed channel ends the code that waits on it", close),
];

/// Runs them all over a link.
pub(crate) fn behaves(link: &str, gateway: &Gateway) {
    behaves_except(link, gateway, &[]);
}

/// Runs all but those with these names.
pub(crate) fn behaves_except(link: &str, gateway: &Gateway, except: &[&str]) {
    let named = |name: &&str| BEHAVIOURS.iter().any(|(behaviour, _)| behaviour == name);
    assert!(except.iter().all(named), "{except:?}");
    for (behaviour, check) in BEHAVIOURS {
        if except.contains(behaviour) {
            println!("{link}: not: {behaviour}");
            continue;
        }
        let gateway = gateway.clone();
        within(&format!("{link}: {behaviour}"), LONG, move || {
            check(&gateway)
        });
        println!("{link}: {behaviour}");
    }
}

fn values(gateway: &Gateway) {
    let channel = gateway.remote_exec(ECHO).unwrap();
    for value in [
        value!(None),
        value!([1, -2.5, "text \u{1f40d}", [true, None]]),
        value!({"key": (1, 2), 3: []}),
        Value::from(i64::MIN),
    ] {
        channel.send(&value).unwrap();
        assert_eq!(receive(&channel), value);
    }
}

fn order(gateway: &Gateway) {
    let channel = gateway.remote_exec(COUNT).unwrap();
    for n in 0..5000 {
        assert_eq!(receive(&channel), Value::from(n));
    }
}

fn large(gateway: &Gateway) {
    let channel = gateway.remote_exec(LARGE).unwrap();
    let text = "x".repeat(4 << 20);
    channel.send(&*text).unwrap();
    channel.send(&*text).unwrap();
    assert_eq!(receive(&channel), Value::from(&*text));
    assert_eq!(receive(&channel), Value::from(text.len() as u64));
}

fn exception(gateway: &Gateway) {
    let channel = gateway.remote_exec(FAIL).unwrap();
    assert_eq!(receive(&channel), Value::from(1));
    let error = channel.receive_timeout(LONG).unwrap_err();
    let ReceiveError::Remote(error) = &error else {
        panic!("{error:?}")
    };
    let text = error.text();
    let traceback = text.starts_with("Traceback (most recent call last):");
    assert!(traceback || text == FAILURE, "{text}");
    assert!(text.contains("ZeroDivisionError"), "{text}");
}

fn end(gateway: &Gateway) {
    let channel = gateway.remote_exec(ANSWER).unwrap();
    channel.wait_close_timeout(LONG).unwrap();
    assert_eq!(receive(&channel), Value::from(42));
    assert!(matches!(
        channel.receive_timeout(LONG),
        Err(ReceiveError::Closed)
    ));
    assert!(matches!(channel.send(1), Err(SendError::Closed)));
}

fn channels(gateway: &Gateway) {
    let channel = gateway.remote_exec(ADD).unwrap();
    let (there, back) = (
        gateway.new_channel().unwrap(),
        gateway.new_channel().unwrap(),
    );
    channel.send((&there, &back)).unwrap();
    there.send(1).unwrap();
    assert_eq!(receive(&back), Value::from(2));
    back.close();
    channel.wait_close_timeout(LONG).unwrap();
}

fn side_by_side(gateway: &Gateway) {
    let first = gateway.remote_exec(ONCE).unwrap();
    let second = gateway.remote_exec(ANSWER).unwrap();
    assert_eq!(receive(&second), Value::from(42));
    first.send(1).unwrap();
    assert_eq!(receive(&first), Value::from(1));
}

fn printing(gateway: &Gateway) {
    let channel = gateway.remote_exec(PRINT).unwrap();
    assert_eq!(receive(&channel), Value::from(1));
}

fn status(gateway: &Gateway) {
    let running = || {
        let status = gateway.remote_status_timeout(LONG).unwrap();
        status.num_executing
    };
    // The code of other behaviours may be ending still.
    eventually("idle", LONG, || running() == 0);
    let channel = gateway.remote_exec(WAIT).unwrap();
    assert_eq!(receive(&channel), Value::from(1));
    assert_eq!(running(), 1);
    channel.send(0).unwrap();
    channel.wait_close_timeout(LONG).unwrap();
    eventually("idle again", LONG, || running() == 0);
}

fn close(gateway: &Gateway) {
    let done = gateway.new_channel().unwrap();
    let channel = gateway.remote_exec(NOTICE).unwrap();
    channel.send(&done).unwrap();
    channel.close();
    assert_eq!(receive(&done), Value::from("end"));
    let waited: Result<(), WaitCloseError> = channel.wait_close_timeout(LONG);
    assert!(waited.is_ok());
}
