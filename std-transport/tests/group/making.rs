//! Making gateways, one by one and many at a time.

use alloc::collections::BTreeSet;
use core::time::Duration;
use std::thread;

use execnet::{Channel, ExecModel, Group, GroupNotEmpty, MakeGatewayError, Outcome, Value, XSpec};
use execnet_test_support::{LONG, group, popen, quiet, receive, within};

use crate::ids;

#[test]
fn gateways_that_are_made_together_are_in_the_order_of_their_specs() {
    within("makegateways", 2 * LONG, || {
        let group = group();
        let good = popen();
        let named = format!("{good}//id=named");
        let specs = [
            &good,
            "popen//python=false",
            &named,
            "nothing",
            &good,
            &named,
        ];
        let made = group.make_gateways(specs);
        let outcomes: Vec<String> = made
            .iter()
            .map(|made| match made {
                Ok(gateway) => gateway.id().to_owned(),
                Err(MakeGatewayError::Bootstrap(_)) => "died".to_owned(),
                Err(error) => error.to_string(),
            })
            .collect();
        let expected = [
            "gw0",
            "died",
            "named",
            "the spec names no transport",
            "gw3",
            "the group has a gateway \"named\" already",
        ];
        assert_eq!(outcomes[..3], expected[..3]);
        assert!(outcomes[3].starts_with(expected[3]), "{outcomes:?}");
        assert_eq!(outcomes[4..], expected[4..]);
        assert_eq!(ids(&group), ["gw0", "named", "gw3"]);
        assert_eq!(group.nth(1).unwrap().id(), "named");
        assert_eq!(group.spec("named").unwrap().as_str(), named);
        assert!(group.contains(made[4].as_ref().unwrap()));
        assert!(group.nth(3).is_none() && group.spec("gw1").is_none());
        assert!(group.make_gateways([""; 0]).is_empty());
    });
}

#[test]
fn a_group_of_specs_has_all_of_them_or_fails() {
    within("a group of specs", 2 * LONG, || {
        let good = popen();
        let group = Group::from_specs([&good, &format!("{good}//id=named")]).unwrap();
        assert_eq!(ids(&group), ["gw0", "named"]);
        let error = Group::from_specs([&good, "popen//python=false", "nothing"]).unwrap_err();
        assert!(matches!(error, MakeGatewayError::Bootstrap(_)), "{error:?}");
        assert!(Group::from_specs([""; 0]).unwrap().is_empty());
    });
}

#[test]
fn many_workers_start_at_once_and_exit_at_once() {
    within("32 gateways", 3 * LONG, || {
        let group = group();
        let made = group.make_gateways(vec![popen(); 32]);
        let channels: Vec<Channel> = made
            .into_iter()
            .map(|made| made.unwrap().remote_exec("channel.send(42)").unwrap())
            .collect();
        assert!(channels.iter().all(|channel| receive(channel) == 42));
        let reports = group.terminate_timeout(LONG);
        let left = |outcome| matches!(outcome, Outcome::Exited(exit) if exit.success());
        assert!(
            reports.iter().all(|report| left(report.outcome)),
            "{reports:?}"
        );
        let order: Vec<String> = reports.into_iter().map(|report| report.id).collect();
        let expected: Vec<String> = (0..32).map(|index| format!("gw{index}")).collect();
        assert_eq!(order, expected);
    });
}

#[test]
fn an_id_is_allocated_before_its_gateway_is_made() {
    within("allocate_id", LONG, || {
        let group = group();
        let spec = group.allocate_id(popen()).unwrap();
        assert_eq!(spec.get("id"), Some("gw0"));
        let other = group.make_gateway(popen()).unwrap();
        assert_eq!(other.id(), "gw1");
        let gateway = group.make_gateway(&spec).unwrap();
        assert_eq!((gateway.id(), gateway.spec()), ("gw0", spec.as_str()));
        assert_eq!(ids(&group), ["gw1", "gw0"]);
        let taken = group.allocate_id(popen() + "//id=gw1");
        assert!(matches!(taken, Err(MakeGatewayError::DuplicateId(id)) if id == "gw1"));
    });
}

#[test]
fn ids_are_unique_across_threads() {
    within("ids from threads", LONG, || {
        let group = group();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| group.make_gateway(popen()).unwrap());
            }
        });
        let found: BTreeSet<String> = ids(&group).into_iter().collect();
        let expected = ["gw0", "gw1", "gw2", "gw3"].map(str::to_owned);
        assert_eq!(found, BTreeSet::from(expected));
    });
}

#[test]
fn the_empty_spec_means_the_default() {
    within("default spec", LONG, || {
        let group = group();
        let spec: XSpec = format!("{}//env:WHO=default", popen()).parse().unwrap();
        group.set_default_spec(spec.clone());
        let gateway = group.make_gateway("").unwrap();
        assert_eq!(group.spec(gateway.id()), Some(spec));
        let channel = gateway
            .remote_exec("import os; channel.send(os.environ['WHO'])")
            .unwrap();
        assert_eq!(receive(&channel), Value::from("default"));
    });
}

#[test]
fn the_default_execution_model_is_set_before_there_are_members() {
    within("set_execmodel", LONG, || {
        let group = group();
        let (local, remote) = (ExecModel::Thread, ExecModel::MainThreadOnly);
        assert_eq!(group.set_exec_model(local, remote), Ok(()));
        let model = |spec: String| {
            let gateway = group.make_gateway(spec).unwrap();
            gateway.remote_status_timeout(LONG).unwrap().exec_model
        };
        assert_eq!(model(popen()), "main_thread_only");
        assert_eq!(model(popen() + "//execmodel=thread"), "thread");
        assert_eq!(group.set_exec_model(local, local), Err(GroupNotEmpty));
    });
}

#[test]
fn no_thread_is_waited_for_that_cannot_be_started() {
    // One after the other, in the caller's thread.
    within("max_starting", LONG, || {
        let options = quiet().with_max_starting(0);
        let group = Group::with_options(options);
        assert!(
            group
                .make_gateways([popen(), popen()])
                .iter()
                .all(Result::is_ok)
        );
        group.terminate_timeout(Duration::from_secs(5));
    });
}
