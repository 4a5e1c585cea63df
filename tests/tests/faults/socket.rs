//! Failures of workers behind sockets.

use core::time::Duration;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::Receiver;
use std::thread;

use execnet::{
    BootstrapError, BootstrapErrorKind, Group, Listen, Outcome, ReceiveError, ServerEvent,
    ServerOptions, Token,
};
use execnet_test_support::{LONG, Served, eventually, is_running, pid, quiet, receive, signal};
use execnet_tests::certificates::Certificates;
use execnet_tests::impostor::{self, Says};
use tempfile::TempDir;

use crate::Fault;
use crate::support::{failure, start_fails};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        link: "unix, TCP",
        what: "no server listens",
        outcome: "`BootstrapError`, kind `HostUnreachable`, with the error of the operating system",
        check: || {
            let unused = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap();
            for spec in ["unix=/no/such/socket".to_owned(), format!("tcp={unused}")] {
                let error = start_fails(&spec, Duration::MAX);
                assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable, "{error}");
            }
        },
    },
    Fault {
        link: "unix, TCP",
        what: "a line that is not an answer, then end of stream",
        outcome: "`BootstrapError`, kind `UnexpectedOutput`, with the output",
        check: || {
            for error in answered(Says::Hello) {
                assert_eq!(error.kind(), BootstrapErrorKind::UnexpectedOutput);
                assert_eq!(error.output().trim_end(), "hello from the impostor");
            }
        },
    },
    Fault {
        link: "unix, TCP",
        what: "endless garbage instead of the answer",
        outcome: "`BootstrapError`, kind `UnexpectedOutput`, after 1 MiB",
        check: || check_answers(Says::Babble, BootstrapErrorKind::UnexpectedOutput),
    },
    Fault {
        link: "unix, TCP",
        what: "no answer",
        outcome: "`BootstrapError`, kind `TimedOut`, at the deadline",
        check: || check_answers(Says::Nothing, BootstrapErrorKind::TimedOut),
    },
    Fault {
        link: "unix, TCP",
        what: "a malformed answer: a wrong length or a wrong value",
        outcome: "`BootstrapError`, kind `UnexpectedOutput`",
        check: || {
            check_answers(Says::WrongLength, BootstrapErrorKind::UnexpectedOutput);
            check_answers(Says::WrongValue, BootstrapErrorKind::UnexpectedOutput);
        },
    },
    Fault {
        link: "unix, TCP",
        what: "end of stream within the answer",
        outcome: "`BootstrapError`, kind `Ended`",
        check: || check_answers(Says::Half, BootstrapErrorKind::Ended),
    },
    Fault {
        link: "unix, TCP, TLS",
        what: "garbage between frames",
        outcome: "`Disconnected`; its cause is the malformed frame; the server gives the worker time to exit, then kills it",
        check: || {
            on_each_server(|spec| {
                let group = Group::with_options(quiet());
                let gateway = group.make_gateway(spec).unwrap();
                let worker = pid(&gateway);
                let source =
                    "import os\nos.write(channel.gateway._out, b'\\xff' * 64)\nchannel.receive()";
                let channel = gateway.remote_exec(source).unwrap();
                assert!(matches!(failure(&channel), ReceiveError::Disconnected(_)));
                eventually("the worker has gone", LONG, || !is_running(worker));
            });
        },
    },
    Fault {
        link: "unix, TCP, TLS",
        what: "SIGKILL of the remote worker during a transfer",
        outcome: "`Disconnected` after all complete items; a server does not report how its worker ended",
        check: || {
            on_each_server(|spec| {
                let group = Group::with_options(quiet());
                let gateway = group.make_gateway(spec).unwrap();
                let worker = pid(&gateway);
                let source = "while 1: channel.send('x' * 100000)";
                let channel = gateway.remote_exec(source).unwrap();
                let _ = receive(&channel);
                signal("KILL", worker);
                assert!(matches!(failure(&channel), ReceiveError::Disconnected(_)));
            });
        },
    },
    Fault {
        link: "unix, TCP, TLS",
        what: "SIGSTOP of the remote worker, then `terminate`",
        outcome: "`Outcome::Killed`, without a status, at the deadline of `terminate`; the server kills the worker",
        check: || {
            on_each_server(|spec| {
                let group = Group::with_options(quiet());
                let worker = pid(&group.make_gateway(spec).unwrap());
                signal("STOP", worker);
                let reports = group.terminate_timeout(Duration::from_millis(300));
                assert!(
                    matches!(reports[0].outcome, Outcome::Killed(None)),
                    "{reports:?}"
                );
                eventually("the worker has gone", LONG, || !is_running(worker));
            });
        },
    },
    Fault {
        link: "unix, TCP",
        what: "a client sends garbage to our server",
        outcome: "the client receives `execnet: refused: not a greeting of execnet's`; the next client is served",
        check: junk_for_the_server,
    },
];

/// What comes of an impostor on each kind of socket.
fn answered(says: Says) -> [Box<BootstrapError>; 2] {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let unix = UnixListener::bind(&path).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let (stream, _) = unix.accept().unwrap();
            // Refused halfway, as a rule: the client has had enough.
            let _ = impostor::speak(says, &stream, &stream);
            let _ = stream.shutdown(Shutdown::Both);
        });
        scope.spawn(move || {
            let (stream, _) = tcp.accept().unwrap();
            let _ = impostor::speak(says, &stream, &stream);
            // A close would cut what the client has not read yet: there is more of its program.
            let _ = stream.shutdown(Shutdown::Write);
            let _ = std::io::copy(&mut &stream, &mut std::io::sink());
        });
        let timeout = Duration::from_secs(if says == Says::Nothing { 1 } else { 30 });
        [format!("unix={}", path.display()), format!("tcp={address}")]
            .map(|spec| start_fails(&spec, timeout))
    })
}

fn check_answers(says: Says, kind: BootstrapErrorKind) {
    for error in answered(says) {
        assert_eq!(error.kind(), kind, "{error}");
    }
}

/// Runs a test with a spec for a server of each kind.
fn on_each_server(test: fn(&str)) {
    let directory = tempfile::tempdir().unwrap();
    let (tcp, key) = tcp(&directory);
    let certificates = Certificates::make();
    let tls = Listen::Tls {
        address: "127.0.0.1:0".parse().unwrap(),
        files: certificates.server(),
        token: None,
    };
    served(unix(&directory), |spec, _| test(spec));
    served(tcp, |spec, _| test(&format!("{spec}{key}")));
    served(tls, |spec, _| test(&certificates.spec(spec)));
}

fn unix(directory: &TempDir) -> Listen {
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    Listen::Unix(directory.path().join("socket"))
}

/// And the keys that a client's spec needs.
fn tcp(directory: &TempDir) -> (Listen, String) {
    let (file, token) = (directory.path().join("token"), Token::generate().unwrap());
    token.write_to(&file).unwrap();
    let listen = Listen::Tcp {
        address: "127.0.0.1:0".parse().unwrap(),
        token,
    };
    (listen, format!("//token_file={}", file.display()))
}

/// Runs a test with the spec of a server, and with its events.
fn served(listen: Listen, test: impl FnOnce(&str, &Receiver<ServerEvent>)) {
    // A stopped worker ends in no other way, and one that sends junk has as much time.
    let options = ServerOptions::new().with_shutdown_grace(Duration::from_millis(500));
    let served = Served::on(listen, options);
    test(&served.spec, &served.events);
}

fn junk_for_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let (tcp, key) = tcp(&directory);
    served(unix(&directory), |spec, events| {
        let path = spec.strip_prefix("unix=").unwrap();
        refused_and_still_serves(UnixStream::connect(path).unwrap(), spec, events);
    });
    served(tcp, |spec, events| {
        let address = spec.strip_prefix("tcp=").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        refused_and_still_serves(stream, &format!("{spec}{key}"), events);
    });
}

fn refused_and_still_serves(
    mut stream: impl Read + Write,
    spec: &str,
    events: &Receiver<ServerEvent>,
) {
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let event = events.recv_timeout(LONG).unwrap();
    assert!(
        matches!(&event, ServerEvent::Refused { reason, .. } if reason == "not a greeting of execnet's"),
        "{event:?}"
    );
    assert_eq!(answer, "execnet: refused: not a greeting of execnet's\n");
    pid(&Group::with_options(quiet()).make_gateway(spec).unwrap());
}
