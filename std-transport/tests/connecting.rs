//! Connections that are not made in time, or are to end before they are made.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::os::fd::OwnedFd;
use std::sync::mpsc;
use std::thread;

use execnet::serializer::Dict;
use execnet::{BootstrapErrorKind, Gateway, Group, MakeGatewayError, Value};
use execnet_test_support::{
    LONG, bootstrap_error, each_python, eventually, private_directory, quiet, receive, within,
};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, connect, listen, socket};
use tempfile::TempDir;

/// A Unix socket whose queue of connections is full, and stays so.
struct Full {
    directory: TempDir,
    _sockets: Vec<OwnedFd>,
}

impl Full {
    fn new() -> Self {
        let directory = private_directory();
        let address = SocketAddrUnix::new(directory.path().join("socket")).unwrap();
        let new = || socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        let listener = new();
        bind(&listener, &address).unwrap();
        listen(&listener, 0).unwrap();
        let mut sockets = vec![listener];
        loop {
            let client = new();
            rustix::io::ioctl_fionbio(&client, true).unwrap();
            let room = connect(&client, &address).is_ok();
            sockets.push(client);
            if !room {
                break;
            }
        }
        Self {
            directory,
            _sockets: sockets,
        }
    }

    fn path(&self) -> String {
        let path = self.directory.path().join("socket");
        path.to_str().unwrap().to_owned()
    }

    fn spec(&self) -> String {
        format!("unix={}", self.path())
    }
}

fn hurried(bootstrap_timeout: Duration) -> Group {
    let options = quiet().with_bootstrap_timeout(bootstrap_timeout);
    Group::with_options(options)
}

const SHORT: Duration = Duration::from_millis(300);

/// It blocked for ever.
#[test]
fn a_full_unix_socket_is_waited_for_until_the_deadline() {
    let full = Full::new();
    within("full socket", LONG, move || {
        let error = bootstrap_error(&hurried(SHORT), &full.spec());
        assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable, "{error}");
    });
}

/// Tries to make a gateway that has ages to start, and ends the group meanwhile.
fn ended(group: Group, spec: String) -> MakeGatewayError {
    thread::scope(|scope| {
        let (sender, made) = mpsc::channel();
        let group = &group;
        scope.spawn(move || sender.send(group.make_gateway(&spec)).unwrap());
        loop {
            // Whatever is being started when this is called ends, and only that.
            group.terminate_timeout(LONG);
            match made.recv_timeout(Duration::from_millis(20)) {
                Ok(made) => return made.unwrap_err(),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(error) => panic!("{error}"),
            }
        }
    })
}

#[test]
fn terminate_ends_a_connection_that_is_being_made() {
    let full = Full::new();
    within("ended", LONG, move || {
        let error = ended(hurried(Duration::MAX), full.spec());
        assert!(matches!(error, MakeGatewayError::Terminated), "{error}");
    });
}

/// The program of a proxy.
const PROXY: &str = include_str!("../src/python/proxy.py");

/// What every Python says of a connection to `full` that has this long, and is killed if that is asked for.
fn proxied(middle: &Gateway, full: &Full, timeout: f64, kill: bool) -> (i64, String) {
    let path = full.path();
    let arguments: Dict = [
        ("address".into(), ("unix", path.as_str()).into()),
        ("timeout".into(), timeout.into()),
    ]
    .into_iter()
    .collect();
    let call = middle.remote_exec_function(PROXY, "execnet_proxy", &arguments);
    let (data, control) = (middle.new_channel().unwrap(), middle.new_channel().unwrap());
    call.unwrap().send((&data, &control)).unwrap();
    if kill {
        control.send("kill").unwrap();
    }
    match receive(&control) {
        Value::Tuple(parts) if parts[0].as_str() == Some("failed") => match &parts[1] {
            Value::Tuple(failure) => {
                let text = failure[1].as_str().unwrap().to_owned();
                (failure[0].as_i64().unwrap(), text)
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_python_in_the_middle_gives_a_connection_up_at_the_deadline_or_when_killed() {
    each_python(|_, middle| {
        let full = Full::new();
        let (number, text) = proxied(middle, &full, 0.1, false);
        assert_eq!(number, i64::from(Errno::TIMEDOUT.raw_os_error()), "{text}");
        let (number, text) = proxied(middle, &full, 1e7, true);
        assert_eq!(
            number,
            i64::from(Errno::CONNABORTED.raw_os_error()),
            "{text}"
        );
        eventually("the middle is idle", LONG, || {
            middle.remote_status_timeout(LONG).unwrap().num_executing == 0
        });
    });
}
