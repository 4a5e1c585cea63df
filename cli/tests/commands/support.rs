//! The real program, run with a deadline.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use execnet_test_support::{eventually, is_running, until};
use rustix::process::Pid;

/// Long enough for a busy machine, and short enough that a hang fails with the name of its test.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The program with these arguments. At the deadline it is killed and the test fails.
pub(crate) fn execnet(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_execnet"));
    command.timeout(DEADLINE).args(arguments);
    command
}

/// Runs the program and checks its exit status.
pub(crate) fn run(arguments: &[&str], status: i32) -> Finished {
    Finished::new(execnet(arguments).assert().code(status))
}

/// Runs the program with this standard input.
pub(crate) fn run_with(arguments: &[&str], input: &[u8], status: i32) -> Finished {
    Finished::new(execnet(arguments).write_stdin(input).assert().code(status))
}

/// Runs the program in a terminal with colours, and with this environment variable.
pub(crate) fn in_terminal(arguments: &[&str], variable: Option<(&str, &str)>) -> Finished {
    let program = env!("CARGO_BIN_EXE_execnet");
    let words = [&[program], arguments].concat();
    let code = format!("import os, pty, sys; sys.exit(pty.spawn({words:?}) >> 8)");
    let mut command = Command::new("python3");
    command
        .timeout(DEADLINE)
        .args(["-c", &code])
        .env("TERM", "xterm");
    command.env_remove("NO_COLOR").envs(variable);
    Finished::new(command.assert().code(0))
}

/// The output of a finished run.
pub(crate) struct Finished {
    pub(crate) stdout: Vec<u8>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Finished {
    pub(crate) fn new(run: Assert) -> Self {
        let output = run.get_output();
        Self {
            stdout: output.stdout.clone(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Checks that standard error contains this text.
    pub(crate) fn tells(self, text: &str) -> Self {
        assert!(
            self.err.contains(text),
            "{text:?} is not in standard error: {}",
            self.err
        );
        self
    }
}

/// The program as a child process of the test; killed when dropped.
pub(crate) struct Running(pub(crate) std::process::Child);

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, Stdio::piped())
    }

    /// Starts it with this standard output instead of a pipe.
    pub(crate) fn start_with(arguments: &[&str], output: impl Into<Stdio>) -> Self {
        Self::spawn(arguments, Stdio::null(), output.into())
    }

    /// Starts it with a pipe as its standard input, which stays open until it is taken and dropped.
    pub(crate) fn start_with_input(arguments: &[&str]) -> Self {
        Self::spawn(arguments, Stdio::piped(), Stdio::piped())
    }

    /// Starts it with this standard input.
    pub(crate) fn start_with_stdin(arguments: &[&str], input: impl Into<Stdio>) -> Self {
        Self::spawn(arguments, input.into(), Stdio::piped())
    }

    fn spawn(arguments: &[&str], input: Stdio, output: Stdio) -> Self {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_execnet"));
        command
            .args(arguments)
            .stdin(input)
            .stdout(output)
            .stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// The first line of its output, which is a number such as a process id. Discards the rest of the output.
    pub(crate) fn first_number(&mut self) -> i32 {
        let line = self.first_line();
        line.parse()
            .unwrap_or_else(|_| panic!("not a number: {line:?}"))
    }

    /// The first line of its output. Discards the rest of the output.
    pub(crate) fn first_line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        line.trim_end().to_owned()
    }

    /// The lines of its output, as they come.
    pub(crate) fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let output = BufReader::new(self.0.stdout.take().unwrap());
        output.lines().map(Result::unwrap)
    }

    /// The lines of its standard error, as they come.
    pub(crate) fn error_lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let errors = BufReader::new(self.0.stderr.take().unwrap());
        errors.lines().map(Result::unwrap)
    }

    /// Its exit status.
    pub(crate) fn status(&mut self) -> Option<i32> {
        until("the program ends", DEADLINE, || self.0.try_wait().unwrap()).code()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Its exit status and its standard error.
    pub(crate) fn finish(mut self) -> (Option<i32>, String) {
        let status = self.status();
        let mut err = String::new();
        self.0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        (status, err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if it has exited, as it should have.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the process does not run any more.
pub(crate) fn wait_until_gone(pid: i32) {
    eventually("the process has ended", DEADLINE, || {
        !is_running(pid.into())
    });
}
