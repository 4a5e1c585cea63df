//! What a gateway tells of its doings: to `log`, under the target `execnet`, and as execnet does it where the
//! environment variable `EXECNET_DEBUG` is set when the process first makes a gateway.
//!
//! | `EXECNET_DEBUG` | |
//! |---|---|
//! | unset or empty | nothing |
//! | `2` | lines on standard error, each with the process id in front |
//! | anything else | lines in the file `execnet-debug-<pid>` of the directory for temporary files |
//!
//! Each line begins with the gateway's id. Frames are told at the level trace, what happens to a gateway at debug, and
//! what would otherwise be lost at warn. What a peer has sent is not told, only how long it is.

use alloc::format;
use alloc::string::String;
use core::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::OnceLock;
use std::{env, process};

use log::Level;

use crate::frame::Header;

const TARGET: &str = "execnet";

/// Where `EXECNET_DEBUG` wants lines.
enum Lines {
    Nowhere,
    Stderr,
    File(File),
}

/// Whether somebody wants to know; asked before anything is put into words.
pub(crate) fn is_on(level: Level) -> bool {
    !matches!(lines(), Lines::Nowhere) || log::log_enabled!(target: TARGET, level)
}

/// Tells something of a gateway.
pub(crate) fn tell(level: Level, gateway: &str, what: fmt::Arguments<'_>) {
    log::log!(target: TARGET, level, "{gateway} {what}");
    // A trace that cannot be written is not worth a failure; each line is one write, for the lines of threads.
    let _ = match lines() {
        Lines::Nowhere => Ok(()),
        Lines::Stderr => {
            let line = format!("[{}] {gateway} {what}\n", process::id());
            io::stderr().write_all(line.as_bytes())
        }
        Lines::File(file) => (&*file).write_all(format!("{gateway} {what}\n").as_bytes()),
    };
}

/// Tells of the frames in `bytes`, which are whole.
pub(crate) fn frames(gateway: &str, what: &str, mut bytes: &[u8]) {
    if !is_on(Level::Trace) {
        return;
    }
    while let Some(header) = bytes.first_chunk().copied().map(Header::from_bytes) {
        frame(gateway, what, &header);
        let len = header.payload_len(usize::MAX).unwrap_or(usize::MAX);
        let frame = len.saturating_add(Header::SIZE);
        bytes = bytes.get(frame..).unwrap_or_default();
    }
}

/// Tells of one frame, in execnet's form.
pub(crate) fn frame(gateway: &str, what: &str, header: &Header) {
    if is_on(Level::Trace) {
        let (code, channel) = (header.code, header.channel.0);
        let len = header.payload_len(usize::MAX).unwrap_or_default();
        let message = format_args!("{what} <Message {code} channel={channel} lendata={len}>");
        tell(Level::Trace, gateway, message);
    }
}

fn lines() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| match env::var_os("EXECNET_DEBUG") {
        Some(value) if value == "2" => Lines::Stderr,
        Some(value) if !value.is_empty() => {
            let name = format!("execnet-debug-{}", process::id());
            create(&env::temp_dir().join(name)).map_or_else(complain, Lines::File)
        }
        _ => Lines::Nowhere,
    })
}

/// The name can be guessed, and the directory belongs to all: what stands there already is never written to.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => OpenOptions::new().write(true).create_new(true).open(path),
    }
}

fn complain(error: io::Error) -> Lines {
    let text: String = format!("[{}] no trace: {error}\n", process::id());
    // There is nobody else to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    Lines::Nowhere
}
