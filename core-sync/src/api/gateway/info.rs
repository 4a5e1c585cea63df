//! The description of the process at the other end, which it sends on request.

use alloc::string::{String, ToString};
#[cfg(feature = "literal")]
use core::fmt;
use core::time::Duration;

use execnet_serializer::{Dict, Value, value};

use super::Gateway;
use crate::api::channel::Channel;
use crate::call::Call;
use crate::error::StatusError;
use crate::sync::Deadline;

/// A description of the process that runs a gateway's code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteInfo {
    /// Path of the program, usually a Python interpreter.
    pub executable: String,
    /// Version of the program; of Python, `(3, 12, 1, 'final', 0)`.
    pub version_info: Value,
    /// Python's name of the operating system: `linux`, `darwin`, `win32`.
    pub platform: String,
    /// Current directory at the time of the request. Here and in `executable`, `?` stands for a byte that is not UTF-8.
    /// Python 2 sends bytes, which are decoded as Latin-1.
    pub cwd: String,
    /// Process id.
    pub pid: u32,
}

/// The name of the function, which Rust workers have as a builtin. The name is execnet's.
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
    /// Describes the process that runs the code of this gateway. The first call requests it from the worker, and later
    /// calls return the same answer.
    ///
    /// The request runs code in the worker: if the worker runs one call at a time, it waits until the worker is free.
    ///
    /// # Errors
    ///
    /// The gateway was exited, the connection is lost, or the answer has another form.
    pub fn remote_info(&self) -> Result<RemoteInfo, StatusError> {
        self.info_until(Deadline::NEVER)
    }

    /// As [`remote_info`](Self::remote_info), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`remote_info`](Self::remote_info), or no answer arrived within `timeout` ([`StatusError::is_timeout`]).
    pub fn remote_info_timeout(&self, timeout: Duration) -> Result<RemoteInfo, StatusError> {
        self.info_until(Deadline::after(timeout))
    }

    /// As [`remote_info`](Self::remote_info), with a new request in any case.
    ///
    /// # Errors
    ///
    /// As [`remote_info`](Self::remote_info).
    pub fn remote_info_update(&self) -> Result<RemoteInfo, StatusError> {
        self.request_info(Deadline::NEVER)
    }

    /// As [`remote_info_update`](Self::remote_info_update), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`remote_info_timeout`](Self::remote_info_timeout).
    pub fn remote_info_update_timeout(&self, timeout: Duration) -> Result<RemoteInfo, StatusError> {
        self.request_info(Deadline::after(timeout))
    }

    fn info_until(&self, deadline: Deadline) -> Result<RemoteInfo, StatusError> {
        let known = self.inner.info.lock().clone();
        known.map_or_else(|| self.request_info(deadline), Ok)
    }

    fn request_info(&self, deadline: Deadline) -> Result<RemoteInfo, StatusError> {
        let arguments = Dict::new();
        let call = Call::function(SOURCE, CALL_NAME, &arguments);
        let channel = self
            .own_channel()
            .and_then(|channel| self.exec_on(channel, &call))?;
        let answer = channel.receive_until(deadline)?;
        let info = RemoteInfo::from_value(&answer).ok_or(StatusError::Answer)?;
        // The old value is dropped unlocked: dropping a large value of the peer takes its time.
        let before = self.inner.info.lock().replace(info.clone());
        drop(before);
        Ok(info)
    }
}

impl RemoteInfo {
    fn from_value(value: &Value) -> Option<Self> {
        let Value::Dict(dict) = value else {
            return None;
        };
        let text = |key: &str| dict.get(key)?.as_str().map(ToString::to_string);
        Some(Self {
            executable: text("executable")?,
            version_info: dict.get("version_info")?.clone(),
            platform: text("platform")?,
            cwd: text("cwd")?,
            pid: u32::try_from(dict.get("pid")?.as_i64()?).ok()?,
        })
    }
}

/// `<RInfo executable='/usr/bin/python3' ...>`
#[cfg(feature = "literal")]
impl fmt::Display for RemoteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<RInfo executable={:?} version_info={} platform={:?} cwd={:?} pid={}>",
            self.executable, self.version_info, self.platform, self.cwd, self.pid
        )
    }
}

/// The builtin of Rust workers.
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
    channel.send(value!({
        "executable": (text(std::env::current_exe())),
        "version_info": (version),
        "platform": (platform),
        "cwd": (text(std::env::current_dir())),
        "pid": (i64::from(std::process::id())),
    }))
}
