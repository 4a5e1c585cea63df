//! Paths that are not UTF-8, in specs.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::fmt::Write as _;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use execnet::{Gateway, MakeGatewayError, ServerOptions, SpecError, XSpec, value};
use execnet_test_support::{LONG, Served, each_python, group, private_directory, pythons, receive};

/// Makes a directory whose name is not UTF-8.
fn odd_directory(place: &Path) -> PathBuf {
    let directory = place.join(OsStr::from_bytes(b"odd \xff"));
    fs::create_dir(&directory).unwrap();
    directory
}

/// A value of `python=` for a link to this interpreter.
fn link_to(python: &Path, directory: &Path) -> OsString {
    let link = directory.join("python");
    symlink(python, &link).unwrap();
    let mut words = OsString::from("'");
    words.push(link);
    words.push("'");
    words
}

/// The working directory, in hexadecimal digits.
fn directory_of(gateway: &Gateway) -> String {
    let source = "
        import binascii, os
        name = getattr(os, 'getcwdb', os.getcwd)()
        channel.send(binascii.hexlify(name).decode('ascii'))
    ";
    let digits = receive(&gateway.remote_exec(source).unwrap());
    digits.as_str().unwrap().to_owned()
}

fn hexadecimal(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes().iter();
    bytes.fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    })
}

#[test]
fn an_interpreter_and_a_directory_may_have_any_name() {
    each_python(|python, _| {
        let place = tempfile::tempdir().unwrap();
        let directory = odd_directory(&fs::canonicalize(place.path()).unwrap());
        let group = group();
        let words = link_to(&python.path, &directory);
        let spec = XSpec::popen().python(words).chdir(&directory);
        let gateway = group.make_gateway(&spec).unwrap();
        assert_eq!(directory_of(&gateway), hexadecimal(&directory));
        assert!(gateway.spec().contains("odd \u{fffd}"), "{gateway:?}");
        let info = gateway.remote_info_timeout(LONG).unwrap();
        // Python 2 has bytes there, which are read as Latin-1.
        let shown = if python.is_2() { "odd \u{ff}" } else { "odd ?" };
        assert!(info.cwd.ends_with(shown), "{info}");
        group.terminate_timeout(LONG);
    });
}

#[test]
fn a_directory_is_made_whatever_its_name_is() {
    let place = tempfile::tempdir().unwrap();
    let directory = odd_directory(&fs::canonicalize(place.path()).unwrap());
    let new = directory.join(OsStr::from_bytes(b"\xfe"));
    let group = group();
    let spec = XSpec::popen().chdir(&new);
    let gateway = group.make_gateway(spec).unwrap();
    assert_eq!(directory_of(&gateway), hexadecimal(&new));
    group.terminate_timeout(LONG);
}

#[test]
fn a_token_is_read_from_any_file() {
    let served = Served::tcp(ServerOptions::new());
    let spec: XSpec = served.spec.parse().unwrap();
    let place = private_directory();
    let file = odd_directory(place.path()).join("token");
    fs::copy(spec.get("token_file").unwrap(), &file).unwrap();
    let group = group();
    let gateway = group
        .make_gateway(spec.set_os("token_file", &file))
        .unwrap();
    let channel = gateway.remote_exec("channel.send(1)").unwrap();
    assert_eq!(receive(&channel), value!(1));
    group.terminate_timeout(LONG);
}

#[test]
fn what_another_machine_would_get_as_text_is_refused() {
    let group = group();
    let python = pythons().last().unwrap();
    group.make_gateway(python.spec() + "//id=a").unwrap();
    let odd = OsStr::from_bytes(b"/\xff");
    for (spec, key) in [
        (XSpec::popen().via("a").chdir(odd), "chdir"),
        (XSpec::popen().flag("sudo").python(odd), "python"),
        (XSpec::ssh("h").python(odd), "python"),
        (
            XSpec::ssh("h").via("a").set_os("ssh_config", odd),
            "ssh_config",
        ),
        (XSpec::popen().set_os("id", odd), "id"),
        (XSpec::with_transport("cmd", "env").chdir(odd), "chdir"),
    ] {
        match group.make_gateway(&spec) {
            Err(MakeGatewayError::Spec(SpecError::NotUtf8(refused))) => {
                assert_eq!(refused, key, "{spec}");
            }
            other => panic!("{spec}: {other:?}"),
        }
    }
    group.terminate_timeout(LONG);
}
