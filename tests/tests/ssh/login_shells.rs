//! Gateways over ssh to accounts with different login shells.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use execnet::{Group, Value};
use execnet_test_support::{find, quiet, receive};
use execnet_tests::sshd::login_shells;

use crate::with_sshd;

/// What one shell or another treats in a way of its own.
const ODD: &str = "a b'c\"d$HOME`id`e\\f\\\\g!h!!é#~*?[x]{y,z};&|<>(%)^=\tq";

/// Makes the gateway and receives what this code sends.
fn answer(spec: &str, source: &str) -> Value {
    let group = Group::with_options(quiet());
    let gateway = group
        .make_gateway(spec)
        .unwrap_or_else(|error| panic!("{spec}: {error}"));
    receive(&gateway.remote_exec(source).unwrap())
}

/// A path for `python=`, as a shell reads it.
fn interpreter(directory: &Path) -> String {
    let python = fs::canonicalize(find("python3").unwrap()).unwrap();
    let link = directory.join("python3");
    symlink(python, &link).unwrap();
    shlex::try_quote(link.to_str().unwrap())
        .unwrap()
        .into_owned()
}

#[test]
fn every_login_shell_passes_interpreter_directory_and_variables_on_unchanged() {
    with_sshd("login shells", |sshd| {
        let place = tempfile::tempdir().unwrap();
        let place = fs::canonicalize(place.path()).unwrap();
        // A spec's value cannot hold two slashes in a row, nor can a directory's name hold one.
        let directory = place.join(ODD);
        fs::create_dir_all(&directory).unwrap();
        let python = interpreter(&directory);
        for shell in login_shells() {
            let keys = format!(
                "//python={python}//chdir={}//env:ODD={ODD}\nsecond line",
                directory.display()
            );
            let source = "import os; channel.send([os.getcwd(), os.environ['ODD']])";
            let expected = [
                directory.to_str().unwrap().into(),
                format!("{ODD}\nsecond line").into(),
            ];
            let answer = answer(&(sshd.spec_in_shell(shell) + &keys), source);
            assert_eq!(answer, Value::List(expected.to_vec()), "{shell}");
        }
    });
}

#[test]
fn the_interpreter_is_expanded_by_the_remote_shell() {
    with_sshd("python= as a shell text", |sshd| {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        fs::create_dir_all(home.join("venv/bin")).unwrap();
        interpreter(&home.join("venv/bin"));
        fs::write(home.join("vars"), "export MARK=sourced\n").unwrap();
        let shell = format!("env HOME={} sh", home.display());
        for (python, mark) in [
            ("~/venv/bin/python3", "none"),
            ("$HOME/venv/bin/python3", "none"),
            ("MARK=set python3", "set"),
            (". ~/vars; python3", "sourced"),
            ("cd ~/venv && bin/python3 -X dev", "none"),
        ] {
            let spec = sshd.spec_in_shell(&shell) + "//python=" + python;
            let source = "import os; channel.send(os.environ.get('MARK', 'none'))";
            assert_eq!(answer(&spec, source), Value::from(mark), "{python}");
        }
        let spec = sshd.spec_in_shell(&shell) + "//chdir=~/new";
        let expected = fs::canonicalize(home).unwrap().join("new");
        assert_eq!(
            answer(&spec, "import os; channel.send(os.getcwd())"),
            Value::from(expected.to_str().unwrap())
        );
    });
}

/// Every user of a machine can read the command lines there.
#[cfg(target_os = "linux")]
#[test]
fn values_of_variables_are_on_no_command_line() {
    with_sshd("variables and ps", |sshd| {
        let secret = "s3cret-0f-th1s-test";
        let spec = sshd.spec("box") + "//env:TOKEN=" + secret;
        let source = "
            import glob, os
            found = []
            for path in glob.glob('/proc/[0-9]*/cmdline'):
                try:
                    with open(path, 'rb') as file:
                        line = file.read()
                except OSError:
                    continue
                if os.environ['TOKEN'].encode() in line:
                    found.append(line.decode())
            channel.send(found)
        ";
        assert_eq!(answer(&spec, source), Value::List(Vec::new()));
    });
}

#[test]
fn the_configuration_of_a_host_does_not_break_the_link() {
    with_sshd("hostile ssh_config", |sshd| {
        let path = sshd.client_config().with_file_name("taken");
        let options = "Host box\n  RemoteCommand false\n  RequestTTY no\n  SessionType none\n  \
                       StdinNull yes\n  ForkAfterAuthentication yes\nHost *\n  Include ";
        fs::write(
            &path,
            format!("{options}{}\n", sshd.client_config().display()),
        )
        .unwrap();
        let spec = format!("ssh=box//ssh_config={}", path.display());
        assert_eq!(answer(&spec, "channel.send(1)"), Value::from(1));
    });
}
