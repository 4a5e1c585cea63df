//! The execution model `main_thread_only`: one call at a time, in the thread that serves.

use alloc::sync::Arc;
use std::sync::Barrier;
use std::thread;

use execnet_core_sync::{Channel, ExecModel, ReceiveError, Worker};
use execnet_serializer::Value;

use crate::support::{BUSY, Failure, SOON, receive, remote_error};
use crate::{ENDLESS, serving, worker};

fn main_thread_only() -> Worker {
    let mut worker = worker();
    worker = worker.with_exec_model(ExecModel::MainThreadOnly);
    worker.register("thread_name", |channel: &Channel| -> Result<(), Failure> {
        channel.receive()?;
        channel.send(thread::current().name().unwrap_or("unnamed"))?;
        Ok(())
    });
    worker
}

#[test]
fn assert_main_thread_only() {
    serving(main_thread_only(), |gateway, _served| {
        for _ in 0..10 {
            let channel = gateway.remote_exec("thread_name").unwrap();
            channel.send(()).unwrap();
            assert_eq!(receive(&channel), Value::from("main of the worker"));
            channel.close();
        }
        assert_eq!(
            gateway.remote_status().unwrap().exec_model,
            "main_thread_only"
        );
    });
}

#[test]
fn main_thread_only_concurrent_remote_exec_deadlock() {
    let mut worker = main_thread_only();
    worker = worker.with_grace(ENDLESS);
    serving(worker, |gateway, served| {
        let first = gateway.remote_exec("thread_name").unwrap();
        let second = gateway.remote_exec("thread_name").unwrap();
        let third = gateway.remote_exec("thread_name").unwrap();
        assert_eq!(remote_error(&second), BUSY);
        assert_eq!(remote_error(&third), BUSY);
        first.send(()).unwrap();
        assert_eq!(receive(&first), Value::from("main of the worker"));
        // A refused call does not count as running.
        gateway.exit();
        served.join().unwrap().unwrap();
    });
}

#[test]
fn main_thread_only_serves_calls_after_an_error_and_a_panic() {
    serving(main_thread_only(), |gateway, _served| {
        for name in ["fails", "panics", "unknown", "fails"] {
            let channel = gateway.remote_exec(name).unwrap();
            remote_error(&channel);
        }
        let channel = gateway.remote_exec("thread").unwrap();
        assert_eq!(receive(&channel), Value::from("main of the worker"));
    });
}

/// As in execnet: the code has sent its last answer, and still has something to do when the next call comes.
#[test]
fn main_thread_only_a_call_waits_for_one_that_is_about_to_end() {
    // The worker waits for a second: on a busy machine that can be over before the test comes to open the gate.
    let attempts = 5;
    let done = (0..attempts).any(|_| {
        let (result, outcome) = std::sync::mpsc::channel();
        let gate = Arc::new(Barrier::new(2));
        let held = gate.clone();
        let mut worker = main_thread_only();
        worker.register("holds", move |channel: &Channel| -> Result<(), Failure> {
            channel.send("answer")?;
            held.wait();
            Ok(())
        });
        serving(worker, move |gateway, _served| {
            let first = gateway.remote_exec("holds").unwrap();
            assert_eq!(receive(&first), Value::from("answer"));
            let second = gateway.remote_exec("thread").unwrap();
            // The answer shows that the second call has come.
            assert_eq!(gateway.remote_status().unwrap().num_executing, 2);
            gate.wait();
            let name = second.receive_timeout(SOON).map(|item| item.into_value());
            let ran = matches!(&name, Ok(name) if *name == "main of the worker");
            assert!(
                ran || matches!(&name, Err(ReceiveError::Remote(error)) if error.text() == BUSY),
                "{name:?}"
            );
            result.send(ran).unwrap();
        });
        outcome.recv().unwrap()
    });
    assert!(done, "refused {attempts} times");
}

#[test]
fn main_thread_only_the_end_of_the_link_does_not_wait_for_a_refusal() {
    serving(main_thread_only(), |gateway, served| {
        let first = gateway.remote_exec("wait").unwrap();
        let second = gateway.remote_exec("thread").unwrap();
        gateway.exit();
        // The end of the link ends the first, which makes room for the second.
        assert_eq!(receive(&second), Value::from("main of the worker"));
        assert!(first.receive().is_err());
        served.join().unwrap().unwrap();
    });
}
