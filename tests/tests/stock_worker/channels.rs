//! Channels of stock workers, also as files and with callbacks.

use std::io::Write as _;
use std::sync::mpsc;

use execnet::{Item, SendError, Value, WaitCloseError, value};
use execnet_test_support::{LONG, eventually, receive};

use super::{Case, Peer, error_of, is_at_its_end};

pub(super) const CASES: &[Case] = &[
    (&["test_basics::test_factory_create"], ids),
    (&["test_channel::test_serialize_error"], serialize_error),
    (
        &[
            "test_channel::test_channel_close_and_then_receive_error",
            "test_channel::test_channel_close_and_then_receive_error_multiple",
            "test_basics::test_geterrortext",
            "test_basics::test_exectask",
        ],
        error_after_item,
    ),
    (
        &["test_channel::test_channel_finish_and_then_EOFError"],
        finish,
    ),
    (
        &["test_channel::test_channel_error_reporting"],
        error_reporting,
    ),
    (&["test_channel::test_channel_syntax_error"], syntax_error),
    (
        &["test_channel::test_channel_pass_in_structure"],
        pass_in_structure,
    ),
    (&["test_channel::test_channel_multipass"], multipass),
    (
        &["test_channel::test_channel_passing_over_channel"],
        passing_over_channel,
    ),
    (&["test_channel::test_channel_file_write"], file_write),
    (
        &["test_channel::test_channel_file_proxyclose"],
        file_proxyclose,
    ),
    (&["test_channel::test_channel_file_read"], file_read),
    (
        &["test_channel::test_channel_callback_stays_active"],
        callback_stays_active,
    ),
    (
        &["test_channel::test_channel_callback_remote_freed"],
        callback_remote_freed,
    ),
    (
        &["test_channel::test_channel_callback_error"],
        callback_error,
    ),
];

fn ids(peer: &Peer) {
    let channel = peer.exec("channel.send(channel.gateway.newchannel())");
    let ours = channel.id().0;
    let item = channel.receive_timeout(LONG).unwrap();
    assert_eq!(ours % 2, 1);
    assert_eq!(item.as_channel().unwrap().id().0 % 2, 0);
    assert_eq!(peer.gateway.new_channel().unwrap().id().0, ours + 2);
}

fn serialize_error(peer: &Peer) {
    let text = error_of(&peer.exec("channel.send(object())"));
    assert!(text.contains("can't serialize"), "{text}");
}

fn error_after_item(peer: &Peer) {
    let channel = peer.exec("channel.send(42)\nraise ValueError(17)");
    assert_eq!(receive(&channel), value!(42));
    let text = error_of(&channel);
    assert!(text.contains("ValueError") && text.contains("17"), "{text}");
    assert!(is_at_its_end(&channel));
}

fn finish(peer: &Peer) {
    let channel = peer.exec("channel.send(42)");
    assert_eq!(receive(&channel), value!(42));
    assert!((0..3).all(|_| is_at_its_end(&channel)));
}

fn error_reporting(peer: &Peer) {
    let text = error_of(&peer.exec("def foo(): return foobar()\nfoo()"));
    assert!(
        text.starts_with("Traceback (most recent call last):"),
        "{text}"
    );
    assert!(
        text.contains("NameError") && text.contains("foobar"),
        "{text}"
    );
}

fn syntax_error(peer: &Peer) {
    let text = error_of(&peer.exec("raise\ndef foo(:\n"));
    assert!(
        text.starts_with("Traceback (most recent call last):"),
        "{text}"
    );
    assert!(text.contains("SyntaxError"), "{text}");
}

fn pass_in_structure(peer: &Peer) {
    let channel = peer.exec("a, b = channel.receive()\nb.send(a.receive() + 1)");
    let there = peer.gateway.new_channel().unwrap();
    let back = peer.gateway.new_channel().unwrap();
    channel.send((&there, &back)).unwrap();
    there.send(1).unwrap();
    assert_eq!(receive(&back), value!(2));
}

fn multipass(peer: &Peer) {
    let channel =
        peer.exec("x = channel.receive()\nassert x is channel\nchannel.send(x)\nchannel.receive()");
    channel.send(&channel).unwrap();
    let item = channel.receive_timeout(LONG).unwrap();
    assert_eq!(item.as_channel(), Some(&channel));
    channel.send(None::<i64>).unwrap();
    channel.wait_close_timeout(LONG).unwrap();
}

fn passing_over_channel(peer: &Peer) {
    let channel = peer.exec(
        "
        c = channel.gateway.newchannel()
        channel.send(c)
        c.send(42)
        c.waitclose()
        ",
    );
    let item = channel.receive_timeout(LONG).unwrap();
    let other = item.as_channel().unwrap().clone();
    assert_eq!(receive(&other), value!(42));
    other.close();
    channel.wait_close_timeout(LONG).unwrap();
    let ids = (channel.id().0, other.id().0);
    // It tells of a close before it forgets the channel.
    let known = peer.exec(
        "
        import time
        known = channel.gateway._channelfactory._channels
        ids = channel.receive()
        while [n for n in ids if n in known]:
            time.sleep(0.01)
        channel.send('neither')
        ",
    );
    known.send(ids).unwrap();
    assert_eq!(receive(&known), value!("neither"));
}

fn file_write(peer: &Peer) {
    let channel = peer.exec(
        "
        f = channel.makefile()
        f.write('hello world\\n')
        f.close()
        channel.send(42)
        ",
    );
    assert_eq!(receive(&channel), value!("hello world\n"));
    assert_eq!(receive(&channel), value!(42));
}

fn file_proxyclose(peer: &Peer) {
    let channel = peer.exec(
        "
        f = channel.makefile(proxyclose=True)
        f.write('hello world')
        f.close()
        ",
    );
    assert_eq!(receive(&channel), value!("hello world"));
    assert!(error_of(&channel).contains("explicit"));
}

fn file_read(peer: &Peer) {
    let channel = peer
        .exec("f = channel.makefile(mode='r')\nchannel.send(f.read(2))\nchannel.send(f.read(5))");
    channel
        .make_file_write()
        .text()
        .write_all(b"xyabcde")
        .unwrap();
    assert_eq!(receive(&channel), value!("xy"));
    assert_eq!(receive(&channel), value!("abcde"));
}

fn callback_stays_active(peer: &Peer) {
    let channel = peer.exec(
        "
        import threading, time
        other = channel.receive()
        def late():
            for i in range(5):
                time.sleep(0.02)
                other.send(i * 100)
        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
        ",
    );
    let (items, taken) = mpsc::channel();
    let other = peer.gateway.new_channel().unwrap();
    other
        .set_callback(move |item: Item| items.send(item.into_value()).unwrap())
        .unwrap();
    channel.send(&other).unwrap();
    drop(other);
    for number in 0..5 {
        assert_eq!(taken.recv_timeout(LONG).unwrap(), Value::from(number * 100));
    }
}

fn callback_remote_freed(peer: &Peer) {
    // PyPy frees it with a later collection.
    let channel = peer.exec(
        "
        import gc
        c = channel.receive()
        del c
        gc.collect()
        channel.send('freed')
        channel.receive()
        ",
    );
    let other = peer.gateway.new_channel().unwrap();
    other.set_callback(|_| ()).unwrap();
    channel.send(&other).unwrap();
    other.wait_close_timeout(LONG).unwrap();
    channel.close();
}

fn callback_error(peer: &Peer) {
    let channel = peer.exec(
        "
        def f(item):
            raise ValueError(42)
        ch = channel.receive()
        ch.setcallback(f)
        channel.send(1)
        channel.receive()
        channel.send(ch.isclosed())
        ",
    );
    let other = peer.gateway.new_channel().unwrap();
    channel.send(&other).unwrap();
    assert_eq!(receive(&channel), value!(1));
    other.send(1).unwrap();
    match other.wait_close_timeout(LONG) {
        Err(WaitCloseError::Remote(error)) => assert!(error.text().contains("42")),
        ended => panic!("{ended:?}"),
    }
    channel.send(1).unwrap();
    assert_eq!(receive(&channel), value!(true));
    eventually("refused", LONG, || {
        matches!(other.send(1), Err(SendError::Closed))
    });
}
