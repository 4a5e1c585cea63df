//! Many gateways under a low limit of descriptors, which a shell has set (`ulimit -n`).
//!
//! `churn together N` makes N gateways that live at the same time, and uses each; `churn turns N [SPEC]` makes, uses,
//! exits and joins one gateway after the other, in one group. Both print the highest number of descriptors.
//! `popen//worker=...` starts faster than Python does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how this program is to end"
)]

use core::time::Duration;
use std::{env, fs};

use execnet::{Channel, Group, GroupOptions, Stderr, Value};
use execnet_test_support::receive;

const LONG: Duration = Duration::from_secs(60);

fn main() {
    let mut arguments = env::args().skip(1);
    let (mode, number) = (arguments.next().unwrap(), arguments.next().unwrap());
    let number: u32 = number.parse().unwrap();
    let options = GroupOptions::new().with_stderr(Stderr::Capture);
    let group = Group::with_options(options);
    let highest = match mode.as_str() {
        "together" => together(&group, number),
        "turns" => turns(
            &group,
            number,
            arguments.next().as_deref().unwrap_or("popen"),
        ),
        other => panic!("{other:?}"),
    };
    println!("{highest}");
}

fn together(group: &Group, number: u32) -> usize {
    let made = group.make_gateways((0..number).map(|_| "popen"));
    let channels: Vec<Channel> = made
        .into_iter()
        .map(|made| {
            made.unwrap()
                .remote_exec("for x in channel: channel.send(x)")
        })
        .map(Result::unwrap)
        .collect();
    for channel in &channels {
        // Often enough for this thread to read the link itself, which needs a descriptor to be woken by.
        for number in 0..10 {
            channel.send(number).unwrap();
            assert_eq!(receive(channel), Value::from(number));
        }
    }
    descriptors()
}

fn turns(group: &Group, number: u32, spec: &str) -> usize {
    let mut highest = 0;
    for _ in 0..number {
        let gateway = group.make_gateway(spec).unwrap();
        gateway.remote_status_timeout(LONG).unwrap();
        gateway.exit();
        assert!(gateway.join_timeout(LONG));
        highest = highest.max(descriptors());
    }
    highest
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
