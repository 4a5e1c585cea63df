//! Gateways that are made, found and ended together.

mod default;
mod options;
mod terminate;

pub use default::{default_group, makegateway};
pub use options::GroupOptions;
pub use terminate::{MemberReport, Outcome};

use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use std::collections::{HashMap, HashSet};
use std::thread;

use execnet_core_sync::{ExecModel, Gateway, GatewayConfig, MultiChannel, Role, SendError};

use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::own::Copies;
use crate::program::Bootstrap;
use crate::spec::{IntoXSpec, SpecError, XSpec};
use crate::sync::Mutex;
use crate::transport::{self, Connected, Peer, Request, Sharing};

/// A set of gateways.
///
/// Workers run in process groups of their own. Nothing of a group outlives it: when it is dropped its workers are
/// told to leave, and what is left of them a second later is killed, with the processes they started.
///
/// ```no_run
/// let group = execnet::Group::new();
/// let gateway = group.makegateway("popen//python=python3.12")?;
/// let channel = gateway.remote_exec("channel.send(channel.receive() * 7)")?;
/// channel.send(6)?;
/// assert_eq!(channel.receive()?.as_i64(), Some(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Group {
    options: GroupOptions,
    members: Mutex<Members>,
    sharing: Sharing,
    copies: Copies,
}

#[derive(Default)]
struct Members {
    list: Vec<Member>,
    /// Ids of members, and of those being made.
    ids: HashSet<String>,
    /// Peers that are to become members, by id.
    starting: HashMap<String, Arc<dyn Peer>>,
    /// How often the group was terminated: what was begun before the last time is to end.
    terminations: u64,
    next: u64,
    /// How many were asked for.
    places: u64,
    defaults: Defaults,
}

/// What specs leave open.
#[derive(Default)]
struct Defaults {
    spec: XSpec,
    local: ExecModel,
    remote: ExecModel,
}

struct Member {
    /// Members stand in the order in which they were asked for.
    place: u64,
    spec: XSpec,
    gateway: Gateway,
    peer: Arc<dyn Peer>,
}

impl Group {
    /// An empty group.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty group with settings of its own.
    #[must_use]
    pub fn with_options(options: GroupOptions) -> Self {
        Self {
            options,
            members: Mutex::default(),
            sharing: Sharing::default(),
            copies: Copies::default(),
        }
    }

    /// Starts an interpreter as the spec says, and makes a gateway to it.
    ///
    /// Without `id=` the gateway gets the next free of `gw0`, `gw1`, ... It returns when the worker is ready, and
    /// can be called from several threads at a time.
    ///
    /// # Errors
    ///
    /// The spec is unusable, its id is taken, there is no interpreter, or what was started did not become a worker.
    pub fn makegateway(&self, spec: impl IntoXSpec) -> Result<Gateway, MakeGatewayError> {
        let order = self.order(spec.into_xspec())?;
        self.make(order)
    }

    /// Makes several gateways, some at a time: see [`GroupOptions::max_starting`].
    ///
    /// It returns when all are ready or have failed, each within its own deadline, with a result for each spec in the
    /// order of these. Ids are counted in this order too.
    ///
    /// ```no_run
    /// let group = execnet::Group::new();
    /// let gateways: Result<Vec<_>, _> = group.makegateways(["popen"; 32]).into_iter().collect();
    /// # gateways.map(drop)
    /// # ; Ok::<(), execnet::MakeGatewayError>(())
    /// ```
    pub fn makegateways(
        &self,
        specs: impl IntoIterator<Item: IntoXSpec>,
    ) -> Vec<Result<Gateway, MakeGatewayError>> {
        let specs = specs.into_iter().map(IntoXSpec::into_xspec);
        let mut results: Vec<Work> = specs.map(|spec| Work::new(self.order(spec))).collect();
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

    /// What the empty spec stands for. Default: `popen`.
    pub fn set_default_spec(&self, spec: XSpec) {
        self.members.lock().defaults.spec = spec;
    }

    /// How workers run code whose spec has no `execmodel=`, and what this side says of itself in its own status.
    /// Default: both [`Thread`](ExecModel::Thread).
    ///
    /// # Errors
    ///
    /// The group has members already.
    pub fn set_execmodel(&self, local: ExecModel, remote: ExecModel) -> Result<(), GroupInUse> {
        let mut members = self.members.lock();
        if !members.ids.is_empty() {
            return Err(GroupInUse);
        }
        members.defaults.local = local;
        members.defaults.remote = remote;
        Ok(())
    }

    /// Interrupts the workers on this machine as Ctrl-C in a terminal does: code that runs gets `KeyboardInterrupt`.
    ///
    /// Workers are in process groups of their own, so that Ctrl-C reaches this program alone. A program that handles
    /// it calls this; one that does not ends, and its workers find their links closed. Programs that lead to other
    /// machines are not interrupted: ssh would end.
    pub fn interrupt(&self) {
        let members = self.members.lock();
        let peers: Vec<_> = members
            .list
            .iter()
            .map(|member| &member.peer)
            .cloned()
            .collect();
        drop(members);
        peers.iter().for_each(|peer| peer.interrupt());
    }

    /// Runs code on every member; the channels stand in the order of [`gateways`](Self::gateways).
    ///
    /// # Errors
    ///
    /// One of the members cannot be asked: it has lost its worker. The code runs on those in front of it, on channels
    /// that are closed.
    pub fn remote_exec(&self, source: &str) -> Result<MultiChannel, SendError> {
        let channels = self.into_iter().map(|gateway| gateway.remote_exec(source));
        channels.collect()
    }

    /// The member of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Gateway> {
        self.find(
            |member| member.gateway.id() == id,
            |member| member.gateway.clone(),
        )
    }

    /// The member at this place, from 0, in the order of [`gateways`](Self::gateways).
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<Gateway> {
        let members = self.members.lock();
        members.list.get(index).map(|member| member.gateway.clone())
    }

    /// The spec that a member was made from.
    #[must_use]
    pub fn spec(&self, id: &str) -> Option<XSpec> {
        self.find(
            |member| member.gateway.id() == id,
            |member| member.spec.clone(),
        )
    }

    /// Whether it is a member.
    #[must_use]
    pub fn contains(&self, gateway: &Gateway) -> bool {
        self.find(|member| member.gateway == *gateway, |_| ())
            .is_some()
    }

    /// The members, in the order in which they were asked for. One that has lost its worker stays a member until
    /// [`terminate`](Self::terminate).
    #[must_use]
    pub fn gateways(&self) -> Vec<Gateway> {
        let members = self.members.lock();
        let gateways = members.list.iter().map(|member| &member.gateway);
        gateways.cloned().collect()
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.lock().list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The connections that members share.
    pub(crate) fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    /// The copies of this program that are made on other machines.
    pub(crate) fn copies(&self) -> &Copies {
        &self.copies
    }

    fn find<T>(&self, is_it: impl Fn(&Member) -> bool, take: impl Fn(&Member) -> T) -> Option<T> {
        let members = self.members.lock();
        members.list.iter().find(|member| is_it(member)).map(take)
    }

    fn order(&self, spec: Result<Option<XSpec>, SpecError>) -> Result<Order, MakeGatewayError> {
        self.members.lock().order(spec?)
    }

    fn make(&self, order: Order) -> Result<Gateway, MakeGatewayError> {
        let id = order.id.clone();
        let started = self.start(order);
        let mut members = self.members.lock();
        let begun = members.starting.remove(&id);
        let made = match started {
            Ok(member) => {
                let gateway = member.gateway.clone();
                members.add(member);
                Ok(gateway)
            }
            Err(error) => {
                members.ids.remove(&id);
                Err(error)
            }
        };
        drop(members);
        // The last handle of a process kills it and waits for that: not under the lock.
        drop(begun);
        made
    }

    fn start(&self, order: Order) -> Result<Member, MakeGatewayError> {
        let begun = |peer: Arc<dyn Peer>| {
            let mut members = self.members.lock();
            if members.terminations != order.terminations {
                // terminate() came while the peer was being started, and has not seen it.
                peer.signal_kill();
            }
            let before = members.starting.insert(order.id.clone(), peer);
            drop(members);
            // As in make(): the last handle waits.
            drop(before);
        };
        let Connected { link, peer } = transport::start(&Request {
            id: &order.id,
            spec: &order.spec,
            execmodel: order.remote,
            options: &self.options,
            group: self,
            begun: &begun,
        })?;
        let mut config = GatewayConfig::new(order.id.as_str(), Role::Initiator);
        config.execmodel = order.local;
        config.limits = self.options.limits;
        config.inbox = self.options.inbox;
        config.credit = Bootstrap::of(&order.spec)?.credit(self.options.credit);
        match Gateway::new(link, config) {
            Ok(gateway) => Ok(Member {
                place: order.place,
                spec: order.spec,
                gateway,
                peer,
            }),
            Err(error) => {
                Err(BootstrapError::io(Stage::Link, peer.name().to_owned(), error).into())
            }
        }
    }
}

/// A gateway that is to be made. Its id is taken.
struct Order {
    id: String,
    spec: XSpec,
    local: ExecModel,
    remote: ExecModel,
    place: u64,
    /// How often the group had been terminated when it was asked for.
    terminations: u64,
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

impl Members {
    /// Takes an id that nobody else gets.
    fn order(&mut self, spec: Option<XSpec>) -> Result<Order, MakeGatewayError> {
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

    fn add(&mut self, member: Member) {
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

/// The members, see [`Group::gateways`].
impl IntoIterator for &Group {
    type Item = Gateway;
    type IntoIter = alloc::vec::IntoIter<Gateway>;

    fn into_iter(self) -> Self::IntoIter {
        self.gateways().into_iter()
    }
}

/// `<Group ['gw0', 'gw1']>`
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<Group [")?;
        for (index, gateway) in self.gateways().iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}'{}'", gateway.id())?;
        }
        f.write_str("]>")
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What cannot be set any more, because the group has members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupInUse;

impl fmt::Display for GroupInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the group has gateways already")
    }
}

impl Error for GroupInUse {}
