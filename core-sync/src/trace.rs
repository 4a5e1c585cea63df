//! Tracing: events of gateways go to `log`, under the target `execnet`, and, as in execnet, to the place that the
//! environment variable `EXECNET_DEBUG` names when the process makes its first gateway.
//!
//! | `EXECNET_DEBUG` | |
//! |---|---|
//! | unset or empty | nothing |
//! | `2` | standard error; each line begins with the process id |
//! | the absolute path of a directory | the file `execnet-debug-<pid>` there, with times and the content of frames |
//! | any other value | the file `execnet-debug-<pid>` in the directory for temporary files |
//!
//! Each line has the id of the gateway. Frames have the level trace, events of a gateway debug, and errors that would
//! otherwise be lost warn. Of the content of a frame only the length is written, unless a directory is named: then a line
//! begins with the time in seconds since 1970, and that of a frame ends with the first bytes of the payload in
//! hexadecimal digits. `execnet trace` records and shows such files.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt::{self, Write as _};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, process};

use execnet_serializer::Limits;
use log::Level;

use crate::frame::Header;
use crate::pickle;

const TARGET: &str = "execnet";

/// Number of bytes of a payload that are written.
const EXCERPT: usize = 512;

/// A longer pickle is written as it is: converting it would take too long for the sake of its first bytes.
const CONVERTED: usize = 64 * 1024;

/// The place that `EXECNET_DEBUG` names.
enum Lines {
    Nowhere,
    Stderr,
    File(File),
    /// With times and the content of frames.
    Detailed(File),
}

/// Whether events of this level are written anywhere. Checked before an event is formatted.
pub(crate) fn is_enabled(level: Level) -> bool {
    !matches!(lines(), Lines::Nowhere) || log::log_enabled!(target: TARGET, level)
}

/// Writes an event of a gateway.
pub(crate) fn event(level: Level, gateway: &str, what: fmt::Arguments<'_>) {
    write(level, gateway, what, &[]);
}

/// Writes an event for each frame in `bytes`, which must be complete.
pub(crate) fn frames(gateway: &str, what: &str, mut bytes: &[u8]) {
    if !is_enabled(Level::Trace) {
        return;
    }
    while let Some((header, rest)) = bytes.split_first_chunk() {
        let header = Header::from_bytes(*header);
        let len = header.payload_len(usize::MAX).unwrap_or(usize::MAX);
        // Not all of it is here if a part of the item comes from a file.
        let (payload, rest) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        frame(gateway, what, &header, payload);
        bytes = rest;
    }
}

/// Writes the event of a frame, in execnet's form.
pub(crate) fn frame(gateway: &str, what: &str, header: &Header, payload: &[u8]) {
    if is_enabled(Level::Trace) {
        let (code, channel) = (header.code, header.channel.0);
        let len = header.payload_len(usize::MAX).unwrap_or_default();
        let message = format_args!("{what} <Message {code} channel={channel} lendata={len}>");
        write(Level::Trace, gateway, message, payload);
    }
}

fn write(level: Level, gateway: &str, what: fmt::Arguments<'_>, payload: &[u8]) {
    log::log!(target: TARGET, level, "{gateway} {what}");
    // A failure to write is ignored. Each line is one write, so that lines of several threads do not mix.
    let _ = match lines() {
        Lines::Nowhere => Ok(()),
        Lines::Stderr => {
            let line = format!("[{}] {gateway} {what}\n", process::id());
            io::stderr().write_all(line.as_bytes())
        }
        Lines::File(file) => (&*file).write_all(format!("{gateway} {what}\n").as_bytes()),
        Lines::Detailed(file) => (&*file).write_all(detailed(gateway, what, payload).as_bytes()),
    };
}

fn detailed(gateway: &str, what: fmt::Arguments<'_>, payload: &[u8]) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // The reason of an end may have lines of its own.
    let what = what.to_string().replace('\n', "\\n");
    let (seconds, micros) = (now.as_secs(), now.subsec_micros());
    let mut line = format!("{seconds}.{micros:06} {gateway} {what}");
    if !payload.is_empty() {
        line.push(' ');
    }
    for byte in opcodes(payload).iter().take(EXCERPT) {
        // Writing to a String cannot fail.
        let _ = write!(line, "{byte:02x}");
    }
    line.push('\n');
    line
}

/// The payload with opcodes instead of a pickle, so that readers of a trace need one format only.
fn opcodes(payload: &[u8]) -> Cow<'_, [u8]> {
    let converts = pickle::is_pickle(payload) && payload.len() <= CONVERTED;
    let converted = converts.then(|| pickle::to_opcodes(payload, Limits::default()).ok());
    converted.flatten().map_or(payload.into(), Cow::Owned)
}

fn lines() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| match env::var_os("EXECNET_DEBUG") {
        Some(value) if value == "2" => Lines::Stderr,
        Some(value) if Path::new(&value).is_absolute() => open(Path::new(&value), Lines::Detailed),
        Some(value) if !value.is_empty() => open(&env::temp_dir(), Lines::File),
        _ => Lines::Nowhere,
    })
}

fn open(directory: &Path, lines: fn(File) -> Lines) -> Lines {
    let name = format!("execnet-debug-{}", process::id());
    create(&directory.join(name)).map_or_else(complain, lines)
}

/// Creates the file, and never writes to an existing one: the name can be guessed, and all users can write to the
/// directory.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => {
            let mut options = OpenOptions::new();
            // What is sent concerns nobody else.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.write(true).create_new(true).open(path)
        }
    }
}

fn complain(error: io::Error) -> Lines {
    let text: String = format!("[{}] no trace: {error}\n", process::id());
    // A failure to write is ignored: there is no other place to report it.
    let _ = io::stderr().write_all(text.as_bytes());
    Lines::Nowhere
}
