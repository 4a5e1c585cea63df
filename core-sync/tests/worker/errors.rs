//! How a call reports that its function failed: by an error, by a panic, or by closing its own channel.

use core::error::Error;
use core::fmt;
use core::num::NonZeroUsize;

use execnet_core_sync::{Channel, Worker};
use execnet_serializer::Value;

use crate::support::{Failure, SOON, receive, remote_error};
use crate::{serving, worker};

#[test]
fn an_error_is_reported_with_its_causes() {
    serving(worker(), |gateway, _served| {
        let channel = gateway.remote_exec("fails").unwrap();
        let error = remote_error(&channel);
        assert_eq!(
            error,
            "function 'fails' failed: the result is not saved\ncaused by: the disk is full"
        );
    });
}

#[test]
fn a_panic_is_an_error_with_its_message() {
    serving(worker(), |gateway, _served| {
        for _ in 0..3 {
            let channel = gateway.remote_exec("panics").unwrap();
            let error = remote_error(&channel);
            assert_eq!(error, "function 'panics' panicked: part of the test: 42");
        }
        gateway
            .remote_exec("nothing")
            .unwrap()
            .wait_close_timeout(SOON)
            .unwrap();
    });
}

/// A payload and an error of the program are code of the program when they are dropped and printed.
#[test]
fn a_panic_while_an_error_or_payload_is_dropped_is_an_error_of_the_call() {
    #[derive(Debug)]
    struct Unprintable;
    impl fmt::Display for Unprintable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("an error that cannot be printed")
        }
    }
    impl Error for Unprintable {}
    struct Undroppable;
    impl Drop for Undroppable {
        fn drop(&mut self) {
            panic!("a payload that cannot be dropped");
        }
    }
    let mut worker = worker();
    worker.register("unprintable", |_: &Channel| Err::<(), _>(Unprintable));
    worker.register("undroppable", |_: &Channel| -> () {
        std::panic::panic_any(Undroppable)
    });
    worker = worker.with_max_threads(NonZeroUsize::new(1).unwrap());
    serving(worker, |gateway, served| {
        let error = remote_error(&gateway.remote_exec("unprintable").unwrap());
        assert!(error.ends_with("cannot be printed"), "{error}");
        let error = remote_error(&gateway.remote_exec("undroppable").unwrap());
        assert!(error.ends_with("not text"), "{error}");
        // The only thread is alive.
        let channel = gateway.remote_exec("thread").unwrap();
        assert_eq!(receive(&channel), Value::from("main of the worker"));
        gateway.exit();
        served.join().unwrap().unwrap();
    });
}

/// As in execnet: the controller takes the end of the channel for the end of the function.
#[test]
fn a_function_that_closes_its_own_channel_ends_with_an_error() {
    let mut worker = Worker::new();
    worker.register("closes", |channel: &Channel| -> Result<(), Failure> {
        channel.close();
        // As in execnet, where the error was caught.
        channel.send("still open")?;
        Ok(())
    });
    worker.register("closes_with_error", |channel: &Channel| {
        channel.close_with_error("enough")
    });
    worker.register("closes_file", |channel: &Channel| {
        drop(channel.make_file_write().proxy_close());
    });
    worker.register(
        "closes_another",
        |channel: &Channel| -> Result<(), Failure> {
            let other = channel.gateway().new_channel()?;
            channel.send(&other)?;
            other.close();
            Ok(())
        },
    );
    worker.register("fails_then", |channel: &Channel| -> Result<(), Failure> {
        channel.close();
        Err("its own error".into())
    });
    serving(worker, |gateway, _served| {
        let channel = gateway.remote_exec("closes").unwrap();
        assert_eq!(receive(&channel), Value::from("still open"));
        assert!(remote_error(&channel).contains("explicit"));
        for name in ["closes_with_error", "closes_file"] {
            let error = remote_error(&gateway.remote_exec(name).unwrap());
            assert!(error.contains("explicit"), "{error}");
        }
        let channel = gateway.remote_exec("closes_another").unwrap();
        channel.receive_timeout(SOON).unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        let channel = gateway.remote_exec("fails_then").unwrap();
        assert!(remote_error(&channel).ends_with("its own error"));
        assert_eq!(gateway.remote_status().unwrap().num_executing, 0);
    });
}
