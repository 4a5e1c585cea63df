//! The end of serving: what happens to running calls when the controller exits.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Barrier, mpsc};
use std::thread;

use execnet_core_sync::{Channel, ExecModel, Grace, ReceiveError, ServeError, Worker};
use execnet_serializer::Value;

use crate::support::{Failure, SOON, receive};
use crate::{ENDLESS, NEVER, serving, worker};

/// What a thread of the worker leaves behind when it ends. It takes its time, so that it is not done before by chance.
struct Leaves(Arc<AtomicUsize>, Duration);

impl Drop for Leaves {
    fn drop(&mut self) {
        thread::sleep(self.1);
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

std::thread_local! {
    static LEAVES: core::cell::OnceCell<Leaves> = const { core::cell::OnceCell::new() };
}

#[test]
fn serving_returns_after_its_threads_have_ended() {
    // More than the number from which on finished ones are forgotten.
    const CALLS: usize = 20;
    let left = Arc::new(AtomicUsize::new(0));
    let counted = left.clone();
    let mut worker = Worker::new();
    worker.register("leaves", move |channel: &Channel| -> Result<(), Failure> {
        // The first threads take longer than those that were started behind them.
        let number = channel.receive()?.as_i64().ok_or("no number")?;
        let time = if number < 5 { 100 } else { 0 };
        let leaves = Leaves(counted.clone(), Duration::from_millis(time));
        LEAVES.with(|own| drop(own.set(leaves)));
        channel.send(())?;
        drop(channel.receive());
        Ok(())
    });
    worker.register("wait", |channel: &Channel| drop(channel.receive()));
    worker = worker.with_grace(ENDLESS);
    serving(worker, move |gateway, served| {
        // It takes the thread that serves, which is not one of those.
        let _first = gateway.remote_exec("wait").unwrap();
        let running = [(); CALLS].map(|()| gateway.remote_exec("leaves").unwrap());
        for (number, channel) in running.iter().enumerate() {
            channel.send(number).unwrap();
            receive(channel);
        }
        gateway.exit();
        served.join().unwrap().unwrap();
        assert_eq!(left.load(Ordering::SeqCst), CALLS);
    });
}

#[test]
fn an_idle_worker_is_done_without_a_grace() {
    let mut worker = worker();
    worker = worker.with_grace(ENDLESS);
    serving(worker, |gateway, served| {
        gateway
            .remote_exec("nothing")
            .unwrap()
            .wait_close_timeout(SOON)
            .unwrap();
        gateway.exit();
        served.join().unwrap().unwrap();
        assert!(gateway.join_timeout(SOON));
    });
}

#[test]
fn termination_on_remote_channel_receive() {
    let mut worker = worker();
    worker = worker.with_grace(ENDLESS);
    serving(worker, |gateway, served| {
        let waiting = [(); 3].map(|()| gateway.remote_exec("wait").unwrap());
        gateway.exit();
        served.join().unwrap().unwrap();
        // That its receive failed is not told as an error of the function.
        for channel in waiting {
            let error = channel.receive().unwrap_err();
            assert!(matches!(error, ReceiveError::Disconnected(_)), "{error:?}");
        }
    });
}

#[test]
fn a_function_still_sends_after_the_controller_exited() {
    let mut worker = Worker::new();
    worker.register("late", |channel: &Channel| {
        let end = channel.receive();
        assert!(matches!(end, Err(ReceiveError::Disconnected(_))), "{end:?}");
        channel.send("late")
    });
    serving(worker, |gateway, served| {
        let channel = gateway.remote_exec("late").unwrap();
        gateway.exit();
        assert_eq!(receive(&channel), Value::from("late"));
        served.join().unwrap().unwrap();
    });
}

#[test]
fn a_call_that_comes_right_before_the_end_is_run() {
    for model in [ExecModel::Thread, ExecModel::MainThreadOnly] {
        let mut worker = Worker::new();
        worker = worker.with_exec_model(model);
        worker.register("once", |channel: &Channel| channel.send("ran"));
        serving(worker, |gateway, served| {
            let channel = gateway.remote_exec("once").unwrap();
            gateway.exit();
            assert_eq!(receive(&channel), Value::from("ran"));
            served.join().unwrap().unwrap();
        });
    }
}

#[test]
fn a_function_that_ignores_the_end_is_interrupted_and_then_abandoned() {
    let interrupted = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Barrier::new(2));
    let (count, held) = (interrupted.clone(), gate.clone());
    let mut worker = worker();
    worker.register("deaf", move |channel: &Channel| -> Result<(), Failure> {
        channel.send(())?;
        held.wait();
        Ok(())
    });
    worker = worker.on_interrupt(move || {
        count.fetch_add(1, Ordering::SeqCst);
        panic!("this panic is part of the test");
    });
    worker = worker.with_grace(
        Grace::default()
            .with_interrupt(Duration::from_millis(20))
            .with_leave(Duration::from_millis(20)),
    );
    serving(worker, move |gateway, served| {
        // The thread that serves takes the first, which leaves it free to return.
        let first = gateway.remote_exec("echo").unwrap();
        first.send(()).unwrap();
        receive(&first);
        let deaf = gateway.remote_exec("deaf").unwrap();
        receive(&deaf);
        gateway.exit();
        let error = served.join().unwrap().unwrap_err();
        assert!(matches!(error, ServeError::StillRunning(_)), "{error:?}");
        assert!(error.to_string().ends_with("still run: deaf"), "{error}");
        assert_eq!(interrupted.load(Ordering::SeqCst), 1);
        assert!(gateway.join_timeout(SOON), "the worker closes the link");
        gate.wait();
    });
}

/// The thread that serves runs the function, so that `serve` cannot report it.
#[test]
fn on_abandon_gets_the_names_of_functions_that_do_not_return() {
    let gate = Arc::new(Barrier::new(2));
    let held = gate.clone();
    let (abandon, abandoned) = mpsc::channel();
    let mut worker = Worker::new().with_exec_model(ExecModel::MainThreadOnly);
    worker.register("deaf", move |channel: &Channel| -> Result<(), Failure> {
        channel.send(())?;
        held.wait();
        Ok(())
    });
    worker = worker.on_abandon(move |functions| {
        abandon.send(functions.to_vec()).unwrap();
        panic!("this panic is part of the test");
    });
    worker = worker.with_grace(
        Grace::default()
            .with_interrupt(Duration::from_millis(20))
            .with_leave(Duration::from_millis(20)),
    );
    serving(worker, move |gateway, served| {
        let deaf = gateway.remote_exec("deaf").unwrap();
        receive(&deaf);
        gateway.exit();
        assert_eq!(abandoned.recv_timeout(SOON).unwrap(), ["deaf"]);
        assert!(gateway.join_timeout(SOON), "the worker closes the link");
        assert!(!served.is_finished());
        gate.wait();
        served.join().unwrap().unwrap();
    });
}

#[test]
fn an_interrupted_function_that_ends_is_waited_for() {
    let gate = Arc::new(Barrier::new(2));
    let interrupted = gate.clone();
    let mut worker = Worker::new();
    worker.register("deaf", move |channel: &Channel| -> Result<(), Failure> {
        channel.send(())?;
        interrupted.wait();
        channel.send("interrupted")?;
        Ok(())
    });
    worker = worker.on_interrupt(move || {
        gate.wait();
    });
    worker = worker.with_grace(
        Grace::default()
            .with_interrupt(Duration::from_millis(20))
            .with_leave(NEVER),
    );
    serving(worker, |gateway, served| {
        let channel = gateway.remote_exec("deaf").unwrap();
        receive(&channel);
        gateway.exit();
        assert_eq!(receive(&channel), Value::from("interrupted"));
        served.join().unwrap().unwrap();
    });
}
