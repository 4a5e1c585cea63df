//! Failures of gateways over ssh.

use core::time::Duration;
use std::net::TcpListener;
use std::process::Command;

use execnet::{BootstrapError, BootstrapErrorKind, Channel, Exit, Group, Outcome, ReceiveError};
use execnet_test_support::{LONG, eventually, is_running, receive, signal};
use execnet_tests::sshd::{Sshd, with_sshd};

use crate::Fault;
use crate::support::{failure, group_with, killed, names_sigkill, start_fails, start_fails_while};

/// What runs on the gateway.
const IDLE: &str = "channel.receive()";
const SENDING: &str = "while 1: channel.send('x' * 100000)";

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        link: "ssh",
        what: "a host accepts the connection and stays silent",
        outcome: "`BootstrapError`, kind `HostUnreachable`, after two thirds of the deadline",
        check: || {
            with_sshd(|sshd| {
                let silent = TcpListener::bind("127.0.0.1:0").unwrap();
                let spec = elsewhere(sshd, &silent);
                let error = start_fails(&spec, Duration::from_secs(6));
                assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable, "{error}");
            });
        },
    },
    Fault {
        link: "ssh",
        what: "the login succeeds, and no worker answers",
        outcome: "`BootstrapError`, kind `TimedOut`, at the deadline",
        check: || {
            with_sshd(|sshd| {
                let error = start_fails(&sshd.spec("mute"), Duration::from_secs(5));
                assert_eq!(error.kind(), BootstrapErrorKind::TimedOut);
            });
        },
    },
    Fault {
        link: "ssh",
        what: "SIGKILL of the ssh client while it connects, or during the handshake with the worker",
        outcome: "`BootstrapError`, kind `Ended`, naming SIGKILL",
        check: || {
            with_sshd(|sshd| {
                for error in client_signalled_early(sshd, "KILL", LONG) {
                    assert_eq!(error.kind(), BootstrapErrorKind::Ended, "{error}");
                    assert_eq!(error.exit().and_then(Exit::signal), Some(9), "{error}");
                }
            });
        },
    },
    Fault {
        link: "ssh",
        what: "SIGSTOP of the ssh client while it connects, or during the handshake with the worker",
        outcome: "`BootstrapError`, kind `TimedOut`, at the deadline; the client is killed",
        check: || {
            with_sshd(|sshd| {
                for error in client_signalled_early(sshd, "STOP", Duration::from_secs(4)) {
                    assert_eq!(error.kind(), BootstrapErrorKind::TimedOut, "{error}");
                }
            });
        },
    },
    Fault {
        link: "ssh",
        what: "SIGKILL of the ssh client, idle or during a transfer",
        outcome: "`Disconnected`, `WorkerExit` naming SIGKILL; the remote worker exits by itself",
        check: || {
            with_sshd(|sshd| {
                for source in [IDLE, SENDING] {
                    let there = There::new(sshd, source);
                    signal("KILL", there.client);
                    let error = failure(&there.channel);
                    assert!(names_sigkill(&error), "{error:?}");
                    eventually("the far worker has left", LONG, || {
                        !is_running(there.worker)
                    });
                }
            });
        },
    },
    Fault {
        link: "ssh",
        what: "SIGSTOP of the ssh client, idle or during a transfer, then `terminate`",
        outcome: "`Timeout` of a receive until then, `Outcome::Killed` at the deadline of `terminate`; the remote worker \
                  exits by itself",
        check: || {
            with_sshd(|sshd| {
                for source in [IDLE, SENDING] {
                    client_stopped(&There::new(sshd, source));
                }
            });
        },
    },
    Fault {
        link: "ssh",
        what: "SIGKILL of the remote worker, idle or during a transfer",
        outcome: "as for a local worker: `WorkerExit` names the signal",
        check: || {
            with_sshd(|sshd| {
                killed(&sshd.spec("box"), IDLE);
                killed(&sshd.spec("box"), SENDING);
            });
        },
    },
    Fault {
        link: "ssh",
        what: "SIGSTOP of the remote worker during a transfer, then `terminate`",
        outcome: "`Outcome::Killed` of the ssh client at the deadline of `terminate`; the remote worker stays stopped, as \
                  no signal reaches it, and exits when it is continued",
        check: || {
            with_sshd(|sshd| {
                let there = There::new(sshd, SENDING);
                signal("STOP", there.worker);
                there.end();
                signal("CONT", there.worker);
                eventually("the far worker has left", LONG, || {
                    !is_running(there.worker)
                });
            });
        },
    },
];

/// A spec for a port where somebody else listens.
fn elsewhere(sshd: &Sshd, listener: &TcpListener) -> String {
    let port = listener.local_addr().unwrap().port();
    let config = sshd.client_config();
    format!("ssh=-p {port} 127.0.0.1//ssh_config={}", config.display())
}

/// A gateway over ssh that runs something.
struct There {
    group: Group,
    channel: Channel,
    worker: i64,
    client: i64,
}

impl There {
    fn new(sshd: &Sshd, source: &str) -> Self {
        let group = group_with(LONG);
        let gateway = group.make_gateway(sshd.spec("box")).unwrap();
        let source = format!("import os\nchannel.send(os.getpid())\n{source}");
        let channel = gateway.remote_exec(&source).unwrap();
        let worker = receive(&channel).as_i64().unwrap();
        Self {
            group,
            channel,
            worker,
            client: client(sshd).unwrap(),
        }
    }

    fn end(&self) {
        let reports = self.group.terminate_timeout(Duration::from_millis(300));
        assert!(
            matches!(reports[0].outcome, Outcome::Killed(_)),
            "{reports:?}"
        );
        assert!(!is_running(self.client));
    }
}

/// The one client of this server, once there is one.
fn client(sshd: &Sshd) -> Option<i64> {
    let ours = std::process::id().to_string();
    let config = sshd.client_config();
    let found = Command::new("pgrep")
        .args(["-P", &ours, "-f", config.to_str().unwrap()])
        .output();
    String::from_utf8_lossy(&found.unwrap().stdout)
        .trim()
        .parse()
        .ok()
}

/// Why there is no gateway when the client gets this signal before anybody has answered, at both stages.
fn client_signalled_early(sshd: &Sshd, name: &str, timeout: Duration) -> [Box<BootstrapError>; 2] {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let connecting = start_fails_while(&group_with(timeout), &elsewhere(sshd, &silent), || {
        let _connected = silent.accept().unwrap();
        signal(name, client(sshd).unwrap());
    });
    let let_in = sshd.logins();
    let in_handshake = start_fails_while(&group_with(timeout), &sshd.spec("mute"), || {
        eventually("the client is let in", LONG, || sshd.logins() > let_in);
        signal(name, client(sshd).unwrap());
    });
    [connecting, in_handshake]
}

fn client_stopped(there: &There) {
    signal("STOP", there.client);
    let error = loop {
        if let Err(error) = there.channel.receive_timeout(Duration::from_millis(200)) {
            break error;
        }
    };
    assert!(matches!(error, ReceiveError::Timeout), "{error:?}");
    there.end();
    eventually("the far worker has left", LONG, || {
        !is_running(there.worker)
    });
}
