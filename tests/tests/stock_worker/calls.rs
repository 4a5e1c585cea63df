//! Code that a stock worker runs: as source, as a module, as a function; what it prints and sends.

use std::fs;

use execnet::serializer::Dict;
use execnet::{Value, value};
use execnet_test_support::{LONG, receive};

use super::{Case, Peer, error_of};

pub(super) const CASES: &[Case] = &[
    (&["test_gateway::test_attribute__name__"], attribute_name),
    (
        &["test_gateway::test_remote_exec_module_is_removed"],
        module_is_removed,
    ),
    (
        &["test_gateway::test_remote_exec_module_with_traceback"],
        module_with_traceback,
    ),
    (
        &[
            "test_gateway::test_remote_exec_waitclose",
            "test_gateway::test_remote_exec_channel_anonymous",
        ],
        waitclose,
    ),
    (
        &["test_gateway::test_remote_exec_no_explicit_close"],
        no_explicit_close,
    ),
    (
        &[
            "test_basics::test_remote_exec_function_with_kwargs",
            "funcmultiplier.py",
        ],
        function_with_kwargs,
    ),
    (&["test_gateway::test_receive_on_remote_sysexit"], sysexit),
    (
        &[
            "test_gateway::test_confusion_from_os_write_stdout",
            "test_gateway::test_confusion_from_os_write_stderr",
            "test_basics::test_stdouterrin_setnull",
        ],
        printing,
    ),
    (&["redirect_remote_output.py"], redirected_output),
    (
        &["servefiles.py, svn-sync-repo.py, sysinfo.py, hybridpython.rst"],
        large_and_binary,
    ),
];

fn attribute_name(peer: &Peer) {
    let channel = peer.exec("channel.send(__name__)");
    assert_eq!(receive(&channel), value!("__channelexec__"));
}

const MODULE: &str = "
def run_me(channel):
    raise ValueError('me')

if __name__ == '__channelexec__':
    for item in channel:
        channel.send(item == 'remote()')
        if item == 'fail': run_me(channel)
";

fn module_is_removed(peer: &Peer) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("remotetest.py");
    fs::write(&file, MODULE).unwrap();
    let source = fs::read_to_string(&file).unwrap();
    drop(place);
    let channel = peer
        .gateway
        .remote_exec_module(&source, file.to_str().unwrap());
    let channel = channel.unwrap();
    channel.send("remote()").unwrap();
    assert_eq!(receive(&channel), value!(true));
    channel.close();
}

fn module_with_traceback(peer: &Peer) {
    let channel = peer
        .gateway
        .remote_exec_module(MODULE, "/far/remotetest.py")
        .unwrap();
    channel.send("fail").unwrap();
    assert_eq!(receive(&channel), value!(false));
    let text = error_of(&channel);
    for part in ["remotetest.py", "line 3", "run_me", "ValueError: me"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

fn waitclose(peer: &Peer) {
    peer.exec("pass").wait_close_timeout(LONG).unwrap();
    let channel = peer.exec("channel.send(channel.receive())");
    channel.send(42).unwrap();
    channel.wait_close().unwrap();
    assert_eq!(receive(&channel), value!(42));
}

fn no_explicit_close(peer: &Peer) {
    assert!(error_of(&peer.exec("channel.close()")).contains("explicit"));
}

fn function_with_kwargs(peer: &Peer) {
    let source = "def f(channel, factor):\n    for item in channel: channel.send(item * factor)\n";
    let kwargs: Dict = [(Value::from("factor"), Value::from(10))]
        .into_iter()
        .collect();
    let channel = peer
        .gateway
        .remote_exec_function(source, "f", &kwargs)
        .unwrap();
    for number in 0..10 {
        channel.send(number).unwrap();
        assert_eq!(receive(&channel), Value::from(number * 10));
    }
    channel.close();
}

fn sysexit(peer: &Peer) {
    assert!(error_of(&peer.exec("raise SystemExit(3)")).contains("SystemExit"));
    let channel = peer.exec("channel.send(1)");
    assert_eq!(receive(&channel), value!(1));
}

fn printing(peer: &Peer) {
    let channel = peer.exec(
        "
        import os, sys
        os.write(1, b'confusion!')
        os.write(2, b'confusion!')
        print('x' * 1000)
        channel.send(len(sys.stdin.read()))
        channel.send(channel.receive() * 6)
        ",
    );
    assert_eq!(receive(&channel), value!(0));
    channel.send(3).unwrap();
    assert_eq!(receive(&channel), value!(18));
}

fn redirected_output(peer: &Peer) {
    let output = peer.gateway.new_channel().unwrap();
    let channel = peer.exec(
        "
        import sys
        sys.stdout = channel.receive().makefile('w')
        print('hello world')
        sys.stdout = sys.__stdout__
        ",
    );
    channel.send(&output).unwrap();
    let mut text = String::new();
    while !text.ends_with('\n') {
        text += receive(&output).as_str().unwrap();
    }
    assert_eq!(text, "hello world\n");
}

fn large_and_binary(peer: &Peer) {
    let channel = peer.exec("for item in channel: channel.send((len(item), item))");
    // A str of Python 2 comes back as a text, which every byte is a character of.
    let piece: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 127) as u8).collect();
    for _ in 0..2 {
        channel.send(Value::Bytes(piece.clone())).unwrap();
        let back = match peer.python_2() {
            true => Value::from(String::from_utf8(piece.clone()).unwrap()),
            false => Value::Bytes(piece.clone()),
        };
        assert!(receive(&channel) == Value::Tuple(vec![piece.len().into(), back]));
    }
    channel.close();
}
