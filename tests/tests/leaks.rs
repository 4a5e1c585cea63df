//! Leaks: memory, threads, descriptors and processes do not grow with the number of channels and gateways that have
//! ended.
//!
//! Each test measures the whole process, so that they run one after the other. `scripts/stress` runs more rounds.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::fmt;
use core::time::Duration;
use std::fs;
use std::process;
use std::sync::PoisonError;
use std::thread;
use std::time::Instant;

use execnet::{Channel, Gateway, Group, Value};
use execnet_test_support::{LONG, amount, eventually, quiet, receive, within};

#[allow(
    clippy::disallowed_types,
    reason = "there is nothing to wait for but this"
)]
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Growth that is no leak: of allocators, which keep pages, and of tables that are sized in steps.
const SLACK: usize = 4 << 20;

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Holding {
    threads: usize,
    descriptors: usize,
    children: usize,
}

impl Holding {
    /// Of this process, zombies among the children included.
    fn now() -> Self {
        let own = process::id().to_string();
        let count = |folder| fs::read_dir(folder).unwrap().count();
        Self {
            threads: count("/proc/self/task"),
            descriptors: count("/proc/self/fd"),
            children: fs::read_dir("/proc")
                .unwrap()
                .filter(|entry| parent_of(entry.as_ref().unwrap()).as_ref() == Some(&own))
                .count(),
        }
    }

    /// In words, with what is held later.
    fn beside(self, later: Self) -> String {
        let pair = |before: usize, after: usize| format!("{before} before and {after} after");
        let threads = pair(self.threads, later.threads);
        let descriptors = pair(self.descriptors, later.descriptors);
        let children = pair(self.children, later.children);
        format!("threads {threads}, descriptors {descriptors}, child processes {children}")
    }
}

/// Threads of this process that work for gateways, by their names.
fn gateway_threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    let prefixes = ["execnet-", "stderr of "];
    names
        .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
        .count()
}

fn parent_of(entry: &fs::DirEntry) -> Option<String> {
    let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
    // The name in parentheses may hold anything; behind it come the state and the parent.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1).map(str::to_owned)
}

/// How much memory a process has at the moment, in bytes.
fn resident(process: impl fmt::Display) -> usize {
    let text = fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
    let pages: usize = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Runs `test` alone, with `more` time than other tests have.
fn alone(name: &str, more: Duration, test: impl FnOnce() + Send + 'static) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    within(name, LONG + more, test);
}

/// What a whole life of a gateway does with channels: a call, a channel passed to it, one with a callback, one that the
/// other side makes, one that is dropped while it is open, an error.
fn life(gateway: &Gateway) {
    let source = "
        inner, called = channel.receive()
        inner.send(inner.receive() + 1)
        called.send('x' * 100)
        called.close()
        channel.send(channel.gateway.newchannel())
        raise ValueError('the end of it')
    ";
    let channel = gateway.remote_exec(source).unwrap();
    let [inner, called, _dropped] = [(); 3].map(|()| gateway.new_channel().unwrap());
    called.set_callback(|_| ()).unwrap();
    channel.send((&inner, &called)).unwrap();
    inner.send(41).unwrap();
    assert_eq!(receive(&inner), Value::from(42));
    called.wait_close_timeout(LONG).unwrap();
    assert!(
        channel
            .receive_timeout(LONG)
            .unwrap()
            .as_channel()
            .is_some()
    );
    assert!(channel.wait_close_timeout(LONG).is_err());
}

fn threads_of(channel: &Channel) -> i64 {
    channel.send(()).unwrap();
    receive(channel).as_i64().unwrap()
}

#[test]
fn closed_channels_leave_nothing() {
    let rounds = amount("EXECNET_STRESS_ROUNDS", 300);
    let more = Duration::from_millis(100) * rounds;
    alone("channels that come and go", more, move || {
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway("popen").unwrap();
        let worker = gateway.remote_info_timeout(LONG).unwrap().pid;
        let source = "
            import threading
            for _ in channel:
                channel.send(threading.active_count())
        ";
        let counter = gateway.remote_exec(source).unwrap();
        (0..200).for_each(|_| life(&gateway));
        let here = (Holding::now(), resident("self"));
        let there = (threads_of(&counter), resident(worker));

        let begin = Instant::now();
        (0..rounds).for_each(|_| life(&gateway));
        let grown =
            |process: &dyn fmt::Display, before: usize| resident(process).saturating_sub(before);
        let (ours, theirs) = (grown(&"self", here.1), grown(&worker, there.1));
        println!(
            "stress: {rounds} times five channels on one gateway, in {:.1?} | {} KiB more here, {} KiB there; {}",
            begin.elapsed(),
            ours / 1024,
            theirs / 1024,
            here.0.beside(Holding::now()),
        );
        assert!(ours < SLACK && theirs < SLACK, "{ours}, {theirs} bytes");
        assert_eq!(Holding::now(), here.0);
        assert!(threads_of(&counter) <= there.0.max(3));

        assert!(
            gateway.to_string().contains(" 1 active channels"),
            "{gateway}"
        );
        eventually("nothing is left at the other side", LONG, || {
            gateway.remote_status().unwrap().num_channels == 1
        });
    });
}

#[test]
fn ended_gateways_leave_nothing() {
    let gateways = amount("EXECNET_STRESS_GATEWAYS", 10);
    let more = Duration::from_secs(5) * gateways;
    alone("gateways that come and go", more, move || {
        let one = |group: &Group| {
            let gateway = group.make_gateway("popen").unwrap();
            life(&gateway);
            gateway.exit();
        };
        one(&Group::with_options(quiet()));
        // What is counted next must not include the end of this gateway.
        eventually("the first gateway is gone", LONG, || {
            Holding::now().children == 0 && gateway_threads() == 0
        });
        let before = Holding::now();
        let memory = resident("self");
        let begin = Instant::now();
        let group = Group::with_options(quiet());
        for number in 0..gateways {
            one(&group);
            // Some all at once, as their ends can meet.
            if number % 10 == 9 {
                group.terminate_timeout(LONG);
            }
        }
        group.terminate_timeout(LONG);
        drop(group);
        let end = Instant::now() + LONG;
        while Holding::now() != before {
            assert!(Instant::now() < end, "{}", before.beside(Holding::now()));
            thread::sleep(Duration::from_millis(2));
        }
        let grown = resident("self").saturating_sub(memory);
        println!(
            "stress: {gateways} popen gateways made and closed, in {:.1?} | {} KiB more; {}",
            begin.elapsed(),
            grown / 1024,
            before.beside(Holding::now()),
        );
        assert!(grown < SLACK, "{grown} bytes");
    });
}
