//! The steps of a hostile end of a sync. `hostile-peer` runs them, and so do tests that are the hostile end themselves.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use execnet::Value;

/// One step, from an item of a script.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `None`: it waits for a message.
    Hear,
    /// `["wanted"]`: it waits until files are asked for. What was listed before has been looked at by then.
    HearWant,
    /// `["swap", path, text]`: a link of that text takes the place of what has the path.
    Swap(PathBuf, PathBuf),
    /// `["pipe", path]`: a named pipe does, which nobody opens.
    Pipe(PathBuf),
    /// `["die"]`: it is gone.
    Die,
    /// Anything else: that is sent.
    Say(Value),
}

impl From<Value> for Step {
    fn from(value: Value) -> Self {
        let words: Option<Vec<&str>> = match &value {
            Value::List(words) => words.iter().map(Value::as_str).collect(),
            _ => None,
        };
        match words.as_deref() {
            Some(["die"]) => Self::Die,
            Some(["wanted"]) => Self::HearWant,
            Some(["pipe", path]) => Self::Pipe(path.into()),
            Some(["swap", path, text]) => Self::Swap(path.into(), text.into()),
            _ if value.is_none() => Self::Hear,
            _ => Self::Say(value),
        }
    }
}

impl Step {
    /// Whether this is a request for files.
    #[must_use]
    pub fn is_want(item: &Value) -> bool {
        matches!(item, Value::Tuple(fields) if fields.first() == Some(&Value::from(10)))
    }
}

/// Puts a link in the place of a file, or of an empty directory.
///
/// # Errors
/// There is neither, or the system makes no links.
pub fn swap(path: &Path, text: &Path) -> io::Result<()> {
    remove(path)?;
    #[cfg(unix)]
    return std::os::unix::fs::symlink(text, path);
    #[cfg(not(unix))]
    return Err(io::Error::other(format!(
        "no link to {text:?} is made here"
    )));
}

/// Puts a named pipe in the place of a file, or of an empty directory.
///
/// # Errors
/// There is neither, or the system makes no pipes.
pub fn pipe(path: &Path) -> io::Result<()> {
    remove(path)?;
    mkfifo(path)
}

/// A named pipe, which nobody opens.
///
/// # Errors
/// It cannot be made.
pub fn mkfifo(path: &Path) -> io::Result<()> {
    match std::process::Command::new("mkfifo").arg(path).status()? {
        status if status.success() => Ok(()),
        status => Err(io::Error::other(format!("mkfifo: {status}"))),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path).or_else(|_| fs::remove_dir(path))
}
