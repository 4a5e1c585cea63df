//! Ctrl-C in a terminal, while a worker runs code.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use execnet_tests::support::{LONG, eventually, is_running, within};

/// A program in a terminal of its own.
struct Terminal {
    child: Child,
    screen: BufReader<ChildStdout>,
}

impl Terminal {
    /// None where no terminal can be had; the reason is printed.
    fn start(argument: &str) -> Option<Self> {
        let command = format!("{} {argument}", env!("CARGO_BIN_EXE_ctrl-c"));
        let child = Command::new("script")
            .args(["-q", "-e", "-c", &command, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child
            .map_err(|error| println!("skipped: no terminal (`script`): {error}"))
            .ok()?;
        let screen = BufReader::new(child.stdout.take().unwrap());
        Some(Self { child, screen })
    }

    /// What the program prints first.
    fn pid(&mut self) -> i64 {
        let mut line = String::new();
        self.screen.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }

    /// Returns what is on the screen at the end, and the exit status, as a shell tells it.
    fn press_ctrl_c(mut self) -> (String, Option<i32>) {
        let mut keyboard = self.child.stdin.take().unwrap();
        keyboard.write_all(b"\x03").unwrap();
        let mut rest = String::new();
        self.screen.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code())
    }
}

#[test]
fn a_program_that_passes_it_on_sees_its_code_interrupted_and_goes_on() {
    within("passed on", LONG, || {
        let Some(mut terminal) = Terminal::start("passed-on") else {
            return;
        };
        let worker = terminal.pid();
        let (screen, status) = terminal.press_ctrl_c();
        assert!(screen.contains("keyboard-interrupted"), "{screen}");
        assert!(screen.contains("goes on"), "{screen}");
        assert_eq!(status, Some(0), "{screen}");
        assert!(!is_running(worker));
    });
}

#[test]
fn a_program_that_does_nothing_ends_and_its_worker_leaves() {
    within("not handled", 2 * LONG, || {
        let Some(mut terminal) = Terminal::start("") else {
            return;
        };
        let worker = terminal.pid();
        let (screen, status) = terminal.press_ctrl_c();
        assert_eq!(status, Some(130), "{screen}");
        eventually("the worker has left", LONG, || !is_running(worker));
    });
}
