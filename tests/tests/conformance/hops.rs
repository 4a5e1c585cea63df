//! Workers behind an ssh server that is reached through another, and behind the one of Vagrant.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use execnet_tests::again::{is_inside, repeat};
use execnet_tests::sshd::Sshd;

use super::conforms;

#[test]
fn ssh_through_a_jump_host() {
    let (jump, inner) = match (Sshd::start(), Sshd::start()) {
        (Ok(jump), Ok(inner)) => (jump, inner),
        (Err(reason), _) | (_, Err(reason)) => return println!("skipped: {reason}"),
    };
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ssh_config");
    let entry = |name: &str, sshd: &Sshd, more: &str| {
        let file = |name| sshd.client_config().with_file_name(name);
        format!(
            "Host {name}\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}\n  UserKnownHostsFile {}\n  \
             GlobalKnownHostsFile /dev/null\n  IdentitiesOnly yes\n  IdentityAgent none\n  StrictHostKeyChecking yes\n{more}",
            sshd.port(),
            file("user").display(),
            file("known").display(),
        )
    };
    let hosts = entry("jump", &jump, "")
        + &entry("inner", &inner, "")
        + &entry("behind", &inner, "  ProxyJump jump\n");
    fs::write(&path, hosts).unwrap();
    for (link, host) in [
        ("ssh with ProxyJump", "behind"),
        ("ssh -J", "-J jump inner"),
    ] {
        let (through, there) = (jump.logins(), inner.logins());
        conforms(link, format!("ssh={host}//ssh_config={}", path.display()));
        assert!(jump.logins() > through && inner.logins() > there, "{link}");
    }
}

/// What `vagrant ssh MACHINE -- WORDS` does: it runs ssh with the settings of the machine, and with these words.
const VAGRANT: &str = r#"#!/bin/sh
[ "$1" = ssh ] && [ "$2" = default ] && [ "$3" = -- ] || { echo "vagrant: unexpected: $*" >&2; exit 1; }
shift 3
exec ssh -F "$VAGRANT_SSH_CONFIG" box "$@"
"#;

#[test]
fn vagrant() {
    const TEST: &str = "hops::vagrant";
    if is_inside(TEST) {
        return conforms("vagrant (a stand-in)", "vagrant_ssh=default".to_owned());
    }
    let sshd = match Sshd::start() {
        Ok(sshd) => sshd,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("vagrant");
    fs::write(&program, VAGRANT).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let config = sshd.client_config();
    let variables = [
        ("PATH", first_in_path(place.path())),
        ("VAGRANT_SSH_CONFIG", config.into_os_string()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    repeat(TEST, &[], &variables);
    assert!(sshd.logins() > 0);
}

fn first_in_path(directory: &Path) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let rest = env::split_paths(&path);
    env::join_paths([directory.to_owned()].into_iter().chain(rest)).unwrap()
}
