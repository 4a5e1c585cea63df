//! The result of each target of `execnet rsync`, as a line or a JSON document.

use std::ffi::OsStr;
use std::path::PathBuf;

use execnet::controls_terminal;
use execnet::rsync::{NotSynced, Report};
use indicatif::HumanBytes;
use serde_json::json;

use super::SyncTarget;
use crate::args::{SyncOptions, Verbosity};
use crate::escape::{escaped, escaped_json};
use crate::failure::Failure;
use crate::printer::print_line;

/// Prints the result of each target: a line, or a JSON document with all details.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
    pub(super) dry_run: bool,
    pub(super) verbosity: Verbosity,
}

impl Output {
    pub(super) const fn new(args: &SyncOptions, verbosity: Verbosity) -> Self {
        Self {
            json: args.json,
            dry_run: args.dry_run,
            verbosity,
        }
    }

    /// Prints the document of a target whose gateway cannot be made.
    pub(super) fn without_gateway(
        self,
        target: &SyncTarget<'_>,
        failure: &Failure,
    ) -> Result<(), Failure> {
        match self.json {
            true => self.summary(target, &Report::default(), Some(failure.in_short())),
            false => Ok(()),
        }
    }

    /// Prints the result of a target, and the error that ended it.
    pub(super) fn summary(
        self,
        target: &SyncTarget<'_>,
        report: &Report,
        error: Option<String>,
    ) -> Result<(), Failure> {
        if self.verbosity.quiet && !self.json {
            return Ok(());
        }
        let line = if self.json {
            let mut document = document(target, report);
            document["error"] = error.into();
            escaped_json(&document)
        } else {
            let [sent, linked, deleted] = match self.dry_run {
                true => ["to send", "to link", "to delete"],
                false => ["sent", "linked", "deleted"],
            };
            escaped(&format!(
                "{}: {} {sent} ({}), {} unchanged, {} {linked}, {} {deleted}, {} skipped, {} failed",
                target.label(),
                report.sent.len(),
                HumanBytes(report.bytes),
                report.unchanged,
                report.linked.len(),
                report.deleted.len(),
                report.skipped.len(),
                report.failed.len(),
            ))
        };
        print_line(&line)
    }
}

fn document(target: &SyncTarget<'_>, report: &Report) -> serde_json::Value {
    let paths = |paths: &[PathBuf]| -> Vec<serde_json::Value> {
        paths.iter().map(|path| json_path(path.as_ref())).collect()
    };
    let not_synced = |entries: &[NotSynced]| -> Vec<serde_json::Value> {
        let pairs = entries.iter();
        pairs
            .map(|one| json!({"path": json_path(one.path.as_ref()), "reason": one.reason}))
            .collect()
    };
    json!({
        "spec": json_path(&target.text),
        "destination": json_path(target.destination),
        "files": report.files,
        "bytes": report.bytes,
        "unchanged": report.unchanged,
        "sent": paths(&report.sent),
        "linked": paths(&report.linked),
        "deleted": paths(&report.deleted),
        "skipped": not_synced(&report.skipped),
        "failed": not_synced(&report.failed),
    })
}

/// A string; for bytes that are not UTF-8, which JSON cannot express, an object that no string can be confused with.
fn json_path(path: &OsStr) -> serde_json::Value {
    match path.to_str() {
        Some(text) => text.into(),
        None => json!({"bytes": path.as_encoded_bytes()}),
    }
}

/// A path or spec in a line of output. As in git, an empty one and one with special characters are in double quotes and
/// escaped (`"odd\xFF"`), quotes and backslashes too, so that no two names look the same.
pub(super) fn quoted(text: &OsStr) -> String {
    // No name on Windows has a backslash in it.
    let is_special =
        |c: char| c.is_control() || controls_terminal(c) || c == '"' || (c == '\\' && cfg!(unix));
    match text.to_str() {
        Some(text) if !text.is_empty() && !text.contains(is_special) => text.to_owned(),
        _ => format!("{text:?}"),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn names_that_differ_look_different() {
        for (name, expected) in [
            (&b"plain name"[..], "plain name"),
            ("\u{f6} $ \u{fffd}".as_bytes(), "\u{f6} $ \u{fffd}"),
            (b"odd\xff", r#""odd\xFF""#),
            (br"odd\xFF", r#""odd\\xFF""#),
            (br#""odd\xFF""#, r#""\"odd\\xFF\"""#),
            (b"line\nend", r#""line\nend""#),
            ("a\u{202e}b".as_bytes(), r#""a\u{202e}b""#),
            (b"", r#""""#),
        ] {
            assert_eq!(quoted(OsStr::from_bytes(name)), expected);
        }
    }
}
