//! Workers that run as another user, with and without a password.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use execnet::{AskPass, BootstrapError, BootstrapErrorKind, Group, GroupOptions, MakeGatewayError};
use execnet_test_support::{find, is_running, quiet, receive};
use execnet_tests::accounts::{AS_TESTER, OTHER, PASSWORD, TESTER, with_accounts};
use execnet_tests::sshd::Sshd;

use super::conforms_with;

/// The accounts have no other one.
const PYTHON: &str = "python=/usr/bin/python3";

#[test]
fn accounts() {
    with_accounts("accounts::accounts", || {
        if has("sudo") {
            password_of_sudo();
            sudo_without_a_password();
        }
        password_of_su();
        if has("doas") {
            conforms_with(
                "doas",
                quiet(),
                None,
                local(&format!("doas={OTHER}")),
                is_running,
            );
        }
        over_ssh();
        a_program_gives_the_password();
        the_password_is_nowhere();
    });
}

fn has(program: &str) -> bool {
    let found = find(program).is_some();
    if !found {
        println!("skipped: {program}: it is not installed");
    }
    found
}

/// A spec for a command of the user who may become others.
fn local(keys: &str) -> String {
    format!("cmd={AS_TESTER}//{keys}//{PYTHON}")
}

/// Options with this password, and how often it was asked for.
fn with_password(password: &'static str) -> (GroupOptions, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let askpass = AskPass::callback(move |_id, prompt| {
        assert!(prompt.ends_with(':'), "{prompt}");
        count.fetch_add(1, Ordering::SeqCst);
        Some(password.to_owned())
    });
    (quiet().with_askpass(askpass), asked)
}

fn start_fails(options: GroupOptions, spec: &str) -> Box<BootstrapError> {
    match Group::with_options(options).make_gateway(spec) {
        Err(MakeGatewayError::Bootstrap(error)) => {
            println!("{error}");
            error
        }
        other => panic!("{spec}: {other:?}"),
    }
}

fn password_of_sudo() {
    for (link, keys) in [
        ("sudo with a password", format!("sudo={OTHER}")),
        (
            "sudo to root with a password",
            "sudo//chdir=/tmp//env:A=b".to_owned(),
        ),
    ] {
        let (options, asked) = with_password(PASSWORD);
        conforms_with(link, options, None, local(&keys), is_running);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{link}");
    }
    let (options, asked) = with_password(PASSWORD);
    let middle = Some("popen".to_owned());
    let spec = local("sudo") + "//via=middle";
    conforms_with(
        "sudo with a password via popen",
        options,
        middle,
        spec,
        is_running,
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

fn sudo_without_a_password() {
    let error = start_fails(quiet(), &local("sudo"));
    assert_eq!(error.kind(), BootstrapErrorKind::AuthenticationRefused);
    // Root is not asked, and what nobody asks for is not sent.
    let (options, asked) = with_password(PASSWORD);
    conforms_with(
        "sudo of root",
        options,
        None,
        format!("popen//sudo={OTHER}//{PYTHON}"),
        is_running,
    );
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let (options, asked) = with_password("wrong");
    let error = start_fails(options, &local("sudo"));
    assert_eq!(error.kind(), BootstrapErrorKind::AuthenticationRefused);
    assert!(
        error.to_string().contains("the password is wrong"),
        "{error}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

fn password_of_su() {
    let (options, asked) = with_password(PASSWORD);
    conforms_with(
        "su with a password",
        options,
        None,
        local(&format!("su={OTHER}")),
        is_running,
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    for (options, text) in [
        (quiet(), "a password is required"),
        (with_password("wrong").0, "authentication was refused"),
    ] {
        let error = start_fails(options, &local(&format!("su={OTHER}")));
        assert_eq!(error.kind(), BootstrapErrorKind::AuthenticationRefused);
        assert!(error.to_string().contains(text), "{error}");
    }
    conforms_with(
        "su of root",
        quiet(),
        None,
        format!("popen//su={OTHER}//{PYTHON}"),
        is_running,
    );
}

fn over_ssh() {
    let sshd = match Sshd::start() {
        Ok(sshd) => sshd,
        Err(reason) => return println!("skipped: {reason}"),
    };
    // The server reads the keys of an account as that account.
    let directory = sshd.client_config();
    let directory = directory.parent().unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    let spec = |keys: &str| {
        format!(
            "{}//{keys}//{PYTHON}",
            sshd.spec(&format!("-l {TESTER} box"))
        )
    };
    let su = format!("su={OTHER}");
    for (link, keys) in [
        ("sudo with a password over ssh", "sudo"),
        ("su with a password over ssh", &su),
    ] {
        if keys == "sudo" && !has("sudo") {
            continue;
        }
        let (options, asked) = with_password(PASSWORD);
        conforms_with(link, options, None, spec(keys), is_running);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{link}");
    }
    if has("doas") {
        let spec = spec(&format!("doas={OTHER}"));
        conforms_with("doas over ssh", quiet(), None, spec, is_running);
    }
}

fn a_program_gives_the_password() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("askpass");
    let write = |text: &str| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let spec = local(&format!("su={OTHER}"));
    let options = || quiet().with_askpass(AskPass::program(&path));
    write(&format!("#!/bin/sh\necho '{PASSWORD}'\n"));
    drop(Group::with_options(options()).make_gateway(&*spec).unwrap());
    write("#!/bin/sh\nexit 1\n");
    let error = start_fails(options(), &spec);
    assert!(
        error.to_string().contains("no password was given"),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    let error = start_fails(options(), &spec);
    assert!(error.to_string().contains("the askpass program"), "{error}");
}

/// Every user of a machine can read the command lines there, and a user those of the environments of its processes.
fn the_password_is_nowhere() {
    let (options, _) = with_password(PASSWORD);
    let group = Group::with_options(options);
    let gateway = group.make_gateway(local(&format!("su={OTHER}"))).unwrap();
    let channel = gateway.remote_exec("import os; channel.send(os.getpid()); channel.receive()");
    let channel = channel.unwrap();
    let worker = receive(&channel).as_i64().unwrap();
    assert!(is_running(worker));
    for process in fs::read_dir("/proc").unwrap().flatten() {
        for name in ["cmdline", "environ"] {
            let bytes = fs::read(process.path().join(name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            assert!(
                !text.contains(PASSWORD),
                "{:?}, {name}: {text}",
                process.path()
            );
        }
    }
}
