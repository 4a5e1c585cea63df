//! Status, execution models and threads of stock workers.

use execnet::{Gateway, Group, Value, value};
use execnet_test_support::{LONG, eventually, quiet, receive};

use super::{Case, Peer, error_of, is_at_its_end};

pub(super) const CASES: &[Case] = &[
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
