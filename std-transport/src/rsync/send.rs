//! Sending a tree to all targets.

use alloc::sync::Arc;
use core::mem;
use std::sync::mpsc;
use std::thread;

use super::content_cache::ContentCache;
use super::error::{RSyncError, SyncError};
use super::options::Common;
use super::origin::Origin;
use super::protocol::pack_root;
use super::push::{self, Push, PushObserver, Target, TargetReport};
use super::report::Report;
use super::sync_channel::SyncErrorKind;
use super::walk::Walk;
use super::{RSync, placed};

impl RSync {
    /// Sends the tree to all targets, and returns when the last of them is done. There is a report for each, in the
    /// order in which they were added; a failure of one does not affect the others. The list of targets is empty
    /// afterwards.
    ///
    /// Files are read once for all targets that are within about 24 MiB of content of each other. A slower target has
    /// its files read again, and delays no other. Over pipes on Linux, larger files are not read into this process: the
    /// system passes their pages to each target.
    ///
    /// # Errors
    /// There are no targets, or the source cannot be opened.
    pub fn send(&mut self) -> Result<Vec<TargetReport>, RSyncError> {
        let mut targets = mem::take(&mut self.targets);
        if targets.is_empty() {
            return Err(RSyncError::NoTargets);
        }
        let callback = self.callback.as_deref();
        let filtered = !self.filter.is_idle();
        let observer = PushObserver {
            filter: &mut self.filter,
            callback,
            skipped: Vec::new(),
            failed: Vec::new(),
        };
        let walk = Walk::open(&self.source, self.links.unwrap_or_default(), observer);
        let walk = walk.map(|walk| walk.with_hard_links(self.common.hard_links));
        let deletes = targets.iter().any(|target| target.options.delete);
        let opened = walk.and_then(|walk| {
            let origin = walk.origin(&self.source, deletes)?;
            Ok((walk, origin))
        });
        let (mut walk, origin) = opened.map_err(|error| RSyncError::Source {
            path: self.source.clone(),
            error,
        })?;
        for target in &mut targets {
            target.destination = placed(&target.destination, &self.source, walk.root());
        }
        let shared = targets.len() > 1;
        let push = Push {
            cache: Arc::new(ContentCache::new(Arc::clone(walk.index()), shared)),
            root: pack_root(walk.root()),
            origin: origin.map(|origin| Origin { filtered, ..origin }),
            idle_timeout: self.idle_timeout,
            callback,
        };
        let outcomes = send_all(&push, &mut walk, &targets, self.common);
        let observer = walk.into_observer();
        let reports = targets.into_iter().zip(outcomes);
        Ok(reports
            .map(|(target, outcome)| report(target, outcome, &observer))
            .collect())
    }
}

type Outcome = (Report, Option<SyncError>);

/// Runs a thread for each target, and lists the tree for all of them in this one.
fn send_all<'a>(
    push: &Push<'a>,
    walk: &mut Walk<PushObserver<'_>>,
    targets: &[Target],
    common: Common,
) -> Vec<Outcome> {
    thread::scope(|scope| {
        let mut outlets = Vec::new();
        let mut running = Vec::new();
        for (number, target) in targets.iter().enumerate() {
            let (outlet, events) = mpsc::channel();
            outlets.push(outlet.clone());
            let settings = common.settings(target.options);
            running.push(
                thread::Builder::new()
                    .name(format!("execnet-rsync-{number}"))
                    .spawn_scoped(scope, move || {
                        push.run(scope, number, target, settings, (outlet, events))
                    }),
            );
        }
        // While the other threads send already: targets request files of the first part before the last one is listed.
        push::list(walk, &outlets);
        // If the thread that receives for a target dies, these would keep the target's thread waiting for events.
        drop(outlets);
        let finished = running
            .into_iter()
            .map(|thread| match thread.map(|thread| thread.join()) {
                Ok(Ok(outcome)) => outcome,
                // The thread could not be started, or has panicked: that is the failure of one target.
                _ => (Report::default(), Some(SyncErrorKind::Gone.into())),
            });
        finished.collect()
    })
}

fn report(target: Target, outcome: Outcome, observer: &PushObserver<'_>) -> TargetReport {
    let (mut report, error) = outcome;
    report.skipped.extend_from_slice(&observer.skipped);
    report.failed.extend_from_slice(&observer.failed);
    TargetReport {
        gateway: target.gateway.id().into(),
        destination: target.destination,
        report,
        error,
    }
}
