//! Credit between this program and its Python workers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use execnet::serializer::Bytes;
use execnet::{Gateway, GroupOptions, SendError, Value};
use execnet_test_support::{LONG, Python, each_python_with, eventually, quiet};

const WINDOW: usize = 100_000;

fn with_credit() -> GroupOptions {
    quiet().with_credit(Some(WINDOW))
}

fn each(test: fn(&Python, &Gateway)) {
    each_python_with("", with_credit(), test);
}

#[test]
fn a_worker_that_sends_faster_than_is_received_waits() {
    each(|_, gateway| {
        let source = "
            sent = 0
            info = channel.receive()
            for number in range(1000):
                channel.send((number, b'x' * 1000))
                info.send(number)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let info = gateway.new_channel().unwrap();
        channel.send(&info).unwrap();
        let mut sent = 0;
        while let Ok(item) = info.receive_timeout(Duration::from_millis(300)) {
            sent = item.as_i64().unwrap();
        }
        assert!((50..110).contains(&sent), "{sent} were sent");
        for number in 0..1000 {
            let item = channel.receive_timeout(LONG).unwrap();
            assert_eq!(item.as_slice().unwrap()[0], Value::from(number));
            while let Ok(Some(_)) = info.try_receive() {}
        }
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn sending_to_a_worker_that_does_not_receive_waits() {
    each(|_, gateway| {
        let source = "
            go = channel.receive()
            go.receive()
            total = 0
            for number in range(1000):
                item = channel.receive()
                assert item[0] == number, item[0]
                total += len(item[1])
            channel.send(total)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let go = gateway.new_channel().unwrap();
        channel.send(&go).unwrap();
        let sent = Arc::new(AtomicUsize::new(0));
        let sending = std::thread::spawn({
            let (channel, sent) = (channel.clone(), sent.clone());
            move || {
                for number in 0..1000 {
                    channel.send((number, Bytes(vec![0; 1000]))).unwrap();
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        eventually("the window is used up", LONG, || {
            sent.load(Ordering::SeqCst) > 80
        });
        // Another channel continues meanwhile, and gives time for what must not come.
        let echo = gateway
            .remote_exec("for item in channel: channel.send(item)")
            .unwrap();
        for number in 0..100 {
            echo.send(number).unwrap();
            assert_eq!(echo.receive_timeout(LONG).unwrap(), Value::from(number));
        }
        assert!(sent.load(Ordering::SeqCst) < 110, "{sent:?} were sent");
        go.send(()).unwrap();
        sending.join().unwrap();
        assert_eq!(
            channel.receive_timeout(LONG).unwrap(),
            Value::from(1_000_000)
        );
    });
}

#[test]
fn callbacks_of_a_worker_give_credit() {
    each(|_, gateway| {
        let source = "
            import threading
            done = threading.Event()
            inner = channel.gateway.newchannel()
            count = []
            def callback(item):
                if item is None:
                    done.set()
                else:
                    count.append(len(item))
            inner.setcallback(callback, endmarker=None)
            channel.send(inner)
            done.wait()
            channel.send(sum(count))
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let inner = channel.receive_timeout(LONG).unwrap();
        let inner = inner.as_channel().unwrap();
        inner
            .send_all((0..1000).map(|_| Bytes(vec![0; 1000])))
            .unwrap();
        inner.close();
        assert_eq!(
            channel.receive_timeout(LONG).unwrap(),
            Value::from(1_000_000)
        );
    });
}

#[test]
fn a_worker_that_waits_for_credit_ends_with_its_channel() {
    each(|_, gateway| {
        let source = "
            info = channel.receive()
            try:
                while True:
                    channel.send(b'x' * 1000)
            except IOError:
                info.send('noticed')
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let info = gateway.new_channel().unwrap();
        channel.send(&info).unwrap();
        channel.receive_timeout(LONG).unwrap();
        channel.close();
        assert_eq!(info.receive_timeout(LONG).unwrap(), Value::from("noticed"));
        assert!(matches!(channel.send(1), Err(SendError::Closed)));
    });
}
