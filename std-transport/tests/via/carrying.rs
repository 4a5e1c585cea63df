//! Streams, connections and settings through a proxy.

use execnet::serializer::StrConfig;
use execnet::{Outcome, ServerOptions, Value, value};
use execnet_test_support::{
    LONG, Served, each_python, eventually, is_running, niceness, pid, receive, within,
};

use crate::group;

#[test]
fn every_python_carries_the_streams_of_another() {
    each_python(|python, _| {
        let group = group();
        group.make_gateway(python.spec() + "//id=master").unwrap();
        let gateway = group.make_gateway("popen//via=master").unwrap();
        let channel = gateway
            .remote_exec("for item in channel: channel.send(item)")
            .unwrap();
        for item in [value!(1), value!("x"), Value::Bytes(vec![b'y'; 300_000])] {
            channel.send(&item).unwrap();
            assert_eq!(receive(&channel), item);
        }
        let pids = (pid(&group.get("master").unwrap()), pid(&gateway));
        assert_ne!(pids.0, pids.1);
        // The proxy does not count as running code.
        let master = group.get("master").unwrap();
        eventually("nothing runs in the middle", LONG, || {
            master.remote_status_timeout(LONG).unwrap().num_executing == 0
        });
        drop(channel);
        for report in group.terminate_timeout(LONG) {
            assert!(
                matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
                "{report:?}"
            );
        }
        eventually("both are gone", LONG, || {
            !is_running(pids.0) && !is_running(pids.1)
        });
    });
}

#[test]
fn every_python_connects_for_another_and_installs_one() {
    each_python(|python, _| {
        let group = group();
        group.make_gateway(python.spec() + "//id=master").unwrap();
        let served = Served::unix(ServerOptions::new());
        let spec = format!("{}//via=master", served.spec);
        let far = group.make_gateway(spec).unwrap();
        let guest = group.make_gateway("socket//installvia=master").unwrap();
        let master = pid(&group.get("master").unwrap());
        assert_ne!(pid(&far), master);
        assert_eq!(pid(&guest), master);
        for report in group.terminate_timeout(LONG) {
            assert!(
                matches!(report.outcome, Outcome::Exited(_) | Outcome::Closed),
                "{report:?}"
            );
        }
    });
}

/// A proxy whose settings made text arrive as bytes forwarded nothing any more.
#[test]
fn a_proxy_that_receives_text_as_bytes_forwards_the_streams() {
    const TEXT_AS_BYTES: StrConfig = StrConfig {
        py2str_as_py3str: false,
        py3str_as_py2str: true,
    };
    each_python(|python, _| {
        let group = group();
        let master = group.make_gateway(python.spec() + "//id=master").unwrap();
        master.reconfigure(TEXT_AS_BYTES).unwrap();
        let far = group.make_gateway("popen//via=master").unwrap();
        let guest = group.make_gateway("socket//installvia=master").unwrap();
        assert_eq!(pid(&guest), pid(&master));
        let far_pid = pid(&far);
        far.kill();
        eventually("the far worker is gone", LONG, || !is_running(far_pid));
        group.terminate_timeout(LONG);
    });
}

#[test]
fn proxies_nest_and_all_keys_of_a_spec_work_through_them() {
    within("nested", LONG, || {
        let group = group();
        group.make_gateway("popen//id=a").unwrap();
        group.make_gateway("popen//id=b//via=a").unwrap();
        let spec = "popen//via=b//id=c//env:EXECNET_A=b=c//nice=1//chdir=/";
        let gateway = group.make_gateway(spec).unwrap();
        let code = "import os; channel.send((os.getcwd(), os.environ['EXECNET_A'], os.nice(0)))";
        let found = receive(&gateway.remote_exec(code).unwrap());
        assert_eq!(found, value!(("/", "b=c", niceness(1))));
        let reports = group.terminate_timeout(LONG);
        let ids: Vec<_> = reports.iter().map(|report| report.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        for report in reports {
            assert!(
                matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
                "{report:?}"
            );
        }
    });
}
