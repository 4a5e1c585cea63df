//! Ctrl-C in a program that runs in a terminal, and workers that read from the terminal.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};

use execnet_test_support::{LONG, eventually, is_running, within};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

/// A program in a terminal of its own.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: BufReader<File>,
}

impl Terminal {
    fn start(argument: &str) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let theirs = ioctl_tiocgptpeer(&ours, flags).unwrap();
        let keyboard = File::from(ours);
        Self {
            child: start_in(theirs, argument),
            screen: BufReader::new(keyboard.try_clone().unwrap()),
            keyboard,
        }
    }

    /// A line of the screen; None when nobody has the terminal any more.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.screen.read_line(&mut line).ok()?;
        (!line.is_empty()).then_some(line)
    }

    /// What the program prints first.
    fn pid(&mut self) -> i64 {
        self.line().unwrap().trim().parse().unwrap()
    }

    fn press_ctrl_c(mut self) -> (String, ExitStatus) {
        self.keyboard.write_all(b"\x03").unwrap();
        self.end()
    }

    /// Returns what is on the screen at the end, and how the program ended.
    fn end(mut self) -> (String, ExitStatus) {
        let mut rest = String::new();
        while let Some(line) = self.line() {
            rest.push_str(&line);
        }
        (rest, self.child.wait().unwrap())
    }
}

fn start_in(terminal: OwnedFd, argument: &str) -> Child {
    // These tests may run where Ctrl-C is ignored: behind a shell's `&`.
    Command::new("env")
        .args(["--default-signal=INT", "setsid", "--ctty"])
        .args([env!("CARGO_BIN_EXE_ctrl-c"), argument])
        .stdin(terminal.try_clone().unwrap())
        .stdout(terminal.try_clone().unwrap())
        .stderr(terminal)
        .spawn()
        .unwrap()
}

#[test]
fn a_program_that_passes_the_interrupt_on_interrupts_its_code_and_continues() {
    within("passed on", LONG, || {
        let mut terminal = Terminal::start("passed-on");
        let worker = terminal.pid();
        let (screen, status) = terminal.press_ctrl_c();
        assert!(screen.contains("keyboard-interrupted"), "{screen}");
        assert!(screen.contains("goes on"), "{screen}");
        assert!(status.success(), "{status}: {screen}");
        assert!(!is_running(worker));
    });
}

#[test]
fn the_worker_of_an_idle_program_ends_with_it() {
    within("not handled", 2 * LONG, || {
        let mut terminal = Terminal::start("");
        let worker = terminal.pid();
        let (screen, status) = terminal.press_ctrl_c();
        assert_eq!(status.signal(), Some(2), "{status}: {screen}");
        eventually("the worker has left", LONG, || !is_running(worker));
    });
}

/// Its group is in the background of the terminal: the system would stop it, and nobody would know.
#[test]
fn a_worker_that_reads_the_terminal_gets_an_error() {
    within("reads the terminal", LONG, || {
        let mut terminal = Terminal::start("asks");
        let worker = terminal.pid();
        let (screen, status) = terminal.end();
        assert!(screen.contains("Input/output error"), "{screen}");
        assert!(screen.contains("goes on"), "{screen}");
        assert!(status.success(), "{status}: {screen}");
        assert!(!is_running(worker));
    });
}
