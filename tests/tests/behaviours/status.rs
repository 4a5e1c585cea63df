//! The status of a worker.

use core::time::Duration;

use execnet::{ReceiveError, StatusError};
use execnet_test_support::{LONG, eventually};

use super::{gw, on};

#[test]
fn test_gateway_status_simple() {
    gw(|gateway| {
        let status = gateway.remote_status().unwrap();
        assert_eq!(status.num_executing, 0);
    });
}

#[test]
fn test_gateway_status_no_real_channel() {
    gw(|gateway| {
        let before = gateway.remote_status().unwrap();
        let after = gateway.remote_status().unwrap();
        assert_eq!(before, after);
        assert!(
            gateway.to_string().contains(" 0 active channels"),
            "{gateway}"
        );
    });
}

#[test]
fn test_gateway_status_busy() {
    on("popen", |gateway| {
        let before = gateway.remote_status().unwrap().num_channels;
        let source = "channel.send(1)\nchannel.receive()";
        let busy = [(); 2].map(|()| gateway.remote_exec(source).unwrap());
        for channel in &busy {
            channel.receive_timeout(LONG).unwrap();
        }
        let status = gateway.remote_status().unwrap();
        assert_eq!((status.num_executing, status.num_channels), (2, before + 2));
        for channel in &busy {
            channel.send(()).unwrap();
            channel.wait_close_timeout(LONG).unwrap();
        }
        eventually("nothing runs", LONG, || {
            gateway.remote_status().unwrap().num_executing == 0
        });
        assert_eq!(gateway.remote_status().unwrap().num_channels, before);
    });
}

#[test]
fn test_status_with_threads() {
    on("popen", |gateway| {
        let source = "channel.send(1)\nchannel.receive()";
        let [first, second] = [(); 2].map(|()| gateway.remote_exec(source).unwrap());
        for channel in [&first, &second] {
            channel.receive_timeout(LONG).unwrap();
        }
        for (running, ends) in [(2, first), (1, second)] {
            assert_eq!(gateway.remote_status().unwrap().num_executing, running);
            ends.send(()).unwrap();
            ends.wait_close_timeout(LONG).unwrap();
            eventually("one less runs", LONG, || {
                gateway.remote_status().unwrap().num_executing == running - 1
            });
        }
    });
}

/// Stock execnet waits for ever.
#[test]
fn a_status_request_without_a_reply_times_out() {
    on("popen", |gateway| {
        let source = "import os, signal\nchannel.send(os.getpid())\nchannel.receive()";
        let channel = gateway.remote_exec(source).unwrap();
        let pid = channel.receive_timeout(LONG).unwrap().as_i64().unwrap();
        execnet_test_support::signal("STOP", pid);
        let status = gateway.remote_status_timeout(Duration::from_millis(100));
        assert!(
            matches!(status, Err(StatusError::Receive(ReceiveError::Timeout))),
            "{status:?}"
        );
        execnet_test_support::signal("CONT", pid);
        assert!(gateway.remote_status_timeout(LONG).is_ok());
    });
}
