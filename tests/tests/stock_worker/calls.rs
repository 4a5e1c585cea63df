//! Calls, status, execution models and threads.

use std::fs;

use execnet::serializer::Dict;
use execnet::{Gateway, Group, Value, value};
use execnet_test_support::{LONG, eventually, quiet, receive};

use super::{Case, Peer, error_of, is_at_its_end};

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
    (
        &[
            "test_gateway::test_gateway_status_simple",
            "test_gateway::test_gateway_status_no_real_channel",
        ],
        idle_status,
    ),
    (
        &[
            "test_gateway::test_gateway_status_busy",
            "test_gateway::test_status_with_threads",
        ],
        busy_status,
    ),
    (&["test_gateway::test_threads"], threads),
    (&["test_gateway::test_threads_race_sending"], threads_race),
    (&["test_info.rst"], info),
    (&["redirect_remote_output.py"], redirected_output),
    (
        &["servefiles.py, svn-sync-repo.py, sysinfo.py, hybridpython.rst"],
        large_and_binary,
    ),
];

/// What came with 2.1.
pub(super) const SINCE_2_1: &[Case] = &[
    (
        &["test_gateway::test_assert_main_thread_only"],
        main_thread_only,
    ),
    (
        &["test_gateway::test_main_thread_only_concurrent_remote_exec_deadlock"],
        main_thread_only_is_busy,
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

/// On a gateway that nothing else was done with, so that nothing ends meanwhile.
fn idle_status(peer: &Peer) {
    let group = Group::with_options(quiet());
    let gateway = group.make_gateway(peer.spec()).unwrap();
    for _ in 0..3 {
        let status = gateway.remote_status_timeout(LONG).unwrap();
        assert_eq!((status.num_executing, status.num_channels), (0, 0));
        let here = gateway.to_string();
        assert!(here.contains(" 0 active channels"), "{here}");
    }
}

fn busy_status(peer: &Peer) {
    let status = || peer.gateway.remote_status_timeout(LONG).unwrap();
    // What other cases have run may be on its way out.
    eventually("idle", LONG, || status().num_executing == 0);
    let before = status().num_channels;
    let busy = [(), ()].map(|()| peer.exec("channel.send(1)\nchannel.receive()"));
    busy.iter()
        .for_each(|channel| assert_eq!(receive(channel), value!(1)));
    assert_eq!(
        (status().num_executing, status().num_channels),
        (2, before + 2)
    );
    for channel in &busy {
        channel.send(1).unwrap();
        channel.wait_close_timeout(LONG).unwrap();
    }
    eventually("idle again", LONG, || status().num_executing == 0);
    eventually("no more channels", LONG, || status().num_channels <= before);
}

fn main_thread_only(peer: &Peer) {
    let group = Group::with_options(quiet());
    let gateway = in_main_thread(peer, &group);
    let source = "
        import threading
        channel.send(threading.current_thread() is threading.main_thread())
        ";
    for _ in 0..10 {
        let channel = gateway.remote_exec(source).unwrap();
        assert_eq!(receive(&channel), value!(true));
        channel.close();
    }
}

fn main_thread_only_is_busy(peer: &Peer) {
    let group = Group::with_options(quiet());
    let gateway = in_main_thread(peer, &group);
    let source = "channel.send(channel.receive())";
    let [first, second] = [(), ()].map(|()| gateway.remote_exec(source).unwrap());
    assert_eq!(
        error_of(&second),
        "concurrent remote_exec would cause deadlock for main_thread_only execmodel"
    );
    first.send(2).unwrap();
    assert_eq!(receive(&first), value!(2));
}

/// A worker of its own that runs all code in its main thread.
fn in_main_thread(peer: &Peer, group: &Group) -> Gateway {
    let spec = peer.spec() + "//execmodel=main_thread_only";
    group.make_gateway(spec).unwrap()
}

fn threads(peer: &Peer) {
    let [first, second] = [(), ()].map(|()| peer.exec("channel.send(channel.receive())"));
    second.send(2).unwrap();
    assert_eq!(receive(&second), value!(2));
    first.send(1).unwrap();
    assert_eq!(receive(&first), value!(1));
}

fn threads_race(peer: &Peer) {
    let channels: Vec<_> = (0..5)
        .map(|_| peer.exec("for x in range(200): channel.send(x)"))
        .collect();
    for channel in channels {
        for number in 0..200 {
            assert_eq!(receive(&channel), Value::from(number));
        }
        assert!(is_at_its_end(&channel));
    }
}

fn info(peer: &Peer) {
    let info = peer.gateway.remote_info_timeout(LONG).unwrap();
    assert_eq!(info.cwd, std::env::current_dir().unwrap().to_str().unwrap());
    let channel = peer.exec("import os; channel.send(os.getpid())");
    assert_eq!(receive(&channel), Value::from(info.pid));
    let (items, taken) = std::sync::mpsc::channel();
    let channel = peer.exec("for i in range(10): channel.send(i)");
    let callback = move |item: Option<execnet::Item>| items.send(item).unwrap();
    channel.set_callback_with_end_marker(callback).unwrap();
    channel.wait_close_timeout(LONG).unwrap();
    for number in 0..10 {
        let item = taken.recv_timeout(LONG).unwrap();
        assert_eq!(item.unwrap(), Value::from(number));
    }
    assert!(taken.recv_timeout(LONG).unwrap().is_none());
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
