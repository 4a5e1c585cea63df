//! Bytes and names arrive as they were sent.

use execnet::{Value, value};
use execnet_test_support::{LONG, group, receive};

use super::{double, python, rust_worker};

/// In text mode the system would change line ends, and end a file at a byte 26.
#[test]
fn no_byte_is_changed_in_either_direction() {
    let group = group();
    let gateway = group.make_gateway(python()).unwrap();
    let channel = gateway
        .remote_exec("for item in channel: channel.send(item)")
        .unwrap();
    let all: Vec<u8> = (0..=255).chain(*b"\r\n\n\r\x1a").collect();
    let large = all.repeat(20_000);
    for bytes in [all, large] {
        channel.send(Value::Bytes(bytes.clone())).unwrap();
        assert!(receive(&channel) == Value::Bytes(bytes));
    }
    for item in [
        value!("é\u{10ffff}\0"),
        value!([1, (2.5, None), {"k": true}]),
    ] {
        channel.send(&item).unwrap();
        assert_eq!(receive(&channel), item);
    }
}

#[test]
fn names_that_are_not_ascii_reach_the_worker() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("tä st");
    let spec = format!(
        "{}//chdir={}//env:GRÜN=grün ✓",
        python(),
        directory.display()
    );
    let group = group();
    let gateway = group.make_gateway(spec).unwrap();
    let source = "import os; channel.send((os.path.basename(os.getcwd()), os.environ['GRÜN']))";
    let channel = gateway.remote_exec(source).unwrap();
    assert_eq!(receive(&channel), value!(("tä st", "grün ✓")));
    // The directory is removed after this.
    group.terminate_timeout(LONG);
}

#[test]
fn what_remote_code_prints_does_not_break_the_link() {
    let group = group();
    let gateway = group.make_gateway(python()).unwrap();
    let source = "
        import os, subprocess, sys
        print('x' * 100000)
        os.write(1, b'y' * 100000)
        subprocess.call([sys.executable, '-c', 'print(1); import sys; sys.stdin.read()'])
        channel.send(1)
    ";
    let channel = gateway.remote_exec(source).unwrap();
    assert_eq!(receive(&channel), value!(1));
}

#[test]
fn a_program_in_rust_is_a_worker() {
    double(&group(), &rust_worker());
}
