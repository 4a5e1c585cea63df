//! Gateways: start, information and end.

use execnet::{Gateway, Group, ReceiveError, SendError, Value, WaitCloseError};
use execnet_test_support::{LONG, quiet, receive, signal, within};

use super::{gw, on};

#[test]
fn test_correct_setup() {
    within("a group and a gateway", LONG, || {
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway("popen//id=me").unwrap();
        assert!(gateway.has_receiver());
        assert!(group.get("me").is_some_and(|found| found == gateway));
    });
}

#[test]
fn test_repr_doesnt_crash() {
    gw(|gateway| {
        let text = gateway.to_string();
        assert!(text.starts_with("<Gateway id='gw0' receive-live"), "{text}");
    });
}

/// Code that writes to a stream of its process does not disturb its channel.
fn writes_without_confusion(gateway: &Gateway, write: &str) {
    let source = format!(
        "
        import os
        {write}
        channel.send(channel.receive() * 6)
        channel.send(channel.receive() * 6)
        "
    );
    let channel = gateway.remote_exec(&source).unwrap();
    for (sent, expected) in [(3, 18), (7, 42)] {
        channel.send(sent).unwrap();
        assert_eq!(receive(&channel), Value::from(expected));
    }
}

#[test]
fn test_confusion_from_os_write_stdout() {
    gw(|gateway| writes_without_confusion(gateway, "os.write(1, b'confusion!')"));
}

#[test]
fn test_confusion_from_os_write_stderr() {
    gw(|gateway| writes_without_confusion(gateway, "os.write(2, b'test')"));
}

#[test]
fn test_rinfo() {
    gw(|gateway| {
        let info = gateway.remote_info_timeout(LONG).unwrap();
        assert!(!info.executable.is_empty());
        assert!(matches!(&info.version_info, Value::Tuple(parts) if parts.len() == 5));
        assert!(info.to_string().contains(&info.executable), "{info}");
        let source = "import os\nos.chdir('/')\nchannel.send(os.getpid())";
        let channel = gateway.remote_exec(source).unwrap();
        assert_eq!(receive(&channel), Value::from(i64::from(info.pid)));
        channel.wait_close_timeout(LONG).unwrap();
        // It is remembered, until it is asked anew.
        assert_ne!(info.cwd, "/");
        assert_eq!(gateway.remote_info_timeout(LONG).unwrap(), info);
        assert_eq!(gateway.remote_info_update_timeout(LONG).unwrap().cwd, "/");
    });
}

/// The default program is the `python3` of the path, as a shell would find it.
#[test]
fn test_rinfo_popen() {
    on("popen", |gateway| {
        let info = gateway.remote_info_timeout(LONG).unwrap();
        let script = "import os, sys\nprint(sys.executable)\nprint(os.getcwd())\n\
                      print(sys.version_info[:3])";
        let output = std::process::Command::new("python3")
            .args(["-c", script])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..2], [&*info.executable, &*info.cwd]);
        let Value::Tuple(version) = &info.version_info else {
            panic!("{info:?}")
        };
        assert_eq!(Value::Tuple(version[..3].to_vec()).to_string(), lines[2]);
    });
}

#[test]
fn test_chdir_separation() {
    on("popen", |gateway| {
        let here = std::env::current_dir().unwrap();
        let there = gateway.remote_info_timeout(LONG).unwrap().cwd;
        assert_eq!(here.to_str().unwrap(), there);
    });
}

#[test]
fn test_many_popen() {
    within("four workers", LONG, || {
        let group = Group::with_options(quiet());
        let channels: Vec<_> = (0..4)
            .map(|_| {
                let gateway = group.make_gateway("popen").unwrap();
                gateway.remote_exec("channel.send(42)").unwrap()
            })
            .collect();
        for channel in channels {
            assert_eq!(receive(&channel), Value::from(42));
        }
    });
}

#[test]
fn test_waitclose_on_remote_killed() {
    gw(|gateway| {
        let source = "import os, time\nchannel.send(os.getpid())\ntime.sleep(100)";
        let channel = gateway.remote_exec(source).unwrap();
        signal("KILL", receive(&channel).as_i64().unwrap());
        let end = channel.wait_close_timeout(LONG);
        assert!(
            matches!(end, Err(WaitCloseError::Disconnected(_))),
            "{end:?}"
        );
        assert!(matches!(channel.send(1), Err(SendError::Disconnected(_))));
        assert!(matches!(
            channel.receive(),
            Err(ReceiveError::Disconnected(_))
        ));
    });
}

#[test]
fn test_exit_blocked_worker_execution_gateway() {
    gw(|gateway| {
        let source = "import time\nchannel.send(1)\ntime.sleep(1000)";
        let channel = gateway.remote_exec(source).unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        // It returns while that code runs.
        gateway.exit();
        gateway.kill();
    });
}
