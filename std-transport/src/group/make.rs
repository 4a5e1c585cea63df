//! How gateways are made, one after the other or several at a time.

use alloc::sync::Arc;
use std::thread;

use execnet_core_sync::{Gateway, GatewayConfig, Role};

use super::Group;
use super::members::{Member, Order};
use super::terminate::JOIN_PATIENCE;
use crate::connect;
use crate::deadline::Deadline;
use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::payload::Bootstrap;
use crate::peer::Peer;
use crate::spec::{SpecError, XSpec};
use crate::sync::Mutex;
use crate::transport::{Connected, Request};

impl Group {
    pub(super) fn order(
        &self,
        spec: Result<Option<XSpec>, SpecError>,
    ) -> Result<Order, MakeGatewayError> {
        self.members.lock().order(spec?)
    }

    pub(super) fn make(&self, order: Order) -> Result<Gateway, MakeGatewayError> {
        if let Err(error) = order.spec.check_keys() {
            log::warn!("gateway {}: {error}", order.id);
        }
        let (id, place, terminations) = (order.id.clone(), order.place, order.terminations);
        let started = self.start(order);
        let mut members = self.members.lock();
        // The last handle of a process kills it and waits for that: nothing of these is dropped under the lock.
        let begun = members.made(place);
        let terminated = members.terminations != terminations;
        match started {
            Ok(member) if !terminated => {
                let gateway = member.gateway.clone();
                let ended = members.add(member);
                drop(members);
                drop((begun, ended));
                Ok(gateway)
            }
            failed => {
                members.free(&id, place);
                drop(members);
                let error = discard(failed);
                drop(begun);
                Err(if terminated {
                    MakeGatewayError::Terminated
                } else {
                    error
                })
            }
        }
    }

    fn start(&self, order: Order) -> Result<Member, MakeGatewayError> {
        let begun = |peer: Arc<dyn Peer>| {
            let mut members = self.members.lock();
            if members.terminations != order.terminations {
                // terminate() came while the peer was being started, and has not seen it.
                peer.signal_kill();
            }
            let before = members.begun(order.place, peer);
            drop(members);
            // As in make(): the last handle waits.
            drop(before);
        };
        let Connected { link, peer } = connect::start(&Request {
            id: &order.id,
            spec: &order.spec,
            exec_model: order.remote,
            options: &self.options,
            deadline: Deadline::after(self.options.bootstrap_timeout),
            members: self,
            sharing: &self.sharing,
            upload_locks: &self.upload_locks,
            begun: &begun,
        })?;
        let mut config = GatewayConfig::new(order.id.as_str(), Role::Initiator);
        config.exec_model = order.local;
        order.spec.as_str().clone_into(&mut config.spec);
        config.limits = self.options.limits;
        config.inbox = self.options.inbox;
        config.credit = Bootstrap::of(&order.spec)?.credit(self.options.credit);
        match Gateway::new(link, config) {
            Ok(gateway) => Ok(Member::new(order, gateway, peer)),
            Err(error) => {
                Err(BootstrapError::io(Stage::Link, peer.name().to_owned(), error).into())
            }
        }
    }

    /// In the caller's thread and as many more as the options say.
    pub(super) fn make_all(
        &self,
        orders: impl Iterator<Item = Result<Order, MakeGatewayError>>,
    ) -> Vec<Result<Gateway, MakeGatewayError>> {
        let mut results: Vec<Work> = orders.map(Work::new).collect();
        let workers = self.options.max_starting.clamp(1, results.len().max(1));
        let queue = Mutex::new(results.iter_mut());
        let work = || {
            loop {
                let next = queue.lock().next();
                let Some(work) = next else { return };
                work.run(self);
            }
        };
        thread::scope(|scope| {
            for _ in 1..workers {
                // A thread that cannot be had is missed by nobody: this one does its work.
                let _ = thread::Builder::new()
                    .name("makegateways".to_owned())
                    .spawn_scoped(scope, work);
            }
            work();
        });
        results.into_iter().filter_map(Work::done).collect()
    }
}

/// Ends a gateway that came too late for its group, as `terminate` ends the others.
fn discard(failed: Result<Member, MakeGatewayError>) -> MakeGatewayError {
    match failed {
        Ok(member) => {
            member.peer.kill();
            // A thread that is late ends by itself.
            let _ = member.gateway.join(Some(JOIN_PATIENCE));
            MakeGatewayError::Terminated
        }
        Err(error) => error,
    }
}

/// One of several gateways to be made.
enum Work {
    Open(Order),
    Done(Result<Gateway, MakeGatewayError>),
    /// Nothing is left to be done or told.
    Gone,
}

impl Work {
    fn new(order: Result<Order, MakeGatewayError>) -> Self {
        match order {
            Ok(order) => Self::Open(order),
            Err(error) => Self::Done(Err(error)),
        }
    }

    fn run(&mut self, group: &Group) {
        *self = match core::mem::replace(self, Self::Gone) {
            Self::Open(order) => Self::Done(group.make(order)),
            done => done,
        };
    }

    fn done(self) -> Option<Result<Gateway, MakeGatewayError>> {
        match self {
            Self::Done(result) => Some(result),
            // Every piece of work has been run.
            Self::Open(_) | Self::Gone => None,
        }
    }
}
