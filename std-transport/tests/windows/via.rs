//! Gateways through others.

use execnet::ServerOptions;
use execnet::value;
use execnet_test_support::{LONG, Served, group, pid, receive};

use super::system::System;
use super::{python, rust_worker};

/// A worker behind this proxy talks, and ends with its group.
fn goes_through(proxy: &str) {
    let watching = group();
    let system = System::of(&watching);
    let group = group();
    group.make_gateway(format!("{proxy}//id=proxy")).unwrap();
    let gateway = group
        .make_gateway(format!("{}//via=proxy", python()))
        .unwrap();
    let channel = gateway
        .remote_exec("import sys; sys.stderr.write('said\\n'); channel.send(channel.receive())")
        .unwrap();
    let large = value!("x".repeat(2_000_000));
    channel.send(&large).unwrap();
    assert!(receive(&channel) == large);
    let worker = pid(&gateway);
    group.terminate_timeout(LONG);
    system.ends("the worker", worker);
}

#[test]
fn a_worker_is_started_through_a_python() {
    goes_through(&python());
}

#[test]
fn a_worker_is_started_through_a_program_in_rust() {
    goes_through(&rust_worker());
}

#[test]
fn a_server_is_reached_through_a_worker_of_either_kind() {
    let options = ServerOptions::new().with_worker(python().parse().unwrap());
    let served = Served::tcp(options);
    for proxy in [python(), rust_worker()] {
        let group = group();
        group.make_gateway(format!("{proxy}//id=proxy")).unwrap();
        let gateway = group
            .make_gateway(format!("{}//via=proxy", served.spec))
            .unwrap();
        assert!(pid(&gateway) > 0);
        group.terminate_timeout(LONG);
    }
}
