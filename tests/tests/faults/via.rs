//! Failures of gateways through a proxy.

use core::time::Duration;

use execnet::{BootstrapError, BootstrapErrorKind, Channel, Group, Outcome, ReceiveError};
use execnet_test_support::{LONG, eventually, is_running, pid, quiet, receive, signal};

use crate::Fault;
use crate::support::{failure, group_with, names_sigkill, pid_in, start_fails_while};

/// What runs on both gateways.
const IDLE: &str = "channel.receive()";
const SENDING: &str = "while 1: channel.send('x' * 100000)";

/// Enough for a handshake on a machine that has other work too.
const HANDSHAKE: Duration = Duration::from_secs(5);

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        link: "via",
        what: "SIGKILL of the intermediate gateway during the handshake of a gateway behind it",
        outcome: "`BootstrapError`, kind `Ended` or, with the link's error, `ConnectionFailed`; the remote process finds its input closed",
        check: || {
            let error = middle_gets("KILL", LONG);
            assert!(
                matches!(
                    error.kind(),
                    BootstrapErrorKind::Ended | BootstrapErrorKind::ConnectionFailed
                ),
                "{error}"
            );
        },
    },
    Fault {
        link: "via",
        what: "SIGSTOP of the intermediate gateway during the handshake of a gateway behind it",
        outcome: "`BootstrapError`, kind `TimedOut`; the remote process finds its input closed when the group ends",
        check: || {
            let error = middle_gets("STOP", HANDSHAKE);
            assert_eq!(error.kind(), BootstrapErrorKind::TimedOut, "{error}");
        },
    },
    Fault {
        link: "via",
        what: "SIGKILL of the intermediate gateway, idle or during a transfer",
        outcome: "`Disconnected` on both; the remote worker exits by itself",
        check: || {
            for source in [IDLE, SENDING] {
                let behind = Behind::new(source);
                signal("KILL", behind.middle);
                for channel in &behind.channels {
                    assert!(matches!(failure(channel), ReceiveError::Disconnected(_)));
                }
                eventually("the far worker has left", LONG, || !is_running(behind.far));
            }
        },
    },
    Fault {
        link: "via",
        what: "SIGSTOP of the intermediate gateway, idle or during a transfer, then `terminate`",
        outcome: "`Outcome::Killed`, and `Closed` or `Survived` for the remote worker, which exits by itself",
        check: || {
            for source in [IDLE, SENDING] {
                let behind = Behind::new(source);
                signal("STOP", behind.middle);
                let [middle, far] = behind.end();
                assert!(matches!(middle, Outcome::Killed(_)), "{middle:?}");
                let out_of_reach = matches!(far, Outcome::Closed | Outcome::Survived);
                assert!(out_of_reach, "{far:?}");
                eventually("both are gone", LONG, || {
                    !is_running(behind.middle) && !is_running(behind.far)
                });
            }
        },
    },
    Fault {
        link: "via",
        what: "SIGKILL of the remote worker during a transfer",
        outcome: "as for a local worker: `WorkerExit` names the signal; the intermediate gateway stays usable",
        check: || {
            let behind = Behind::new(SENDING);
            signal("KILL", behind.far);
            let error = failure(&behind.channels[1]);
            assert!(names_sigkill(&error), "{error:?}");
            let middle = behind.group.get("middle").unwrap();
            assert_eq!(pid(&middle), behind.middle);
        },
    },
    Fault {
        link: "via",
        what: "SIGSTOP of the remote worker during a transfer, then `terminate`",
        outcome: "`Outcome::Killed` for the remote worker at the deadline of `terminate`, through the intermediate gateway",
        check: || {
            let behind = Behind::new(SENDING);
            signal("STOP", behind.far);
            let outcomes = behind.end();
            assert!(matches!(outcomes[1], Outcome::Killed(_)), "{outcomes:?}");
            assert!(!is_running(behind.far));
        },
    },
];

/// A group of two, of which one is behind the other.
struct Behind {
    group: Group,
    middle: i64,
    far: i64,
    /// Of the middle one, then of the other.
    channels: [Channel; 2],
}

impl Behind {
    /// Runs this on both.
    fn new(source: &str) -> Self {
        let group = Group::with_options(quiet());
        let middle = group.make_gateway("popen//id=middle").unwrap();
        let far = group.make_gateway("popen//via=middle").unwrap();
        let channels = [&middle, &far].map(|gateway| {
            let source = format!("channel.send(0)\n{source}");
            let channel = gateway.remote_exec(&source).unwrap();
            let _ = receive(&channel);
            channel
        });
        let pids = [&middle, &far].map(pid);
        Self {
            group,
            middle: pids[0],
            far: pids[1],
            channels,
        }
    }

    fn end(&self) -> [Outcome; 2] {
        let reports = self.group.terminate_timeout(Duration::from_millis(300));
        let outcomes: Vec<Outcome> = reports.into_iter().map(|report| report.outcome).collect();
        outcomes.try_into().unwrap()
    }
}

/// The middle gets a signal while something behind it takes the program and does not answer: why there is no gateway
/// within `timeout`.
fn middle_gets(name: &str, timeout: Duration) -> Box<BootstrapError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let group = group_with(timeout);
    let middle = pid(&group.make_gateway("popen//id=middle").unwrap());
    let spec = format!(
        "popen//via=middle//python=sh -c 'head -c 9 > /dev/null; echo $$ > {}; cat > /dev/null'",
        file.display()
    );
    let mut far = 0;
    let error = start_fails_while(&group, &spec, || {
        far = pid_in(&file);
        signal(name, middle);
    });
    drop(group);
    eventually("both are gone", LONG, || {
        !is_running(middle) && !is_running(far)
    });
    error
}
