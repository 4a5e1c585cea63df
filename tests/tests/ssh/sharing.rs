//! Gateways over ssh that share a connection.

use std::thread;

use execnet::{Group, GroupOptions};
use execnet_test_support::{LONG, eventually, group, pid, quiet};
use execnet_tests::sshd::Sshd;

use crate::with_sshd;

fn alone() -> GroupOptions {
    quiet().with_share_ssh(false)
}

#[test]
fn gateways_to_one_host_share_a_connection_that_ends_with_the_group() {
    with_sshd("sharing", |sshd| {
        let connections = |group: &Group, count: usize| {
            thread::scope(|scope| {
                for _ in 0..count {
                    scope.spawn(|| group.make_gateway(sshd.spec("box")).unwrap());
                }
            });
            assert_eq!(group.len(), count);
            sessions(sshd)
        };
        let separate = Group::with_options(alone());
        let of_separate = connections(&separate, 3);
        separate.terminate_timeout(LONG);
        eventually("all connections are closed", LONG, || sessions(sshd) == 0);
        let shared = group();
        let of_shared = connections(&shared, 3);
        assert_eq!((of_separate, of_shared), (3, 1));
        shared.terminate_timeout(LONG);
        eventually("the shared connection is closed", LONG, || {
            sessions(sshd) == 0
        });
    });
}

#[test]
fn more_gateways_than_a_connection_carries_get_connections_of_their_own() {
    // Servers allow ten sessions on a connection unless told otherwise.
    with_sshd("twelve", |sshd| {
        let group = group();
        for index in 0..12 {
            let gateway = group.make_gateway(sshd.spec("box")).unwrap();
            assert!(pid(&gateway) > 0, "{index}");
        }
        assert!((2..=3).contains(&sessions(sshd)), "{}", sessions(sshd));
    });
}

/// How many connections the server has: its children.
fn sessions(sshd: &Sshd) -> usize {
    let pid = sshd.pid().to_string();
    let output = std::process::Command::new("ps")
        .args(["-o", "pid=", "--ppid", &pid])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).lines().count()
}
