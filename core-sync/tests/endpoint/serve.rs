//! Endpoints that serve functions to a gateway.

use std::thread::{self, JoinHandle};

use execnet_core_sync::testing::{Faults, within};
use execnet_core_sync::{Disconnected, Gateway, GatewayConfig, Role};
use execnet_serializer::{Dict, Value, value};

use crate::support::{BUSY, LIMIT, SOON, receive, remote_error};
use crate::{endpoint, functions};

/// Runs a test with a gateway whose worker is an endpoint that serves.
fn served(body: impl FnOnce(Gateway, JoinHandle<Result<(), Disconnected>>) + Send + 'static) {
    within(LIMIT, move || {
        let (endpoint, link) = endpoint(Role::Worker, Faults::default());
        let serving = thread::spawn(move || endpoint.serve(&functions()));
        let gateway = Gateway::new(link, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
        body(gateway, serving);
    });
}

fn n(n: i64) -> Dict {
    [(Value::from("n"), Value::from(n))].into_iter().collect()
}

#[test]
fn an_endpoint_serves_functions() {
    served(|gateway, serving| {
        let channel = gateway.remote_exec("echo").unwrap();
        for item in [value!(1), value!("two"), value!([3, (4, 5)])] {
            channel.send(&item).unwrap();
            assert_eq!(receive(&channel), item);
        }
        channel.close();
        let channel = gateway.remote_exec_function("", "next", &n(41)).unwrap();
        assert_eq!(receive(&channel), Value::from(42));
        channel.wait_close_timeout(SOON).unwrap();
        let channel = gateway.remote_exec("fails").unwrap();
        assert_eq!(remote_error(&channel), "function 'fails' failed: it failed");
        let error = remote_error(&gateway.remote_exec("unknown").unwrap());
        assert!(error.contains("registered: 'echo', 'fails'"), "{error}");
        gateway.exit();
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn an_endpoint_takes_call_after_call() {
    served(|gateway, _serving| {
        for _ in 0..10 {
            let channel = gateway.remote_exec("echo").unwrap();
            channel.send(7).unwrap();
            assert_eq!(receive(&channel), Value::from(7));
            channel.close();
        }
    });
}

#[test]
fn an_endpoint_refuses_a_second_call_and_reports_its_status() {
    served(|gateway, _serving| {
        let first = gateway.remote_exec("echo").unwrap();
        let second = gateway.remote_exec("echo").unwrap();
        assert_eq!(remote_error(&second), BUSY);
        let status = gateway.remote_status_timeout(SOON).unwrap();
        assert_eq!(status.exec_model, "main_thread_only");
        assert_eq!(status.num_executing, 1);
        first.send(1).unwrap();
        assert_eq!(receive(&first), Value::from(1));
    });
}

#[test]
fn channels_in_items_live_at_an_endpoint() {
    served(|gateway, _serving| {
        let channel = gateway.remote_exec("forward").unwrap();
        let named = gateway.new_channel().unwrap();
        channel.send(&named).unwrap();
        assert_eq!(receive(&named), Value::from("to the named one"));
        // Its handle there went with the item.
        named.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn a_function_of_an_endpoint_still_sends_after_the_end() {
    served(|gateway, serving| {
        let channel = gateway.remote_exec("late").unwrap();
        gateway.exit();
        assert_eq!(receive(&channel), Value::from("late"));
        serving.join().unwrap().unwrap();
        assert!(gateway.join_timeout(SOON), "the endpoint closes the link");
    });
}

#[test]
fn a_call_that_comes_right_before_the_end_is_run() {
    served(|gateway, serving| {
        let channel = gateway.remote_exec_function("", "next", &n(1)).unwrap();
        gateway.exit();
        assert_eq!(receive(&channel), Value::from(2));
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn an_endpoint_exchanges_postcard_items() {
    served(|gateway, _serving| {
        let sums = gateway.remote_exec("sums").unwrap();
        let sums = sums.postcard::<Vec<u32>, u64>();
        for (numbers, sum) in [
            (vec![1, 2, 3], 6),
            (vec![], 0),
            (vec![u32::MAX; 2], 8_589_934_590),
        ] {
            sums.send(&numbers).unwrap();
            assert_eq!(sums.receive_timeout(SOON).unwrap(), sum);
        }
        sums.channel().send("no postcard").unwrap();
        let error = remote_error(sums.channel());
        assert!(
            error.contains("an item of a postcard channel must be bytes"),
            "{error}"
        );
    });
}
