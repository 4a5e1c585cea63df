//! With credit, what is sent to a program that sleeps stays small in both processes, in either direction.
//!
//! By default the amount is large enough to show; `scripts/stress` sends 2 GiB each way.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::{env, fs, thread};

use execnet::serializer::Bytes;
use execnet::{Group, Value};
use execnet_test_support::{quiet, within};

const MIB: usize = 1 << 20;

/// What neither process may ever hold.
const MOST: usize = 64 * MIB;

/// The most memory this process has held.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib: usize = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kib * 1024
}

#[test]
fn a_sleeping_consumer_costs_neither_side_memory() {
    let mib: usize = env::var("EXECNET_STRESS_MIB").map_or(160, |text| text.parse().unwrap());
    let limit = Duration::from_secs(30) + Duration::from_millis(200) * u32::try_from(mib).unwrap();
    within("sending to a sleeper", limit, move || {
        let options = quiet().with_credit(Some(4 * MIB));
        let group = Group::with_options(options);
        let gateway = group.make_gateway("popen").unwrap();
        let source = "
            import resource, time
            count = channel.receive()
            time.sleep(0.5)
            total = 0
            for _ in range(count):
                total += len(channel.receive())
            channel.send(total)
            for _ in range(count):
                channel.send(b'x' * 262144)
            channel.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let count = i64::try_from(mib * 4).unwrap();
        channel.send(count).unwrap();
        let block = vec![0; MIB / 4];
        for _ in 0..count {
            channel.send(Bytes(&block)).unwrap();
        }
        let total = channel.receive().unwrap();
        assert_eq!(*total, Value::from(count * 262_144));

        // Now the worker sends, and this side sleeps.
        thread::sleep(Duration::from_millis(500));
        for _ in 0..count {
            assert_eq!(
                channel.receive().unwrap().as_bytes().unwrap().len(),
                MIB / 4
            );
        }
        let theirs = usize::try_from(channel.receive().unwrap().as_i64().unwrap()).unwrap();
        let ours = peak();
        println!(
            "stress: {mib} MiB each way to a program that sleeps, with credit | at most {} KiB here, {} KiB there",
            ours / 1024,
            theirs / 1024
        );
        assert!(
            ours < MOST && theirs < MOST,
            "{ours} bytes here, {theirs} there"
        );
    });
}
