//! Tracing: events of gateways go to `log`, under the target `execnet`, and, as in execnet, to the place that the
//! environment variable `EXECNET_DEBUG` names when the process makes its first gateway.
//!
//! | `EXECNET_DEBUG` | |
//! |---|---|
//! | unset or empty | nothing |
//! | `2` | standard error; each line begins with the process id |
//! | any other value | the file `execnet-debug-<pid>` in the directory for temporary files |
//!
//! Each line has the id of the gateway. Frames have the level trace, events of a gateway debug, and errors that would
//! otherwise be lost warn. Of the content of a frame only the length is written.

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

/// The place that `EXECNET_DEBUG` names.
enum Lines {
    Nowhere,
    Stderr,
    File(File),
}

/// Whether events of this level are written anywhere. Checked before an event is formatted.
pub(crate) fn is_enabled(level: Level) -> bool {
    !matches!(lines(), Lines::Nowhere) || log::log_enabled!(target: TARGET, level)
}

/// Writes an event of a gateway.
pub(crate) fn event(level: Level, gateway: &str, what: fmt::Arguments<'_>) {
    log::log!(target: TARGET, level, "{gateway} {what}");
    // A failure to write is ignored. Each line is one write, so that lines of several threads do not mix.
    let _ = match lines() {
        Lines::Nowhere => Ok(()),
        Lines::Stderr => {
            let line = format!("[{}] {gateway} {what}\n", process::id());
            io::stderr().write_all(line.as_bytes())
        }
        Lines::File(file) => (&*file).write_all(format!("{gateway} {what}\n").as_bytes()),
    };
}

/// Writes an event for each frame in `bytes`, which must be complete.
pub(crate) fn frames(gateway: &str, what: &str, mut bytes: &[u8]) {
    if !is_enabled(Level::Trace) {
        return;
    }
    while let Some(header) = bytes.first_chunk().copied().map(Header::from_bytes) {
        frame(gateway, what, &header);
        let len = header.payload_len(usize::MAX).unwrap_or(usize::MAX);
        let frame = len.saturating_add(Header::SIZE);
        bytes = bytes.get(frame..).unwrap_or_default();
    }
}

/// Writes the event of a frame, in execnet's form.
pub(crate) fn frame(gateway: &str, what: &str, header: &Header) {
    if is_enabled(Level::Trace) {
        let (code, channel) = (header.code, header.channel.0);
        let len = header.payload_len(usize::MAX).unwrap_or_default();
        let message = format_args!("{what} <Message {code} channel={channel} lendata={len}>");
        event(Level::Trace, gateway, message);
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

/// Creates the file, and never writes to an existing one: the name can be guessed, and all users can write to the
/// directory.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => OpenOptions::new().write(true).create_new(true).open(path),
    }
}

fn complain(error: io::Error) -> Lines {
    let text: String = format!("[{}] no trace: {error}\n", process::id());
    // A failure to write is ignored: there is no other place to report it.
    let _ = io::stderr().write_all(text.as_bytes());
    Lines::Nowhere
}
