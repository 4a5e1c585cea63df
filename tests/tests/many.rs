//! Many gateways at the same time under heavy traffic, all of which end in time.
//!
//! 24 gateways and 24 MB. `EXECNET_LONG=1 cargo test --release -p execnet-tests --test many -- --nocapture` runs 200
//! gateways with 500 MB, and prints how long each step took.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::time::Instant;

use execnet::{Channel, Gateway, Group, Outcome, Value};
use execnet_test_support::{LONG, eventually, is_running, quiet, within};

const MEGABYTE: usize = 1_000_000;

/// How much is done.
#[derive(Clone, Copy)]
struct Load {
    gateways: usize,
    megabytes: usize,
    limit: Duration,
}

#[test]
fn many_gateways_terminate_in_time() {
    let load = if std::env::var_os("EXECNET_LONG").is_some() {
        Load {
            gateways: 200,
            megabytes: 500,
            limit: 10 * LONG,
        }
    } else {
        println!("skipped: 200 gateways and 500 MB, without EXECNET_LONG=1; 24 and 24 are tried");
        Load {
            gateways: 24,
            megabytes: 24,
            limit: 4 * LONG,
        }
    };
    within("many gateways", load.limit, move || run(load));
}

fn run(load: Load) {
    let group = Group::with_options(quiet());
    let began = Instant::now();
    let made = group.make_gateways(vec!["popen"; load.gateways]);
    let gateways: Vec<Gateway> = made.into_iter().map(Result::unwrap).collect();
    println!("{} gateways: {:?}", load.gateways, began.elapsed());

    let began = Instant::now();
    let each = load.megabytes * MEGABYTE / load.gateways;
    let pids = pass_through(&group, each);
    println!(
        "{} MB there and back: {:?}",
        load.megabytes,
        began.elapsed()
    );

    let began = Instant::now();
    let reports = group.terminate_timeout(Duration::from_secs(5));
    println!("terminate: {:?}", began.elapsed());
    assert_eq!(reports.len(), gateways.len());
    // Those that had not left by themselves in that time would have been killed.
    for report in reports {
        assert!(
            matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
            "{report:?}"
        );
    }
    eventually("all are gone", LONG, || {
        !pids.iter().any(|&pid| is_running(pid))
    });
}

/// Exchanges `each` bytes with each gateway, half of them in each direction, in pieces. Returns the process ids.
fn pass_through(group: &Group, each: usize) -> Vec<i64> {
    const SOURCE: &str = "
        import os
        channel.send(os.getpid())
        for index, piece in enumerate(channel):
            channel.send(piece)
    ";
    let channels: Vec<Channel> = group
        .remote_exec(SOURCE)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let pids = channels
        .iter()
        .map(|channel| receive(channel).as_i64().unwrap());
    let pids = pids.collect();
    // Half of it goes, half comes.
    let mut left = each / 2;
    while left > 0 {
        let size = left.min(MEGABYTE / 4);
        let piece = Value::Bytes(vec![b'x'; size]);
        for channel in &channels {
            channel.send(&piece).unwrap();
        }
        for channel in &channels {
            assert!(receive(channel) == piece);
        }
        left -= size;
    }
    pids
}

fn receive(channel: &execnet::Channel) -> Value {
    channel.receive_timeout(4 * LONG).unwrap().into_value()
}
