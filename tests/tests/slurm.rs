//! Gateways through Slurm, on a cluster that the tests start.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::process::Command;

use execnet::{
    BootstrapError, BootstrapErrorKind, Gateway, Group, MakeGatewayError, Outcome, SlurmAllocation,
    SlurmError, Value,
};
use execnet_test_support::{
    LONG, eventually, is_running, quiet, receive, receive_int, signal, within,
};
use execnet_tests::slurm::in_cluster;

/// What nothing but SIGKILL ends.
const STUBBORN: &str = "import os, signal, time
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
channel.send(os.getpid())
while True:
    time.sleep(60)";

fn node(gateway: &Gateway) -> String {
    let source = "import os; channel.send(os.environ['SLURMD_NODENAME'])";
    let channel = gateway.remote_exec(source).unwrap();
    receive(&channel).as_str().unwrap().to_owned()
}

fn steps() -> String {
    let output = Command::new("squeue")
        .args(["--noheader", "--steps"])
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

fn failed(made: Result<Gateway, MakeGatewayError>) -> BootstrapError {
    match made {
        Err(MakeGatewayError::Bootstrap(error)) => *error,
        other => panic!("{other:?}"),
    }
}

/// The steps share what the job has: with one processor for each task, and memory for the whole node, each has to leave
/// the others theirs.
#[test]
fn an_allocation_gives_a_gateway_for_each_task() {
    const SALLOC: &[&str] = &["salloc", "--quiet", "--nodes=2", "--ntasks=3", "--mem=40"];
    in_cluster(
        "an_allocation_gives_a_gateway_for_each_task",
        SALLOC,
        || {
            within("from_slurm", 2 * LONG, || {
                let expected: Vec<_> = SlurmAllocation::from_env()
                    .unwrap()
                    .tasks()
                    .map(str::to_owned)
                    .collect();
                let group = Group::from_slurm().unwrap();
                let nodes: Vec<_> = group.gateways().iter().map(node).collect();
                println!("{nodes:?}");
                assert_eq!(nodes, expected);
                assert_eq!(nodes, ["n1", "n1", "n2"]);
                let reports = group.terminate_timeout(LONG);
                assert_eq!(reports.len(), 3);
                let left = |outcome| matches!(outcome, Outcome::Exited(exit) if exit.success());
                assert!(
                    reports.iter().all(|report| left(report.outcome)),
                    "{reports:?}"
                );
                eventually("all steps have ended", LONG, || steps().is_empty());
                example();
            });
        },
    );
}

/// That of the guide.
fn example() {
    let output = Command::new(env!("CARGO_BIN_EXE_slurm")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    println!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    let begins = ["gw0: ('n1', ", "gw1: ('n1', ", "gw2: ('n2', "];
    assert_eq!(printed.lines().count(), begins.len());
    let mut lines = printed.lines().zip(begins);
    assert!(lines.all(|(line, begin)| line.starts_with(begin)));
}

#[test]
fn a_program_that_srun_started_gets_no_tasks() {
    const SRUN: &[&str] = &["srun", "--ntasks=1"];
    in_cluster("a_program_that_srun_started_gets_no_tasks", SRUN, || {
        let refused = SlurmAllocation::from_env().unwrap_err();
        assert!(matches!(refused, SlurmError::InsideStep(_)), "{refused:?}");
    });
}

/// SIGKILL to srun and what it has started here would leave the worker running for ever, and the job with it. That no job
/// is left is looked at when all have been tried.
#[test]
fn a_killed_srun_leaves_no_worker_and_no_job() {
    in_cluster("a_killed_srun_leaves_no_worker_and_no_job", &[], || {
        assert!(matches!(
            Group::from_slurm(),
            Err(MakeGatewayError::Slurm(SlurmError::NoAllocation))
        ));
        within("killed here", LONG, || killed(None));
        within("killed by a Python in the middle", LONG, || {
            killed(Some("popen"))
        });
        within("killed by a Rust in the middle", LONG, || {
            killed(Some(RUST))
        });
        within("stopped", LONG, stopped);
        within("killed by another", LONG, killed_by_another);
        within("killed in the queue", LONG, in_the_queue);
        within("a partition that is not there", LONG, no_partition);
    });
}

/// A worker that can be the middle of others.
const RUST: &str = concat!(
    "popen//worker=",
    env!("CARGO_BIN_EXE_own-worker"),
    " --execnet-worker"
);

fn group_behind(middle: Option<&str>, keys: &str) -> (Group, Gateway) {
    let group = Group::with_options(quiet());
    let mut spec = format!("slurm=-p part{keys}");
    if let Some(middle) = middle {
        group.make_gateway(format!("{middle}//id=middle")).unwrap();
        spec.push_str("//via=middle");
    }
    let gateway = group.make_gateway(spec).unwrap();
    (group, gateway)
}

fn killed(middle: Option<&str>) {
    let (group, gateway) = group_behind(middle, "");
    let channel = gateway.remote_exec(STUBBORN).unwrap();
    let worker = receive_int(&channel);
    let reports = group.terminate_timeout(Duration::from_millis(200));
    assert!(was_killed(reports.last().unwrap().outcome), "{reports:?}");
    eventually("the worker is gone", LONG, || !is_running(worker));
}

/// Slurm may take longer to end a step than `terminate` waits for that.
fn was_killed(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Killed(Some(_)) | Outcome::Survived)
}

/// srun's process.
fn srun() -> i64 {
    let own = std::process::id().to_string();
    let output = Command::new("pgrep")
        .args(["-P", &own, "-x", "srun"])
        .output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    text.trim().parse().unwrap()
}

fn stopped() {
    let (group, gateway) = group_behind(None, "");
    let worker = receive_int(&gateway.remote_exec(STUBBORN).unwrap());
    signal("STOP", srun());
    let reports = group.terminate_timeout(Duration::from_millis(200));
    assert!(was_killed(reports[0].outcome), "{reports:?}");
    eventually("the worker is gone", LONG, || !is_running(worker));
}

fn killed_by_another() {
    let (_group, gateway) = group_behind(None, "");
    let channel = gateway.remote_exec(STUBBORN).unwrap();
    let worker = receive_int(&channel);
    signal("KILL", srun());
    let error = channel.receive_timeout(LONG).unwrap_err();
    println!("{error}");
    eventually("the worker is gone", LONG, || !is_running(worker));
}

fn in_the_queue() {
    let (_group, first) = group_behind(None, " --exclusive --nodelist=n1");
    assert_eq!(node(&first), "n1");
    let options = quiet().with_bootstrap_timeout(Duration::from_secs(3));
    let error = failed(Group::with_options(options).make_gateway("slurm=--nodelist=n1"));
    println!("{error}");
    assert_eq!(error.kind(), BootstrapErrorKind::TimedOut);
    assert!(error.stderr().contains("queued and waiting for resources"));
    let channel = first.remote_exec("channel.send(1)").unwrap();
    assert_eq!(receive(&channel), Value::from(1));
}

fn no_partition() {
    let error = failed(Group::with_options(quiet()).make_gateway("slurm=-p nowhere"));
    println!("{error}");
    assert!(error.stderr().contains("invalid partition"), "{error}");
}
