use core::error::Error;
use std::io::{self, Write as _};
use std::path::Path;

use execnet::MakeGatewayError;
use execnet::rsync::{Omission, Report};
use indicatif::HumanBytes;
use serde_json::json;

use super::Target;
use crate::escape::{escaped, escaped_json};
use crate::failure::Failure;

/// The summary, a line for each target, or a JSON document with everything in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
    dry_run: bool,
}

impl Output {
    pub(super) const fn new(json: bool, dry_run: bool) -> Self {
        Self { json, dry_run }
    }

    /// A target without a gateway has a document all the same.
    pub(super) fn not_made(
        &mut self,
        target: &Target<'_>,
        error: &MakeGatewayError,
    ) -> Result<(), Failure> {
        match self.json {
            true => self.summary(target, &Report::default(), Some(error)),
            false => Ok(()),
        }
    }

    pub(super) fn summary(
        &mut self,
        target: &Target<'_>,
        report: &Report,
        error: Option<&dyn Error>,
    ) -> Result<(), Failure> {
        let line = if self.json {
            let mut document = document(target, report);
            document["error"] = error
                .map(|error| format!("{:#}", execnet::report(error)))
                .into();
            escaped_json(&document.to_string())
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
        writeln!(io::stdout(), "{line}").map_err(Failure::Output)
    }
}

fn document(target: &Target<'_>, report: &Report) -> serde_json::Value {
    let paths = |paths: &[std::path::PathBuf]| -> Vec<String> {
        paths.iter().map(|path| shown(path)).collect()
    };
    let omissions = |omissions: &[Omission]| -> Vec<serde_json::Value> {
        let pairs = omissions.iter();
        pairs
            .map(|one| json!({"path": shown(&one.path), "reason": one.reason}))
            .collect()
    };
    json!({
        "spec": shown(target.text.as_ref()),
        "destination": shown(target.destination.as_ref()),
        "files": report.files,
        "bytes": report.bytes,
        "unchanged": report.unchanged,
        "sent": paths(&report.sent),
        "linked": paths(&report.linked),
        "deleted": paths(&report.deleted),
        "skipped": omissions(&report.skipped),
        "failed": omissions(&report.failed),
    })
}

/// What is not UTF-8 is shown by a stand-in: JSON has no bytes.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
