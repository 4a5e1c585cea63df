//! The members of a group, and the gateways that are being made.
//!
//! All of this is under one lock, and nothing here drops a [`WorkerHandle`] or a gateway: the last handle of a process
//! waits for its end, which would block every other thread of the group. Functions return what they remove instead.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use std::collections::HashMap;

use execnet_core_sync::{ExecModel, Gateway};

use super::terminate::TerminateReport;
use crate::deadline::Deadline;
use crate::error::MakeGatewayError;
use crate::peer::WorkerHandle;
use crate::spec::XSpec;

/// Maximum number of reports of gateways that have left the group: a program that makes gateways for ever must not
/// grow.
const KEPT_REPORTS: usize = 1000;

/// A list of members shorter than this is not searched for gateways that have ended.
const MIN_SWEEP: usize = 16;

#[derive(Default)]
pub(super) struct Members {
    /// Ordered by sequence number. Includes gateways that have left the group while their worker may still run.
    list: Vec<Member>,
    /// The members that a call of `terminate` is ending. A call in another thread ends them too, at its own deadline.
    ending: Vec<Member>,
    /// The sequence number of the newest gateway with an id; it may still be starting.
    ids: HashMap<String, u64>,
    /// Workers that are starting, by sequence number.
    starting: HashMap<u64, Arc<dyn WorkerHandle>>,
    /// Reports of gateways that have left the group and ended.
    reports: VecDeque<(u64, TerminateReport)>,
    /// At this length, the list is searched for members that have ended: twice the length after the last search, so
    /// that each gateway is examined a constant number of times on average.
    sweep_at: usize,
    /// Number of terminations of the group. A gateway that was requested before the last one must not become a member.
    pub(super) terminations: u64,
    /// The number of the next default id.
    next: u64,
    /// The sequence number of the next gateway.
    next_seq: u64,
    pub(super) defaults: Defaults,
}

/// Settings for specs without their own.
#[derive(Default)]
pub(super) struct Defaults {
    pub(super) spec: XSpec,
    pub(super) local: ExecModel,
    pub(super) remote: ExecModel,
}

#[derive(Clone)]
pub(super) struct Member {
    /// The sequence number of the request.
    pub(super) seq: u64,
    pub(super) spec: XSpec,
    pub(super) gateway: Gateway,
    pub(super) peer: Arc<dyn WorkerHandle>,
    /// Another gateway has its id, as this one has lost its worker.
    replaced: bool,
}

impl Member {
    pub(super) fn new(
        reservation: Reservation,
        gateway: Gateway,
        peer: Arc<dyn WorkerHandle>,
    ) -> Self {
        Self {
            seq: reservation.seq,
            spec: reservation.spec,
            gateway,
            peer,
            replaced: false,
        }
    }

    /// Whether the group lists it: it has neither been exited nor replaced.
    fn is_shown(&self) -> bool {
        !self.replaced && !self.gateway.is_exited()
    }

    /// Whether another gateway may have its id.
    fn has_ended(&self) -> bool {
        !self.is_shown() || !self.gateway.has_receiver()
    }

    /// Its report, if the group does not list it and its worker has ended.
    fn report(&self) -> Option<TerminateReport> {
        if self.is_shown() || self.gateway.has_receiver() {
            return None;
        }
        // Only asks whether it has ended: this runs under the lock of the group.
        let end = self.peer.wait(Deadline::now())?;
        Some(TerminateReport::of_end(self.gateway.id(), end))
    }
}

/// A gateway that will be made, with its reserved id.
pub(super) struct Reservation {
    pub(super) id: String,
    pub(super) spec: XSpec,
    pub(super) local: ExecModel,
    pub(super) remote: ExecModel,
    pub(super) seq: u64,
    /// The group's number of terminations at the time of the request.
    pub(super) terminations: u64,
}

impl Members {
    /// Reserves an id.
    pub(super) fn reserve(&mut self, spec: Option<XSpec>) -> Result<Reservation, MakeGatewayError> {
        let spec = spec.unwrap_or_else(|| self.defaults.spec.clone());
        spec.check_utf8()?;
        spec.check_effect()?;
        let id = self.id_for(&spec)?;
        self.next_seq += 1;
        if let Some(before) = self.ids.insert(id.clone(), self.next_seq)
            && let Some(member) = self.at(before)
        {
            // It has exited or lost its worker, as its id was free. It is no longer listed, but still terminated with
            // the group: what it has started may still run.
            member.replaced = true;
        }
        Ok(Reservation {
            id,
            spec,
            local: self.defaults.local,
            remote: self.defaults.remote,
            seq: self.next_seq,
            terminations: self.terminations,
        })
    }

    /// The id for a gateway of this spec.
    pub(super) fn id_for(&mut self, spec: &XSpec) -> Result<String, MakeGatewayError> {
        match spec.get("id") {
            Some(id) if self.is_taken(id) => Err(MakeGatewayError::DuplicateId(id.to_owned())),
            Some(id) => Ok(id.to_owned()),
            None => Ok(self.next_id()),
        }
    }

    /// The members that the group lists, in the order in which they were requested.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Member> {
        self.list.iter().filter(|member| member.is_shown())
    }

    /// All gateways whose workers may run, whether the group lists them or not.
    pub(super) fn all(&self) -> impl Iterator<Item = &Member> {
        self.ending.iter().chain(&self.list)
    }

    /// Whether there are members, or some are being made.
    pub(super) fn in_use(&self) -> bool {
        self.shown().next().is_some() || self.ids.values().any(|&seq| self.find(seq).is_err())
    }

    /// Registers the worker of a gateway that is being made; returns the one that was registered before.
    pub(super) fn set_starting(
        &mut self,
        seq: u64,
        peer: Arc<dyn WorkerHandle>,
    ) -> Option<Arc<dyn WorkerHandle>> {
        self.starting.insert(seq, peer)
    }

    /// Removes the worker of a gateway that is no longer being made.
    pub(super) fn take_starting(&mut self, seq: u64) -> Option<Arc<dyn WorkerHandle>> {
        self.starting.remove(&seq)
    }

    /// Adds a member; returns members that have ended, to be dropped without the lock.
    pub(super) fn add(&mut self, member: Member) -> Vec<Member> {
        match self.find(member.seq) {
            Ok(at) | Err(at) => self.list.insert(at, member),
        }
        if self.list.len() < self.sweep_at.max(MIN_SWEEP) {
            return Vec::new();
        }
        let ended = self.sweep();
        self.sweep_at = 2 * self.list.len();
        ended
    }

    /// Frees an id, if the gateway with this sequence number still has it.
    pub(super) fn free(&mut self, id: &str, seq: u64) {
        if self.ids.get(id) == Some(&seq) {
            self.ids.remove(id);
        }
    }

    /// Empties the group for `terminate`: the members, workers that are being started, and reports.
    pub(super) fn take(&mut self) -> Taken {
        // Gateways that are being made have the old number, and are refused when they are ready.
        self.terminations += 1;
        self.sweep_at = 0;
        self.ending.append(&mut self.list);
        Taken {
            members: self.ending.clone(),
            starting: self.starting.values().cloned().collect(),
            reports: core::mem::take(&mut self.reports).into(),
        }
    }

    /// Removes a member that `terminate` has ended; returns it, to be dropped without the lock.
    pub(super) fn ended(&mut self, id: &str, seq: u64) -> Option<Member> {
        self.free(id, seq);
        let at = self.ending.iter().position(|member| member.seq == seq)?;
        Some(self.ending.swap_remove(at))
    }

    /// Removes gateways that have left the group and ended.
    fn sweep(&mut self) -> Vec<Member> {
        let mut ended = Vec::new();
        for member in core::mem::take(&mut self.list) {
            match member.report() {
                Some(report) => {
                    self.free(&report.id, member.seq);
                    self.reports.push_back((member.seq, report));
                    ended.push(member);
                }
                None => self.list.push(member),
            }
        }
        let excess = self.reports.len().saturating_sub(KEPT_REPORTS);
        self.reports.drain(..excess);
        ended
    }

    fn is_taken(&self, id: &str) -> bool {
        // A gateway that is not in the list is being made.
        let in_list = |seq: u64| self.list.get(self.find(seq).ok()?);
        self.ids
            .get(id)
            .is_some_and(|&seq| !in_list(seq).is_some_and(Member::has_ended))
    }

    fn at(&mut self, seq: u64) -> Option<&mut Member> {
        let at = self.find(seq).ok()?;
        self.list.get_mut(at)
    }

    fn find(&self, seq: u64) -> Result<usize, usize> {
        self.list.binary_search_by_key(&seq, |member| member.seq)
    }

    fn next_id(&mut self) -> String {
        loop {
            let id = format!("gw{}", self.next);
            self.next += 1;
            if !self.is_taken(&id) {
                return id;
            }
        }
    }
}

/// The content of a group when it was terminated.
pub(super) struct Taken {
    pub(super) members: Vec<Member>,
    pub(super) starting: Vec<Arc<dyn WorkerHandle>>,
    pub(super) reports: Vec<(u64, TerminateReport)>,
}
