//! A board in QEMU.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use execnet_core_sync::serial::{Decoder, Event, Mark, encode, encode_mark};
use execnet_test_support::{LONG, root, until};
use tempfile::TempDir;

const EMULATOR: &str = "qemu-system-arm";

pub(crate) struct Board {
    emulator: Child,
    monitor: UnixStream,
    directory: TempDir,
}

impl Board {
    /// Starts the board with an image. Fails with the reason if there is no emulator or no image.
    pub(crate) fn boot(image: &str, options: &[&str]) -> Result<Self, String> {
        let directory = env::var_os("EXECNET_FIRMWARE").map(PathBuf::from);
        let built = || root().join("target/firmware/thumbv7m-none-eabi/release");
        let image = directory.unwrap_or_else(built).join(image);
        if !image.exists() {
            return Err("scripts/firmware has built no image".to_owned());
        }
        let directory = tempfile::tempdir().unwrap();
        let socket = |name| directory.path().join(name).display().to_string();
        let mut command = Command::new(EMULATOR);
        command
            .args([
                "-machine",
                "lm3s6965evb",
                "-display",
                "none",
                "-monitor",
                "none",
            ])
            .arg("-chardev")
            .arg(format!(
                "socket,id=uart,path={},server=on,wait=off",
                socket("uart")
            ))
            .args(["-serial", "chardev:uart"])
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", socket("monitor")))
            .arg("-kernel")
            .arg(image)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let emulator = command
            .spawn()
            .map_err(|error| format!("{EMULATOR} does not start: {error}"))?;
        let monitor = until("the monitor of the emulator", LONG, || {
            UnixStream::connect(directory.path().join("monitor")).ok()
        });
        let board = Self {
            emulator,
            monitor,
            directory,
        };
        board.order("qmp_capabilities");
        Ok(board)
    }

    fn uart(&self) -> PathBuf {
        self.directory.path().join("uart")
    }

    /// The spec of a gateway to it.
    pub(crate) fn spec(&self) -> String {
        format!("serial=unix:{}", self.uart().display())
    }

    /// The line for the adapter of stock execnet.
    pub(crate) fn path(&self) -> String {
        format!("unix:{}", Path::display(&self.uart()))
    }

    pub(crate) fn reset(&self) {
        self.order("system_reset");
    }

    /// Gives an order to the emulator, and waits until it is carried out.
    fn order(&self, order: &str) {
        let text = format!("{{\"execute\": \"{order}\"}}");
        (&self.monitor).write_all(text.as_bytes()).unwrap();
        let mut answers = BufReader::new(&self.monitor);
        let mut line = String::new();
        // Greetings and events come between.
        while !line.contains("\"return\"") {
            line.clear();
            assert!(answers.read_line(&mut line).unwrap() > 0, "no emulator");
            assert!(!line.contains("\"error\""), "{line}");
        }
    }

    /// Its line, without a connection.
    pub(crate) fn line(&self) -> Line {
        let stream = UnixStream::connect(self.uart()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Line {
            stream,
            decoder: Decoder::new(),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

/// A line on which a test writes what it likes.
pub(crate) struct Line {
    pub(crate) stream: UnixStream,
    decoder: Decoder,
}

impl Line {
    /// Writes bytes of frames.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut all = Vec::new();
        append(&mut all, bytes);
        (&self.stream).write_all(&all).unwrap();
    }

    /// Begins a connection, and drops everything before the answer.
    pub(crate) fn begin(&mut self, number: u32) {
        loop {
            (&self.stream)
                .write_all(&encode_mark(Mark::Begin(number)))
                .unwrap();
            if self.find(Mark::Accept(number)) {
                return;
            }
        }
    }

    /// Reads to a mark. Returns false if the board has restarted before: what was written to it may be lost.
    fn find(&mut self, wanted: Mark) -> bool {
        let (mut byte, mut output) = ([0], [0]);
        loop {
            self.stream.read_exact(&mut byte).unwrap();
            match self.decoder.decode(&byte, &mut output).event {
                Some(Event::Mark(mark)) if mark == wanted => return true,
                Some(Event::Mark(Mark::End(0))) => return false,
                _ => {}
            }
        }
    }

    /// Drops, in a thread, what the board writes.
    pub(crate) fn drain(&self) -> thread::JoinHandle<()> {
        let mut stream = self.stream.try_clone().unwrap();
        thread::spawn(move || {
            let mut dropped = [0; 4096];
            while stream.read(&mut dropped).is_ok_and(|read| read > 0) {}
        })
    }
}

/// Appends bytes of frames as they go over the line.
pub(crate) fn append(line: &mut Vec<u8>, mut bytes: &[u8]) {
    let mut output = [0; 256];
    while !bytes.is_empty() {
        let (taken, encoded) = encode(bytes, &mut output);
        line.extend_from_slice(encoded);
        bytes = &bytes[taken..];
    }
}
