//! The threads that run the functions: how many there are, which names they have, and when they exit.

use alloc::sync::Arc;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::thread;

use execnet_core_sync::{Channel, ReceiveError, Worker};
use execnet_serializer::Value;

use crate::support::{Failure, SOON, eventually, receive};
use crate::{serving, worker};

#[test]
fn threads() {
    serving(worker(), |gateway, _served| {
        let first = gateway.remote_exec("wait").unwrap();
        let second = gateway.remote_exec("thread").unwrap();
        receive(&second);
        assert!(!first.is_closed());
        first.send(()).unwrap();
        first.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn threads_race_sending() {
    let mut worker = Worker::new();
    worker.register("ten", |channel: &Channel| {
        (0..10).try_for_each(|n| channel.send((n, "x".repeat(10_000))))
    });
    serving(worker, |gateway, _served| {
        let channels: Vec<_> = (0..5)
            .map(|_| gateway.remote_exec("ten").unwrap())
            .collect();
        for channel in &channels {
            for n in 0..10 {
                assert_eq!(receive(channel), Value::from((n, "x".repeat(10_000))));
            }
            assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        }
    });
}

#[test]
fn pool_primary_thread_integration() {
    serving(worker(), |gateway, _served| {
        let channel = gateway.remote_exec("thread").unwrap();
        assert_eq!(receive(&channel), Value::from("main of the worker"));
    });
}

#[test]
fn pool_some_run_together() {
    let mut worker = Worker::new();
    let running = Arc::new(AtomicUsize::new(0));
    worker.register("meet", move |channel: &Channel| {
        running.fetch_add(1, Ordering::SeqCst);
        eventually("all four run", || running.load(Ordering::SeqCst) == 4);
        channel.send(())
    });
    serving(worker, |gateway, _served| {
        let channels: Vec<_> = (0..4)
            .map(|_| gateway.remote_exec("meet").unwrap())
            .collect();
        for channel in channels {
            receive(&channel);
        }
    });
}

#[test]
fn pool_limited_size() {
    let mut worker = worker();
    worker = worker.with_max_threads(NonZeroUsize::new(2).unwrap());
    serving(worker, |gateway, _served| {
        let running = [(); 2].map(|()| gateway.remote_exec("echo").unwrap());
        for channel in &running {
            channel.send(1).unwrap();
            receive(channel);
        }
        let waiting = gateway.remote_exec("echo").unwrap();
        waiting.send("queued").unwrap();
        let nothing = waiting.receive_timeout(Duration::from_millis(50));
        assert!(matches!(nothing, Err(ReceiveError::Timeout)), "{nothing:?}");
        drop(running);
        assert_eq!(receive(&waiting), Value::from("queued"));
    });
}

#[test]
fn threads_of_a_burst_exit() {
    serving(worker(), |gateway, _served| {
        let burst: Vec<_> = (0..50)
            .map(|_| gateway.remote_exec("echo").unwrap())
            .collect();
        for channel in &burst {
            channel.send(1).unwrap();
            receive(channel);
        }
        drop(burst);
        let mut names = alloc::collections::BTreeSet::new();
        eventually("few threads take all calls", || {
            names.clear();
            for _ in 0..50 {
                let channel = gateway.remote_exec("thread").unwrap();
                names.insert(receive(&channel).to_string());
            }
            names.len() <= 6
        });
        // Those that have left are not counted on: a second burst runs together as the first.
        let burst: Vec<_> = (0..50)
            .map(|_| gateway.remote_exec("echo").unwrap())
            .collect();
        for channel in &burst {
            channel.send(1).unwrap();
            receive(channel);
        }
    });
}

#[test]
fn threads_have_names_of_their_own() {
    let mut worker = Worker::new();
    worker.register("thread", |channel: &Channel| -> Result<(), Failure> {
        channel.send(thread::current().name().unwrap_or("unnamed"))?;
        drop(channel.receive());
        Ok(())
    });
    serving(worker, |gateway, _served| {
        let running = [(); 3].map(|()| gateway.remote_exec("thread").unwrap());
        let mut names = running
            .each_ref()
            .map(|channel| receive(channel).to_string());
        names.sort();
        assert_eq!(
            names,
            [
                "'execnet-worker-exec-1'",
                "'execnet-worker-exec-2'",
                "'main of the worker'"
            ]
        );
    });
}
