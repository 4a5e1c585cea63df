use alloc::string::{String, ToString};
use core::fmt;
use core::time::Duration;

use execnet_serializer::{Dict, Value};

use super::Gateway;
use crate::api::channel::Channel;
use crate::call::Call;
use crate::error::StatusError;
use crate::sync::Deadline;

/// Where code that a gateway runs is run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteInfo {
    /// The program that runs it: a Python interpreter, mostly.
    pub executable: String,
    /// Its version: of Python, `(3, 12, 1, 'final', 0)`.
    pub version_info: Value,
    /// The operating system, in Python's words: `linux`, `darwin`, `win32`.
    pub platform: String,
    /// The current directory, as it was when this was asked. Here and in `executable`, `?` stands for a byte that is not
    /// UTF-8; Python 2 has that as bytes, which are taken for Latin-1.
    pub cwd: String,
    /// The number of the process.
    pub pid: u32,
}

/// What a call of this name answers, workers in Rust know without being told; the name is execnet's.
pub(crate) const CALL_NAME: &str = "rinfo_source";

const SOURCE: &str = "\
def rinfo_source(channel):
    import os
    import sys

    def text(path):
        # Lone surrogates stand for bytes that are not UTF-8, and cannot be sent.
        if sys.version_info < (3,) or not path:
            return path
        return path.encode('utf-8', 'replace').decode('utf-8')

    channel.send({
        'executable': text(sys.executable),
        'version_info': tuple(sys.version_info),
        'platform': sys.platform,
        'cwd': text(os.getcwd()),
        'pid': os.getpid(),
    })
";

impl Gateway {
    /// Describes where the code of this gateway runs. The first call asks the worker, and later ones return the same
    /// answer.
    ///
    /// The first call runs code there: it waits until a worker that runs one call at a time is free.
    ///
    /// # Errors
    ///
    /// The gateway was exited or lost its peer, or the answer has another form.
    pub fn remote_info(&self) -> Result<RemoteInfo, StatusError> {
        self.info_until(Deadline::NEVER)
    }

    /// As [`remote_info`](Self::remote_info), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As there, or no answer came within `timeout` ([`StatusError::is_timeout`]).
    pub fn remote_info_timeout(&self, timeout: Duration) -> Result<RemoteInfo, StatusError> {
        self.info_until(Deadline::after(timeout))
    }

    /// As [`remote_info`](Self::remote_info), but asks the worker in any case.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn remote_info_update(&self) -> Result<RemoteInfo, StatusError> {
        self.ask_info(Deadline::NEVER)
    }

    /// As [`remote_info_update`](Self::remote_info_update), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`remote_info_timeout`](Self::remote_info_timeout).
    pub fn remote_info_update_timeout(&self, timeout: Duration) -> Result<RemoteInfo, StatusError> {
        self.ask_info(Deadline::after(timeout))
    }

    fn info_until(&self, deadline: Deadline) -> Result<RemoteInfo, StatusError> {
        let known = self.handle.info.lock().clone();
        known.map_or_else(|| self.ask_info(deadline), Ok)
    }

    fn ask_info(&self, deadline: Deadline) -> Result<RemoteInfo, StatusError> {
        let arguments = Dict::new();
        let call = Call::function(SOURCE, CALL_NAME, &arguments);
        let channel = self
            .own_channel()
            .and_then(|channel| self.exec_on(channel, &call))?;
        let answer = channel.receive_until(deadline);
        let answer = answer?;
        let info = RemoteInfo::from_value(&answer).ok_or(StatusError::Answer)?;
        // What was known before is dropped unlocked: it holds a value of the peer's.
        let before = self.handle.info.lock().replace(info.clone());
        drop(before);
        Ok(info)
    }
}

impl RemoteInfo {
    fn from_value(value: &Value) -> Option<Self> {
        let Value::Dict(dict) = value else {
            return None;
        };
        let text = |key: &str| dict.get_str(key)?.as_str().map(ToString::to_string);
        Some(Self {
            executable: text("executable")?,
            version_info: dict.get_str("version_info")?.clone(),
            platform: text("platform")?,
            cwd: text("cwd")?,
            pid: u32::try_from(dict.get_str("pid")?.as_i64()?).ok()?,
        })
    }
}

/// `<RInfo executable='/usr/bin/python3' ...>`
impl fmt::Display for RemoteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            executable,
            version_info,
            platform,
            cwd,
            pid,
        } = self;
        write!(
            f,
            "<RInfo executable={executable:?} version_info={version_info} platform={platform:?} cwd={cwd:?} pid={pid}>"
        )
    }
}

/// What a worker in Rust answers.
pub(crate) fn answer(channel: &Channel) -> Result<(), crate::error::SendError> {
    let text = |path: std::io::Result<std::path::PathBuf>| {
        path.map_or_else(
            |_| String::new(),
            |path| path.to_string_lossy().into_owned(),
        )
    };
    let platform = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let number = |part: &str| part.parse::<i64>().unwrap_or(0);
    let version = (
        number(env!("CARGO_PKG_VERSION_MAJOR")),
        number(env!("CARGO_PKG_VERSION_MINOR")),
        number(env!("CARGO_PKG_VERSION_PATCH")),
        "rust",
        0,
    );
    let pairs: [(&str, Value); 5] = [
        ("executable", text(std::env::current_exe()).into()),
        ("version_info", version.into()),
        ("platform", platform.into()),
        ("cwd", text(std::env::current_dir()).into()),
        ("pid", i64::from(std::process::id()).into()),
    ];
    let pairs = pairs.into_iter();
    let dict: Dict = pairs
        .map(|(key, value)| (Value::from(key), value))
        .collect();
    channel.send(&dict)
}
