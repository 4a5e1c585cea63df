//! A network that is cut between the controller and the worker, of which neither is notified.

use core::net::SocketAddr;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use execnet::{
    BootstrapErrorKind, Channel, Exit, Group, Listen, ReceiveError, SendError, Server,
    ServerOptions, Value, WorkerExit,
};
use execnet_test_support::{LONG, eventually, quiet, receive};
use execnet_tests::certificates::Certificates;
use execnet_tests::namespace::Namespace;
use execnet_tests::sshd::Sshd;

use crate::Fault;
use crate::support::{failure, group_with, start_fails, start_fails_while};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        link: "ssh",
        what: "the network is cut before the host is reached",
        outcome: "`BootstrapError`, kind `HostUnreachable`, after two thirds of the deadline at most",
        check: || {
            over_ssh(|sshd, network| {
                network.connect(false);
                let error = start_fails(&sshd.spec("box"), Duration::from_secs(6));
                assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable, "{error}");
            });
        },
    },
    Fault {
        link: "ssh",
        what: "the network is cut during the handshake with the worker",
        outcome: "`BootstrapError`, kind `HostUnreachable`, after 30 seconds (2 in this test), or `TimedOut` if the \
                  deadline is earlier",
        check: || {
            over_ssh(|sshd, network| {
                let group = group_with(LONG);
                let error = start_fails_while(&group, &impatient(sshd, "mute"), || {
                    eventually("the client is let in", LONG, || sshd.logins() > 0);
                    network.connect(false);
                });
                assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable, "{error}");
            });
        },
    },
    Fault {
        link: "ssh",
        what: "the network is cut during a transfer",
        outcome: "`Disconnected` after 30 seconds (2 in this test), `WorkerExit` with ssh's status 255, and the message of ssh \
                  unless the connection is shared",
        check: || {
            for share in [true, false] {
                over_ssh(|sshd, network| {
                    cut_under_ssh(&impatient(sshd, "box"), share, network);
                });
            }
        },
    },
    Fault {
        link: "TLS",
        what: "the network is cut before the host is reached",
        outcome: "`BootstrapError`, kind `HostUnreachable`, at the deadline at the latest",
        check: || {
            over_tls(|spec, network| {
                network.connect(false);
                let error = start_fails(spec, Duration::from_secs(2));
                assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable, "{error}");
            });
        },
    },
    Fault {
        link: "TLS",
        what: "the network is cut during transfers in both directions",
        outcome: "`Disconnected` of the receive, and of the blocked send, after 60 seconds, or the time of `keepalive=` (6 in this test)",
        check: || over_tls(|spec, network| cut_both_ways(&format!("{spec}//keepalive=6"), network)),
    },
    Fault {
        link: "TLS",
        what: "the network is cut for one second during a transfer",
        outcome: "no error: all items arrive",
        check: || over_tls(cut_for_a_second),
    },
];

fn in_namespace(test: impl FnOnce(&Namespace)) {
    match Namespace::make() {
        Ok(network) => test(&network),
        Err(reason) => println!("skipped: {reason}"),
    }
}

fn over_ssh(test: impl FnOnce(&Sshd, &Namespace)) {
    in_namespace(|network| match Sshd::start_in(network) {
        Ok(sshd) => test(&sshd, network),
        Err(reason) => println!("skipped: {reason}"),
    });
}

/// A spec that takes a silence of two seconds for an end.
fn impatient(sshd: &Sshd, host: &str) -> String {
    let options = "-o ServerAliveInterval=1 -o ServerAliveCountMax=2";
    sshd.spec(host)
        .replacen("ssh=", &format!("ssh={options} "), 1)
}

/// Runs a test with a spec for a server over there.
fn over_tls(test: impl FnOnce(&str, &Namespace)) {
    in_namespace(|network| {
        let address = network.address();
        let certificates = Certificates::make_for(&address.to_string());
        let listen = Listen::Tls {
            address: SocketAddr::new(address, 0),
            files: certificates.server(),
            token: None,
        };
        let server = network.inside(|| Server::bind(listen, ServerOptions::new()).unwrap());
        let (spec, stop) = (certificates.spec(&server.spec()), server.stop_handle());
        thread::scope(|scope| {
            scope.spawn(|| network.inside(|| server.run()));
            test(&spec, network);
            stop.stop();
        });
    });
}

fn cut_under_ssh(spec: &str, share: bool, network: &Namespace) {
    let options = quiet().with_share_ssh(share);
    let group = Group::with_options(options);
    let channel = sending(&group, spec);
    network.connect(false);
    let ReceiveError::Disconnected(lost) = failure(&channel) else {
        panic!("another error");
    };
    let exit: &WorkerExit = lost.cause().and_then(|cause| cause.downcast_ref()).unwrap();
    assert_eq!(exit.exit().and_then(Exit::code), Some(255), "{exit}");
    let says = |text| exit.stderr().contains(text);
    assert!(
        share || says("not responding") || says("timed out"),
        "{exit}"
    );
}

/// A channel whose other end sends without end.
fn sending(group: &Group, spec: &str) -> Channel {
    let gateway = group.make_gateway(spec).unwrap();
    let channel = gateway
        .remote_exec("while 1: channel.send('x' * 100000)")
        .unwrap();
    let _ = receive(&channel);
    channel
}

fn cut_both_ways(spec: &str, network: &Namespace) {
    let group = Group::with_options(quiet());
    let channel = sending(&group, spec);
    let deaf = group
        .make_gateway(spec)
        .unwrap()
        .remote_exec("import time; time.sleep(1000)");
    let deaf = deaf.unwrap();
    network.connect(false);
    let began = Instant::now();
    let send = || loop {
        if let Err(error) = deaf.send(Value::Bytes(vec![0; 1 << 20])) {
            return error;
        }
    };
    thread::scope(|scope| {
        let sender = scope.spawn(send);
        assert!(matches!(failure(&channel), ReceiveError::Disconnected(_)));
        let error = sender.join().unwrap();
        assert!(matches!(error, SendError::Disconnected(_)), "{error:?}");
    });
    println!("a cut network shows after {:?}", began.elapsed());
}

fn cut_for_a_second(spec: &str, network: &Namespace) {
    const ITEMS: i64 = 1000;
    let group = Group::with_options(quiet());
    let gateway = group.make_gateway(spec).unwrap();
    let source = format!("for n in range({ITEMS}): channel.send((n, 'x' * 100000))");
    let channel = gateway.remote_exec(&source).unwrap();
    for n in 0..ITEMS {
        if n == 10 {
            network.connect(false);
            thread::sleep(Duration::from_secs(1));
            network.connect(true);
        }
        let item = receive(&channel);
        assert!(matches!(item, Value::Tuple(pair) if pair[0] == n));
    }
}
