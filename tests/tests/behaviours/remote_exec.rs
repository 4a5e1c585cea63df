//! Remote code: source, modules and functions.

use std::fs;

use execnet::serializer::Dict;
use execnet::{ReceiveError, SendError, Value};
use execnet_test_support::{LONG, receive};

use super::{gw, remote_error};

#[test]
fn test_attribute_name() {
    gw(|gateway| {
        let channel = gateway.remote_exec("channel.send(__name__)").unwrap();
        assert_eq!(receive(&channel), Value::from("__channelexec__"));
    });
}

#[test]
fn test_remote_exec_module_with_traceback() {
    gw(|gateway| {
        let source =
            "def run_me(channel):\n    # a line\n    raise ValueError('me')\nrun_me(channel)\n";
        let channel = gateway.remote_exec_module(source, "dir/remotetest.py");
        let error = remote_error(channel.unwrap().receive_timeout(LONG));
        let text = error.text();
        for part in ["remotetest.py\", line 3", "run_me", "ValueError: me"] {
            assert!(text.contains(part), "no {part}: {text}");
        }
    });
}

#[test]
fn test_remote_exec_module_is_removed() {
    gw(|gateway| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("remote.py");
        fs::write(&path, "for item in channel: channel.send(eval(item))\n").unwrap();
        let source = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let channel = gateway.remote_exec_module(&source, path.to_str().unwrap());
        let channel = channel.unwrap();
        channel.send("1 + 1 == 2").unwrap();
        assert_eq!(receive(&channel), Value::from(true));
    });
}

/// What is run is what the file holds when it is read for the call.
#[test]
fn test_remote_exec_module() {
    gw(|gateway| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("remotetest.py");
        for number in [1, 2] {
            fs::write(&path, format!("channel.send({number})")).unwrap();
            let source = fs::read_to_string(&path).unwrap();
            let channel = gateway.remote_exec_module(&source, path.to_str().unwrap());
            assert_eq!(receive(&channel.unwrap()), Value::from(number));
        }
    });
}

#[test]
fn test_remote_exec_waitclose() {
    gw(|gateway| {
        let channel = gateway.remote_exec("pass").unwrap();
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn test_remote_exec_waitclose_2() {
    gw(|gateway| {
        let channel = gateway.remote_exec("def gccycle(): pass").unwrap();
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn test_remote_exec_waitclose_noarg() {
    gw(|gateway| {
        let channel = gateway.remote_exec("pass").unwrap();
        channel.wait_close().unwrap();
    });
}

#[test]
fn test_remote_exec_error_after_close() {
    gw(|gateway| {
        let channel = gateway.remote_exec("pass").unwrap();
        channel.wait_close_timeout(LONG).unwrap();
        assert!(matches!(channel.send(0), Err(SendError::Closed)));
    });
}

#[test]
fn test_remote_exec_no_explicit_close() {
    gw(|gateway| {
        let channel = gateway.remote_exec("channel.close()").unwrap();
        let error = remote_error(channel.receive_timeout(LONG));
        assert!(error.text().contains("explicit"), "{error}");
    });
}

#[test]
fn test_remote_exec_channel_anonymous() {
    gw(|gateway| {
        let source = "obj = channel.receive()\nchannel.send(obj)";
        let channel = gateway.remote_exec(source).unwrap();
        channel.send(42).unwrap();
        assert_eq!(receive(&channel), Value::from(42));
    });
}

#[test]
fn test_remote_exec_function_with_kwargs() {
    gw(|gateway| {
        let source = "
            def f(channel, data):
                channel.send(data)
        ";
        let kwargs: Dict = [(Value::from("data"), Value::from(1))]
            .into_iter()
            .collect();
        let channel = gateway.remote_exec_function(source, "f", &kwargs).unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn test_receive_on_remote_sysexit() {
    gw(|gateway| {
        let channel = gateway.remote_exec("raise SystemExit()").unwrap();
        remote_error(channel.receive_timeout(LONG));
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        assert_eq!(receive(&channel), Value::from(1));
    });
}

#[test]
fn test_geterrortext() {
    gw(|gateway| {
        let channel = gateway.remote_exec("raise ValueError(17)").unwrap();
        let error = remote_error(channel.receive_timeout(LONG));
        assert!(error.text().contains("ValueError: 17"), "{error}");
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
    });
}
