//! A program that makes gateways, runs code and ends them, in whatever environment it was started: writes the results
//! to the file that its first argument names, because its standard output may be closed.
//!
//! With the argument `reaper`, one of its threads waits for every child, as some programs do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how this program is to end"
)]

use core::error::Error;
use core::time::Duration;
use std::fs::File;
use std::io::Write as _;
use std::time::Instant;
use std::{env, thread};

use execnet::{
    Channel, Exit, Group, GroupOptions, Outcome, Stderr, TerminateReport, WaitCloseError,
};
use rustix::process::{WaitOptions, waitpid};

/// Longer than any step takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);

/// Ends when it is interrupted.
const FOREVER: &str = "
    import time
    channel.send(None)
    while True:
        time.sleep(0.01)
";

/// Ends only by force, with the process that it starts.
const STUBBORN: &str = "
    import os, signal, subprocess, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel.send(os.getpid())
    channel.send(subprocess.Popen(['sleep', '1000']).pid)
    while True:
        time.sleep(0.01)
";

fn main() {
    let mut arguments = env::args().skip(1);
    let mut out = File::create(arguments.next().unwrap()).unwrap();
    if arguments.next().as_deref() == Some("reaper") {
        thread::spawn(reap_all);
    }
    if let Err(error) = run(&mut out) {
        let mut text = format!("error: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        writeln!(out, "{text}").unwrap();
    }
}

fn run(out: &mut File) -> Result<(), Box<dyn Error>> {
    let options = GroupOptions::new().with_stderr(Stderr::Capture);
    let idle = Group::with_options(options.clone());
    let gateway = idle.make_gateway("popen")?;
    let channel = gateway.remote_exec("import os; channel.send([os.getpid()])")?;
    writeln!(out, "idle {}", channel.receive_timeout(LONG)?.into_value())?;
    channel.wait_close_timeout(LONG)?;
    let channel = gateway
        .remote_exec("import subprocess; channel.send(subprocess.call(['sh', '-c', 'exit 42']))")?;
    let status = channel.receive_timeout(LONG)?.into_value();
    writeln!(out, "idle has a child of status {status}")?;
    // Interrupts go to the main thread, which has to be free for the code.
    channel.wait_close_timeout(LONG)?;
    let channel = gateway.remote_exec(FOREVER)?;
    channel.receive_timeout(LONG)?;
    writeln!(out, "idle ends: {}", interrupted(&idle, &channel))?;
    let stubborn = Group::with_options(options);
    let channel = stubborn.make_gateway("popen")?.remote_exec(STUBBORN)?;
    let worker = channel.receive_timeout(LONG)?.into_value();
    let child = channel.receive_timeout(LONG)?.into_value();
    writeln!(out, "stubborn [{worker}, {child}]")?;
    tell(out, "idle", &idle.terminate_timeout(LONG))?;
    tell(
        out,
        "stubborn",
        &stubborn.terminate_timeout(Duration::from_millis(50)),
    )?;
    Ok(())
}

/// Interrupts code until it ends; returns how.
fn interrupted(group: &Group, channel: &Channel) -> String {
    let deadline = Instant::now() + LONG;
    while Instant::now() < deadline {
        group.interrupt();
        match channel.wait_close_timeout(Duration::from_millis(500)) {
            Err(WaitCloseError::Timeout) => {}
            Err(error) => return error.to_string(),
            Ok(()) => return "uninterrupted".to_owned(),
        }
    }
    "never".to_owned()
}

fn tell(out: &mut File, side: &str, reports: &[TerminateReport]) -> std::io::Result<()> {
    for report in reports {
        match report.outcome {
            Outcome::Exited(exit) => writeln!(out, "{side} exited: {}", end(exit))?,
            Outcome::Killed(exit) => {
                writeln!(out, "{side} killed: {}", exit.map_or("?".into(), end))?
            }
            other => writeln!(out, "{side} {other:?}")?,
        }
    }
    Ok(())
}

fn end(exit: Exit) -> String {
    match (exit.code(), exit.signal()) {
        (Some(code), _) => format!("status {code}"),
        (_, Some(signal)) => format!("signal {signal}"),
        _ => "status unknown".to_owned(),
    }
}

/// Takes the status of every child as soon as there is one.
fn reap_all() {
    loop {
        if waitpid(None, WaitOptions::empty()).is_err() {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
