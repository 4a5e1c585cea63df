//! Gateways that are made, found and ended together.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

use execnet_core_sync::{Gateway, GatewayConfig, Grace, Role};
use execnet_serializer::Limits;

use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::exit::Exit;
use crate::spec::{IntoXSpec, XSpec};
use crate::stderr::Stderr;
use crate::sync::Mutex;
use crate::transport::{self, Connected, End, Peer, Request, Sharing};

/// What a group that is dropped gives its workers to leave by themselves; execnet's exit hook does the same.
const DROP_PATIENCE: Duration = Duration::from_secs(1);

/// How long the threads of a gateway whose process has ended may take.
const JOIN_PATIENCE: Duration = Duration::from_secs(1);

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
}

struct Member {
    gateway: Gateway,
    peer: Arc<dyn Peer>,
}

/// Settings of all gateways of a group.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GroupOptions {
    /// From the start of a worker's process to its answer. Default: 30 seconds.
    pub bootstrap_timeout: Duration,
    /// How long workers let code run on after their link has ended.
    pub grace: Grace,
    /// Whether gateways to one host over ssh share a connection. Default: yes.
    pub share_ssh: bool,
    /// What happens to the workers' standard error.
    pub stderr: Stderr,
    /// What one item from a worker may cost.
    pub limits: Limits,
}

impl Default for GroupOptions {
    fn default() -> Self {
        Self {
            bootstrap_timeout: Duration::from_secs(30),
            grace: Grace::default(),
            share_ssh: true,
            stderr: Stderr::default(),
            limits: Limits::default(),
        }
    }
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
        let spec = spec.into_xspec()?;
        let (id, terminations) = self.reserve(spec.get("id"))?;
        let started = self.start(&id, &spec, terminations);
        let mut members = self.members.lock();
        let begun = members.starting.remove(&id);
        let made = match started {
            Ok(member) => {
                let gateway = member.gateway.clone();
                members.list.push(member);
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

    /// The member of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Gateway> {
        let members = self.members.lock();
        let found = members.list.iter().map(|member| &member.gateway);
        found
            .into_iter()
            .find(|gateway| gateway.id() == id)
            .cloned()
    }

    /// The members, in the order in which they were made. One that has lost its worker stays a member until
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

    /// Ends all members, and empties the group: tells every worker to leave, waits up to `timeout` for all of them
    /// together, and kills those that are left then. `None` waits for as long as they take.
    ///
    /// A worker without running code leaves at once. One with code waits for it, see [`Grace`]. With a killed
    /// worker, and with one that has left, go the processes it started, unless they have made a process group of
    /// their own. A killed process that does not die (a worker of another user, or stuck in the kernel) is given
    /// up after two seconds.
    ///
    /// A process that another thread is making a gateway to is killed at once; making it fails.
    ///
    /// Returns what became of each member, in the order in which they were made.
    pub fn terminate(&self, timeout: Option<Duration>) -> Vec<MemberReport> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let (members, starting) = self.members.lock().take();
        starting.iter().for_each(|peer| peer.signal_kill());
        members.iter().for_each(|member| member.gateway.exit());
        let left: Vec<_> = members
            .iter()
            .map(|member| member.peer.wait(deadline))
            .collect();
        // All are told before any is waited for.
        let stuck = members.iter().zip(&left).filter(|(_, end)| end.is_none());
        stuck.for_each(|(member, _)| member.peer.signal_kill());
        let reports = members
            .iter()
            .zip(left)
            .map(|(member, end)| report(member, end));
        let reports: Vec<MemberReport> = reports.collect();
        // Whoever is making a gateway to one of these tells how it ended.
        for peer in starting {
            let _ = peer.kill();
        }
        self.sharing.end();
        let ids = &mut self.members.lock().ids;
        for report in &reports {
            ids.remove(&report.id);
        }
        reports
    }

    /// The connections that members share.
    pub(crate) fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    /// An id that nobody else gets, and how often the group had been terminated by then.
    fn reserve(&self, wanted: Option<&str>) -> Result<(String, u64), MakeGatewayError> {
        let mut members = self.members.lock();
        let id = match wanted {
            Some(id) => id.to_owned(),
            None => members.next_id(),
        };
        if !members.ids.insert(id.clone()) {
            return Err(MakeGatewayError::DuplicateId(id));
        }
        Ok((id, members.terminations))
    }

    fn start(&self, id: &str, spec: &XSpec, terminations: u64) -> Result<Member, MakeGatewayError> {
        let begun = |peer: Arc<dyn Peer>| {
            let mut members = self.members.lock();
            if members.terminations != terminations {
                // terminate() came while the peer was being started, and has not seen it.
                peer.signal_kill();
            }
            members.starting.insert(id.to_owned(), peer);
        };
        let Connected { link, peer } = transport::start(&Request {
            id,
            spec,
            options: &self.options,
            group: self,
            begun: &begun,
        })?;
        let mut config = GatewayConfig::new(id, Role::Initiator);
        config.limits = self.options.limits;
        match Gateway::new(link, config) {
            Ok(gateway) => Ok(Member { gateway, peer }),
            Err(error) => {
                Err(BootstrapError::io(Stage::Link, peer.name().to_owned(), error).into())
            }
        }
    }
}

impl Members {
    /// All members, and the processes that are to become some.
    fn take(&mut self) -> (Vec<Member>, Vec<Arc<dyn Peer>>) {
        self.terminations += 1;
        let starting = self.starting.values().cloned();
        (core::mem::take(&mut self.list), starting.collect())
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

impl Drop for Group {
    fn drop(&mut self) {
        self.terminate(Some(DROP_PATIENCE));
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

/// What became of a member when its group was terminated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberReport {
    /// The gateway's id.
    pub id: String,
    /// What became of its worker.
    pub outcome: Outcome,
}

/// What became of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It left in time, or had ended before.
    Exited(Exit),
    /// It let go of its link in time; nobody tells how it ended: behind a socket.
    Closed,
    /// It was killed. Behind a socket, where nobody tells: its link was cut.
    Killed(Option<Exit>),
    /// It was killed, and has not ended yet.
    LeftBehind,
}

/// What became of a member; `end` is how it ended by itself, the others have been killed.
fn report(member: &Member, end: Option<End>) -> MemberReport {
    let outcome = match end {
        Some(End::Process(exit)) => Outcome::Exited(exit),
        Some(End::Link) => Outcome::Closed,
        None => match member.peer.kill() {
            Some(end) => Outcome::Killed(end.exit()),
            None => Outcome::LeftBehind,
        },
    };
    if outcome != Outcome::LeftBehind {
        // The link ended with the process; a thread that sees that late ends by itself.
        let _ = member.gateway.join(Some(JOIN_PATIENCE));
    }
    MemberReport {
        id: member.gateway.id().to_owned(),
        outcome,
    }
}
