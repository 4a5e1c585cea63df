//! Jython 2.7, which serves with the execnet that it has: the worker's program needs descriptors of the system.

use execnet::{Gateway, Group, value};
use execnet_test_support::{
    LONG, environment, eventually, find, is_running, quiet, receive, within,
};
use execnet_tests::conformance::{ECHO, PID};

use crate::behaviours::behaves_except;

/// What does not hold there: execnet 1.9 refuses ints below -2^31, and Jython does not write to descriptors by number.
/// [`values`] and [`printing`] are checked in place of these.
const EXCEPT: &[&str] = &[
    "values come back as they went",
    "what the code prints stays off the link",
];

/// The last release of execnet for Python 2.
const EXECNET: &str = "1.9.0";

#[test]
fn jython() {
    if find("jython").is_none() {
        return println!("skipped: Jython: no jython is installed (from: Debian's package jython)");
    }
    let python = match environment(&[EXECNET]) {
        Ok(python) => python,
        Err(reason) => return println!("skipped: Jython: execnet {EXECNET}: {reason}"),
    };
    let packages = python.ancestors().nth(2).unwrap().join("lib");
    within("Jython", 6 * LONG, move || {
        // The virtual machine takes seconds to start.
        let group = Group::with_options(quiet().with_bootstrap_timeout(2 * LONG));
        let spec = format!(
            "popen//python=jython//bootstrap=execnet//env:JYTHONPATH={}",
            packages.display()
        );
        let gateway = group.make_gateway(spec).unwrap();
        behaves_except("Jython", &gateway, EXCEPT);
        values(&gateway);
        printing(&gateway);
        let channel = gateway.remote_exec(PID).unwrap();
        let pid = receive(&channel).as_i64().unwrap();
        group.terminate_timeout(LONG);
        eventually("Jython is gone", LONG, || !is_running(pid));
        println!("Jython: the worker leaves when its group ends");
    });
}

fn values(gateway: &Gateway) {
    let channel = gateway.remote_exec(ECHO).unwrap();
    for value in [
        value!(None),
        value!([1, -2.5, "text \u{1f40d}", [true, None]]),
        value!({"key": (1, 2), 3: []}),
        value!(1_208_925_819_614_629_174_706_176_i128),
    ] {
        channel.send(&value).unwrap();
        assert_eq!(receive(&channel), value);
    }
}

fn printing(gateway: &Gateway) {
    let source = "
        import java, sys
        print('x' * 1000)
        sys.stderr.write('y')
        channel.send(java.lang.System.getProperty('java.vendor') is not None)
    ";
    let channel = gateway.remote_exec(source).unwrap();
    assert_eq!(receive(&channel), value!(true));
}
