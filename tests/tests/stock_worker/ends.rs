//! How gateways to stock workers end.

use std::sync::mpsc;

use execnet::serializer::Dict;
use execnet::{
    Channel, Group, MemberError, MultiChannel, Outcome, ReceiveError, Stderr, Value,
    WaitCloseError, value,
};
use execnet_test_support::{LONG, eventually, is_running, quiet, receive, signal};

use super::{Case, Peer};

pub(super) const CASES: &[Case] = &[
    (
        &[
            "test_termination::test_termination_on_remote_channel_receive",
            "test_termination::test_close_initiating_remote_no_error",
        ],
        terminated_while_waiting,
    ),
    (
        &[
            "test_termination::test_endmarker_delivery_on_remote_killterm",
            "test_gateway::test_waitclose_on_remote_killed",
        ],
        killed,
    ),
    (
        &[
            "test_multi::test_remote_exec_args",
            "test_multi::test_multichannel_send_each",
            "test_multi::test_multichannel_receive_queue_for_two_subprocesses",
            "taskserver.py / popen_read_multiple.py",
        ],
        several,
    ),
];

const PID: &str = "import os; channel.send(os.getpid())";

fn terminated_while_waiting(peer: &Peer) {
    let (line, printed) = mpsc::channel();
    let stderr = Stderr::callback(move |_, text| drop(line.send(text.to_owned())));
    let group = Group::with_options(quiet().with_stderr(stderr));
    let gateway = group.make_gateway(peer.spec()).unwrap();
    let pid = receive(&gateway.remote_exec(PID).unwrap())
        .as_i64()
        .unwrap();
    let waiting = [(), ()].map(|()| gateway.remote_exec("channel.send(1)\nchannel.receive()"));
    let waiting = waiting.map(Result::unwrap);
    waiting
        .iter()
        .for_each(|channel| assert_eq!(receive(channel), value!(1)));
    let reports = group.terminate_timeout(LONG);
    assert!(
        matches!(reports[0].outcome, Outcome::Exited(_)),
        "{reports:?}"
    );
    eventually("the worker is gone", LONG, || !is_running(pid));
    // All of its standard error has come when the gateway has ended.
    assert!(gateway.join_timeout(LONG));
    drop((gateway, group));
    assert_eq!(printed.try_iter().collect::<Vec<_>>(), [""; 0]);
}

fn killed(peer: &Peer) {
    let group = Group::with_options(quiet());
    let gateway = group.make_gateway(peer.spec()).unwrap();
    let pid = receive(&gateway.remote_exec(PID).unwrap())
        .as_i64()
        .unwrap();
    let channel = gateway.remote_exec("channel.receive()").unwrap();
    let other = gateway.remote_exec("channel.receive()").unwrap();
    signal("TERM", pid);
    let Err(WaitCloseError::Disconnected(error)) = channel.wait_close_timeout(LONG) else {
        panic!("no end")
    };
    let cause = error.cause().unwrap().to_string();
    assert!(cause.contains("SIGTERM"), "{cause}");
    assert!(channel.send(1).is_err());
    assert!(matches!(
        channel.receive_timeout(LONG),
        Err(ReceiveError::Disconnected(_))
    ));
    let (items, taken) = mpsc::channel();
    let callback = move |item: Option<execnet::Item>| items.send(item.is_none()).unwrap();
    other.set_callback_with_end_marker(callback).unwrap();
    assert!(taken.recv_timeout(LONG).unwrap());
}

fn several(peer: &Peer) {
    let group = Group::with_options(quiet());
    for made in group.make_gateways([peer.spec(), peer.spec()]) {
        made.unwrap();
    }
    let all = |made: Vec<Result<Channel, MemberError>>| -> MultiChannel {
        made.into_iter().flatten().collect()
    };
    let kwargs: Dict = [("arg".into(), 1.into())].into_iter().collect();
    let function = "def f(channel, arg):\n    channel.send(channel.receive() + arg)\n";
    let channels = all(group.remote_exec_function(function, "f", &kwargs));
    assert_eq!(channels.len(), 2);
    channels.send_each(41).unwrap();
    let answers = channels.receive_each().into_iter();
    let answers: Vec<Value> = answers.map(|answer| answer.unwrap().into_value()).collect();
    assert_eq!(answers, [value!(42), value!(42)]);
    let channels = all(group.remote_exec(PID));
    let queue = channels.make_receive_queue_with_end_markers().unwrap();
    let pairs = (0..4).map(|_| queue.receive_timeout(LONG).unwrap());
    let mut pids: Vec<Value> = pairs
        .filter_map(|(_, item)| item)
        .map(execnet::Item::into_value)
        .collect();
    pids.dedup();
    assert_eq!(pids.len(), 2);
    channels.wait_close_timeout(LONG).unwrap();
}
