//! The tailer does not end by itself.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use core::time::Duration;

use execnet_test_support::LONG;

use super::{Variant, variants};

#[test]
fn the_tailer_prints_new_lines_of_each_host() {
    for variant in variants(env!("CARGO_BIN_EXE_tailer"), "tailer") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .unwrap();
        log.write_all(b"old\n").unwrap();
        let mut running = Running::start(&variant, path.to_str().unwrap());
        // The workers begin at the end of the file, at a time that only they know.
        let first = running.line_while(|| log.write_all(b"new\n").unwrap());
        assert_eq!(first, format!("{}: new", variant.spec));
        // A line is complete when its end is there.
        log.write_all(b"la").unwrap();
        log.write_all(b"st\n").unwrap();
        let last = format!("{}: last", variant.spec);
        while running.line_while(|| ()) != last {}
    }
}

/// A running tool; killed when dropped.
struct Running {
    process: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(variant: &Variant, path: &str) -> Self {
        let mut command = variant.start(&[path, variant.spec, variant.spec]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines
                .take_while(|line| sender.send(line.clone()).is_ok())
                .count()
        });
        Self { process, lines }
    }

    /// The next line of its output. Until there is one, `act` is called again and again.
    fn line_while(&mut self, mut act: impl FnMut()) -> String {
        let started = Instant::now();
        loop {
            act();
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => return line,
                Err(RecvTimeoutError::Disconnected) => panic!("{:?}", self.process.try_wait()),
                Err(RecvTimeoutError::Timeout) => {
                    assert!(started.elapsed() < LONG, "no line within {LONG:?}");
                }
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
