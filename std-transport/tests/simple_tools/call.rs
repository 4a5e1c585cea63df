use core::time::Duration;

use execnet::{CallError, GatewayExt as _, ItemError, ReceiveError};
use execnet_test_support::{LONG, each_python, group, within};
use serde::{Deserialize, Serialize};

use super::{popen, workers};

#[derive(Serialize)]
struct Names<'a> {
    sep: &'a str,
    count: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Place {
    name: String,
    at: (i64, f64),
}

#[test]
fn a_function_gets_typed_arguments_and_returns_a_typed_result() {
    each_python(|_, gateway| {
        assert_eq!(
            gateway
                .call::<f64>("math:fsum", ([0.5, 0.25],), ())
                .unwrap(),
            0.75
        );
        assert_eq!(
            gateway
                .call::<String>("os.path:basename", ("/a/b",), ())
                .unwrap(),
            "b"
        );
        assert_eq!(gateway.call::<i64>("lambda: 42", (), ()).unwrap(), 42);
        let source = "
            import sys
            def place(name, sep, count):
                return {'name': sep.join([name] * count), 'at': (count, 0.5)}
        ";
        let place: Place = gateway
            .call(source, ["x"], Names { sep: "-", count: 3 })
            .unwrap();
        let name = "x-x-x".to_owned();
        assert_eq!(place, Place { name, at: (3, 0.5) });
        gateway.call::<()>("time:sleep", (0,), ()).unwrap();
    });
}

#[test]
fn an_exception_is_a_remote_error_with_its_traceback_and_its_line() {
    within("call", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let source = "
            def fail(number):
                return 1 / number  # here
        ";
        let error = gateway.call::<f64>(source, (0,), ()).unwrap_err();
        let text = error.as_remote().unwrap().text();
        assert_eq!(
            error.to_string(),
            "remote code failed: ZeroDivisionError: division by zero"
        );
        assert!(
            text.contains("line 3, in fail") && text.contains("# here"),
            "{text}"
        );
        for (function, wanted) in [
            ("no_such_module:f", "No module named"),
            ("math:no_such_function", "no_such_function"),
            (
                "x = 1",
                "the last statement of the source must define the function",
            ),
            ("def f(:", "SyntaxError"),
        ] {
            let error = gateway.call::<()>(function, (), ()).unwrap_err();
            let text = error.as_remote().unwrap().text();
            assert!(text.contains(wanted), "{function}: {text}");
        }
    });
}

#[test]
fn arguments_and_results_of_other_types_are_errors_that_say_so() {
    within("call", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let error = gateway.call::<()>("math:sqrt", 2.0, ()).unwrap_err();
        assert!(matches!(error, CallError::Arguments(_)), "{error}");
        let error = gateway.call::<()>("math:sqrt", (), [1]).unwrap_err();
        assert!(matches!(error, CallError::Arguments(_)), "{error}");
        let error = gateway.call::<String>("math:sqrt", (4,), ()).unwrap_err();
        assert!(
            matches!(
                error,
                CallError::Receive(ReceiveError::Item(ItemError::Type(_)))
            ),
            "{error}"
        );
        assert_eq!(gateway.call::<f64>("math:sqrt", (4,), ()).unwrap(), 2.0);
    });
}

#[test]
fn calls_one_after_the_other_run_in_the_main_thread() {
    within("calls", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let source = "
            import threading
            def name(): return threading.current_thread().name
        ";
        for _ in 0..20 {
            assert_eq!(
                gateway.call::<String>(source, (), ()).unwrap(),
                "MainThread"
            );
        }
    });
}

#[test]
fn a_call_ends_at_its_timeout_and_the_gateway_stays_usable() {
    within("call", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let limit = Duration::from_millis(50);
        let error = gateway
            .call_timeout::<()>("time:sleep", (1000,), (), limit)
            .unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(gateway.call::<i64>("int", ("7",), ()).unwrap(), 7);
        gateway.kill();
    });
}

#[test]
fn a_call_ends_with_its_worker() {
    within("call", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let error = gateway.call::<()>("os:_exit", (7,), ()).unwrap_err();
        assert!(error.is_disconnected(), "{error}");
        assert!(
            gateway
                .call::<()>("os:getpid", (), ())
                .unwrap_err()
                .is_disconnected()
        );
    });
}

#[test]
fn a_group_calls_all_members_at_the_same_time() {
    within("group", LONG, || {
        let group = group();
        let specs = ["a", "b", "c"].map(|id| format!("{}//id={id}", popen()));
        assert!(group.make_gateways(specs).iter().all(Result::is_ok));
        group.get("b").unwrap().kill();
        assert!(group.get("b").unwrap().join());
        let results = group.call::<i64>("lambda x: x + 1", (41,), ());
        let shown = results
            .iter()
            .map(|(gateway, result)| (gateway.id(), result.as_ref().ok()));
        let wanted = [("a", Some(&42)), ("b", None), ("c", Some(&42))];
        assert!(shown.eq(wanted), "{results:?}");
        let named = group.remote_exec_function_as(
            "def f(channel, a): channel.send(a)",
            "f",
            &[("a", 1)]
                .into_iter()
                .collect::<alloc::collections::BTreeMap<_, _>>(),
        );
        let received = named.into_iter().map(|channel| {
            channel
                .ok()
                .map(|channel| channel.receive_as::<u8>().unwrap())
        });
        assert!(received.eq([Some(1), None, Some(1)]));
    });
}
