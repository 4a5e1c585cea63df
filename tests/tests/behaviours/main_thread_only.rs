//! The execution model `main_thread_only`.

use execnet::{Gateway, ReceiveError, Value};
use execnet_test_support::{LONG, receive};

use super::{on, remote_error};

const SPEC: &str = "popen//execmodel=main_thread_only";

/// Whether it runs in the main thread; then waits for the end of its channel.
const WHERE: &str = "
    import threading
    channel.send(threading.current_thread() is threading.main_thread())
    try:
        channel.receive()
    except EOFError:
        pass
";

#[test]
fn test_assert_main_thread_only() {
    on(SPEC, |gateway| {
        for _ in 0..10 {
            let channel = gateway.remote_exec(WHERE).unwrap();
            assert_eq!(receive(&channel), Value::from(true));
            channel.close();
        }
    });
}

#[test]
fn test_main_thread_only_concurrent_remote_exec_deadlock() {
    on(SPEC, |gateway| {
        let first = gateway.remote_exec(WHERE).unwrap();
        assert_eq!(receive(&first), Value::from(true));
        let second = gateway.remote_exec(WHERE).unwrap();
        let error = remote_error(second.receive_timeout(LONG));
        let expected = "concurrent remote_exec would cause deadlock for main_thread_only execmodel";
        assert_eq!(error.text(), expected);
        first.close();
        assert_still_runs_code(gateway);
    });
}

/// Stock workers of this model take no more work after the first exception.
#[test]
fn main_thread_only_serves_calls_after_an_exception() {
    on(SPEC, |gateway| {
        let failing = gateway.remote_exec("raise ValueError(1)").unwrap();
        remote_error(failing.receive_timeout(LONG));
        assert_still_runs_code(gateway);
    });
}

fn assert_still_runs_code(gateway: &Gateway) {
    let channel = gateway.remote_exec("channel.send(1)").unwrap();
    assert_eq!(receive(&channel), Value::from(1));
    let end = channel.receive_timeout(LONG);
    assert!(matches!(end, Err(ReceiveError::Closed)), "{end:?}");
}
