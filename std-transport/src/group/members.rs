//! Who is in a group, and who is to be.

use alloc::sync::Arc;
use std::collections::{HashMap, HashSet};

use execnet_core_sync::{ExecModel, Gateway};

use crate::error::MakeGatewayError;
use crate::spec::XSpec;
use crate::transport::Peer;

#[derive(Default)]
pub(super) struct Members {
    pub(super) list: Vec<Member>,
    /// Ids of members, and of those being made.
    pub(super) ids: HashSet<String>,
    /// Peers that are to become members, by id.
    pub(super) starting: HashMap<String, Arc<dyn Peer>>,
    /// How often the group was terminated: what was begun before the last time is to end.
    pub(super) terminations: u64,
    next: u64,
    /// How many were asked for.
    places: u64,
    pub(super) defaults: Defaults,
}

/// What specs leave open.
#[derive(Default)]
pub(super) struct Defaults {
    pub(super) spec: XSpec,
    pub(super) local: ExecModel,
    pub(super) remote: ExecModel,
}

pub(super) struct Member {
    /// Members stand in the order in which they were asked for.
    pub(super) place: u64,
    pub(super) spec: XSpec,
    pub(super) gateway: Gateway,
    pub(super) peer: Arc<dyn Peer>,
}

/// A gateway that is to be made. Its id is taken.
pub(super) struct Order {
    pub(super) id: String,
    pub(super) spec: XSpec,
    pub(super) local: ExecModel,
    pub(super) remote: ExecModel,
    pub(super) place: u64,
    /// How often the group had been terminated when it was asked for.
    pub(super) terminations: u64,
}

impl Members {
    /// Takes an id that nobody else gets.
    pub(super) fn order(&mut self, spec: Option<XSpec>) -> Result<Order, MakeGatewayError> {
        let spec = spec.unwrap_or_else(|| self.defaults.spec.clone());
        let id = match spec.get("id") {
            Some(id) => id.to_owned(),
            None => self.next_id(),
        };
        if !self.ids.insert(id.clone()) {
            return Err(MakeGatewayError::DuplicateId(id));
        }
        self.places += 1;
        Ok(Order {
            id,
            spec,
            local: self.defaults.local,
            remote: self.defaults.remote,
            place: self.places,
            terminations: self.terminations,
        })
    }

    pub(super) fn add(&mut self, member: Member) {
        let at = self
            .list
            .partition_point(|other| other.place < member.place);
        self.list.insert(at, member);
    }

    fn next_id(&mut self) -> String {
        loop {
            let id = format!("gw{}", self.next);
            self.next += 1;
            if !self.ids.contains(&id) {
                return id;
            }
        }
    }
}
