//! Remote code and receivers in several threads.

use core::time::Duration;
use std::fs;
use std::time::Instant;

use execnet::serializer::Bytes;
use execnet::{Gateway, Value};
use execnet_test_support::{LONG, amount, receive};

use super::{gw, on, on_within};

#[test]
fn test_threads() {
    on("popen", |gateway| {
        let source = "channel.send(channel.receive())";
        let [first, second] = [(); 2].map(|()| gateway.remote_exec(source).unwrap());
        second.send(2).unwrap();
        assert_eq!(receive(&second), Value::from(2));
        first.send(1).unwrap();
        assert_eq!(receive(&first), Value::from(1));
    });
}

#[test]
fn test_threads_race_sending() {
    on("popen", |gateway| {
        let source = "for x in range(10): channel.send(''.join(['x' * 40000]))";
        let channels = [(); 5].map(|()| gateway.remote_exec(source).unwrap());
        for channel in &channels {
            for _ in 0..10 {
                assert_eq!(receive(channel).as_str().unwrap().len(), 40_000);
            }
        }
    });
}

/// What is named after a gateway, by the system's account of this process.
#[cfg(target_os = "linux")]
fn threads_of(gateway: &Gateway) -> usize {
    let begin: String = format!("execnet-{}", gateway.id())
        .chars()
        .take(15)
        .collect();
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with(&begin)).count()
}

/// Whatever is done with a gateway, it has three threads, and none when it has ended.
#[cfg(target_os = "linux")]
#[test]
fn a_gateway_has_a_fixed_number_of_threads() {
    on("popen//id=fixed", |gateway| {
        let source = "for item in channel: channel.send(item)";
        for number in 0..300 {
            let channel = gateway.remote_exec(source).unwrap();
            if number % 2 == 0 {
                channel.set_callback(|_| ()).unwrap();
            }
            channel.send(number).unwrap();
        }
        gateway.remote_status().unwrap();
        let threads = threads_of(gateway);
        assert!((1..=3).contains(&threads), "{threads}");
        gateway.exit();
        assert!(gateway.join_timeout(LONG));
        assert_eq!(threads_of(gateway), 0);
    });
}

/// So many that items of different threads would be torn if they could be; for a minute by `scripts/stress`.
#[test]
fn eight_threads_send_large_items_whole() {
    let seconds = amount("EXECNET_STRESS_SECONDS", 1).into();
    on_within(
        LONG + Duration::from_secs(seconds),
        "popen",
        move |gateway| {
            let source = "
            count = 0
            for number, item in iter(channel.receive, None):
                assert len(item) == 3000000, len(item)
                assert item == bytes(bytearray([number])) * 3000000
                count += 1
            channel.send(count)
        ";
            let channel = gateway.remote_exec(source).unwrap();
            let begin = Instant::now();
            let senders: Vec<_> = (0..8u8)
                .map(|number| {
                    let channel = channel.clone();
                    std::thread::spawn(move || {
                        let item = vec![number; 3_000_000];
                        let mut count = 0;
                        while count == 0 || begin.elapsed() < Duration::from_secs(seconds) {
                            channel.send((i64::from(number), Bytes(&item))).unwrap();
                            count += 1;
                        }
                        count
                    })
                })
                .collect();
            let sent: i64 = senders
                .into_iter()
                .map(|sender| sender.join().unwrap())
                .sum();
            channel.send(()).unwrap();
            assert_eq!(receive(&channel), Value::from(sent));
            println!(
                "stress: eight threads send items of 3 MB for {:.1?} | {sent} items, all whole",
                begin.elapsed()
            );
        },
    );
}

/// Both ends write more than the pipes hold, and answer from their callbacks.
#[test]
fn callbacks_that_send_on_both_sides_do_not_deadlock() {
    gw(|gateway| {
        let source = "
            import threading
            inner = channel.receive()
            done = threading.Event()
            count = []
            def echo(item):
                count.append(item)
                if len(count) <= 100:
                    inner.send(item)
                else:
                    done.set()
            inner.setcallback(echo)
            for number in range(100):
                inner.send(b'x' * 30000)
            done.wait()
            channel.send(len(count))
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let inner = gateway.new_channel().unwrap();
        let own = inner.clone();
        let mut count = 0;
        inner
            .set_callback(move |item: execnet::Item| {
                count += 1;
                match count <= 100 {
                    true => own.send(&*item),
                    false => Ok(()),
                }
            })
            .unwrap();
        channel.send(&inner).unwrap();
        for _ in 0..101 {
            inner.send(Bytes(vec![0; 30_000])).unwrap();
        }
        let seen = receive(&channel).as_i64().unwrap();
        assert!(seen > 100, "{seen}");
        inner.close();
    });
}
