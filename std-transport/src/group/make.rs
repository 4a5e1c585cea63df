//! Making gateways, one or several at a time.

use alloc::sync::Arc;
use std::thread;

use execnet_core_sync::{Gateway, GatewayConfig, Role};

use super::Group;
use super::members::{Member, Reservation};
use super::terminate::JOIN_TIMEOUT;
use crate::connect;
use crate::deadline::Deadline;
use crate::error::{BootstrapError, BootstrapErrorKind, MakeGatewayError};
use crate::payload::Bootstrap;
use crate::peer::WorkerHandle;
use crate::spec::{SpecError, XSpec};
use crate::sync::Mutex;
use crate::transport::{Connected, Request};

impl Group {
    pub(super) fn reserve(
        &self,
        spec: Result<Option<XSpec>, SpecError>,
    ) -> Result<Reservation, MakeGatewayError> {
        self.members.lock().reserve(spec?)
    }

    pub(super) fn make(&self, reservation: Reservation) -> Result<Gateway, MakeGatewayError> {
        if let Err(error) = reservation.spec.check_keys() {
            log::warn!("gateway {}: {error}", reservation.id);
        }
        let (id, seq, terminations) = (
            reservation.id.clone(),
            reservation.seq,
            reservation.terminations,
        );
        let started = self.start(reservation);
        let mut members = self.members.lock();
        // Not dropped under the lock, as the members below: the last handle of a process kills it and waits.
        let starting = members.take_starting(seq);
        // Compared under the lock that `terminate` takes: a member that is added now is either seen by it, or not
        // added.
        let terminated = members.terminations != terminations;
        match started {
            Ok(member) if !terminated => {
                let gateway = member.gateway.clone();
                let ended = members.add(member);
                drop(members);
                drop((starting, ended));
                Ok(gateway)
            }
            failed => {
                members.free(&id, seq);
                drop(members);
                let error = discard(failed);
                drop(starting);
                Err(if terminated {
                    MakeGatewayError::Terminated
                } else {
                    error
                })
            }
        }
    }

    fn start(&self, reservation: Reservation) -> Result<Member, MakeGatewayError> {
        let on_spawned = |peer: Arc<dyn WorkerHandle>| {
            let mut members = self.members.lock();
            if members.terminations != reservation.terminations {
                // `terminate` ran while the process was being started, and did not find it.
                peer.signal_kill();
            }
            let before = members.set_starting(reservation.seq, peer);
            drop(members);
            // After the lock is released, as in `make`.
            drop(before);
        };
        let Connected {
            link,
            peer,
            pickles,
        } = connect::start(&Request {
            id: &reservation.id,
            spec: &reservation.spec,
            exec_model: reservation.remote,
            options: &self.options,
            deadline: Deadline::after(self.options.bootstrap_timeout),
            members: self,
            ssh_mux: &self.ssh_mux,
            #[cfg(feature = "self-exec")]
            upload_locks: &self.upload_locks,
            on_spawned: &on_spawned,
        })?;
        let credit = Bootstrap::of(&reservation.spec)?.credit(self.options.credit);
        let config = GatewayConfig::new(reservation.id.as_str(), Role::Initiator)
            .with_exec_model(reservation.local)
            .with_spec(reservation.spec.as_str())
            .with_limits(self.options.limits)
            .with_inbox(self.options.inbox)
            .with_credit(credit)
            .with_pickles(pickles);
        match Gateway::new(link, config) {
            Ok(gateway) => Ok(Member::new(reservation, gateway, peer)),
            Err(error) => {
                let kind = BootstrapErrorKind::ConnectionFailed;
                Err(BootstrapError::io(kind, peer.name().to_owned(), error).into())
            }
        }
    }

    /// Makes gateways in the caller's thread and further ones, `max_starting` in total.
    pub(super) fn make_all(
        &self,
        reservations: impl Iterator<Item = Result<Reservation, MakeGatewayError>>,
    ) -> Vec<Result<Gateway, MakeGatewayError>> {
        let mut results: Vec<Work> = reservations.map(Work::new).collect();
        let workers = self.options.max_starting.clamp(1, results.len().max(1));
        let queue = Mutex::new(results.iter_mut());
        let work = || {
            loop {
                // In a statement of its own: a `while let` would hold the lock while the gateway is made.
                let next = queue.lock().next();
                let Some(work) = next else { return };
                work.run(self);
            }
        };
        thread::scope(|scope| {
            for _ in 1..workers {
                // If a thread cannot be started, the others do its work.
                let _ = thread::Builder::new()
                    .name("make_gateways".to_owned())
                    .spawn_scoped(scope, work);
            }
            work();
        });
        results.into_iter().filter_map(Work::done).collect()
    }
}

/// Ends a gateway that was made after its group was terminated.
fn discard(failed: Result<Member, MakeGatewayError>) -> MakeGatewayError {
    match failed {
        Ok(member) => {
            member.peer.kill();
            // A thread that does not end in time ends by itself later.
            let _ = member.gateway.join_timeout(JOIN_TIMEOUT);
            MakeGatewayError::Terminated
        }
        Err(error) => error,
    }
}

/// One of several gateways to be made.
enum Work {
    Open(Reservation),
    Done(Result<Gateway, MakeGatewayError>),
    /// Only while it is being replaced.
    Gone,
}

impl Work {
    fn new(reservation: Result<Reservation, MakeGatewayError>) -> Self {
        match reservation {
            Ok(reservation) => Self::Open(reservation),
            Err(error) => Self::Done(Err(error)),
        }
    }

    fn run(&mut self, group: &Group) {
        *self = match core::mem::replace(self, Self::Gone) {
            Self::Open(reservation) => Self::Done(group.make(reservation)),
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
