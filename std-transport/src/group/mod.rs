//! Gateways that are made, found and ended together.

mod default;
mod exec;
mod make;
mod members;
mod terminate;

pub use default::{default_group, make_gateway};
pub use exec::MemberError;
pub use terminate::{Outcome, TerminateReport};

use core::error::Error;
use core::fmt;

use execnet_core_sync::{ExecModel, Gateway};

use crate::error::MakeGatewayError;
use crate::options::GroupOptions;
use crate::spec::{IntoXSpec, XSpec};
use crate::sync::Mutex;
use crate::transport::{self, SshMux, UploadLocks};
use members::{Member, Members};

/// A set of gateways.
///
/// Workers run in process groups of their own. Nothing of a group outlives it: when it is dropped its workers are
/// told to leave, and what is left of them a second later is killed, with the processes they started: see
/// [`terminate`](Self::terminate).
///
/// ```no_run
/// let group = execnet::Group::new();
/// let gateway = group.make_gateway("popen//python=python3.12")?;
/// let channel = gateway.remote_exec("channel.send(channel.receive() * 7)")?;
/// channel.send(6)?;
/// assert_eq!(channel.receive()?.as_i64(), Some(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Group {
    options: GroupOptions,
    members: Mutex<Members>,
    ssh_mux: SshMux,
    upload_locks: UploadLocks,
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
            ssh_mux: SshMux::default(),
            upload_locks: UploadLocks::default(),
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
    pub fn make_gateway(&self, spec: impl IntoXSpec) -> Result<Gateway, MakeGatewayError> {
        let reservation = self.reserve(spec.into_xspec())?;
        self.make(reservation)
    }

    /// Makes several gateways, some at a time: see [`GroupOptions::max_starting`].
    ///
    /// It returns when all are ready or have failed, each within its own deadline, with a result for each spec in the
    /// order of these. Ids are counted in this order too.
    ///
    /// ```no_run
    /// let group = execnet::Group::new();
    /// let gateways: Result<Vec<_>, _> = group.make_gateways(["popen"; 32]).into_iter().collect();
    /// # gateways.map(drop)
    /// # ; Ok::<(), execnet::MakeGatewayError>(())
    /// ```
    pub fn make_gateways(
        &self,
        specs: impl IntoIterator<Item: IntoXSpec>,
    ) -> Vec<Result<Gateway, MakeGatewayError>> {
        let specs = specs.into_iter().map(IntoXSpec::into_xspec);
        self.make_all(specs.map(|spec| self.reserve(spec)))
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
    pub fn set_exec_model(&self, local: ExecModel, remote: ExecModel) -> Result<(), GroupNotEmpty> {
        let mut members = self.members.lock();
        if members.in_use() {
            return Err(GroupNotEmpty);
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
    ///
    /// As with Ctrl-C, Python drops the interrupt when it arrives while a destructor or the callback of a weakref runs:
    /// call this again when the code goes on.
    pub fn interrupt(&self) {
        let members = self.members.lock();
        let peers: Vec<_> = members.all().map(|member| &member.peer).cloned().collect();
        drop(members);
        peers.iter().for_each(|peer| peer.interrupt());
    }

    /// This spec with an id: its own, or else the next free of `gw0`, `gw1`, ..., which no other gateway gets unless it
    /// asks for it. The empty spec stands for the default.
    ///
    /// ```
    /// let group = execnet::Group::new();
    /// let spec = group.allocate_id("popen//chdir=work")?;
    /// assert_eq!(spec.as_str(), "popen//chdir=work//id=gw0");
    /// assert_eq!(group.allocate_id("popen")?.get("id"), Some("gw1"));
    /// # Ok::<(), execnet::MakeGatewayError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The spec is unusable, or a gateway has its id.
    pub fn allocate_id(&self, spec: impl IntoXSpec) -> Result<XSpec, MakeGatewayError> {
        let spec = spec.into_xspec()?;
        let mut members = self.members.lock();
        let spec = spec.unwrap_or_else(|| members.defaults.spec.clone());
        let id = members.id_for(&spec)?;
        drop(members);
        if spec.has("id") {
            return Ok(spec);
        }
        Ok(format!("{}//id={id}", spec.as_str()).parse()?)
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
        members
            .shown()
            .nth(index)
            .map(|member| member.gateway.clone())
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

    /// The members, in the order in which they were asked for.
    ///
    /// A gateway leaves its group when it is [exited](Gateway::exit): others can have its id, and its worker still ends
    /// with the group, if not before. One that has lost its worker stays, so that it shows, until it is exited or the
    /// group is terminated, or until another gateway is made with its id: a worker that has crashed is made anew with
    /// `id=`.
    #[must_use]
    pub fn gateways(&self) -> Vec<Gateway> {
        let members = self.members.lock();
        let gateways = members.shown().map(|member| &member.gateway);
        gateways.cloned().collect()
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.lock().shown().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn find<T>(&self, is_it: impl Fn(&Member) -> bool, take: impl Fn(&Member) -> T) -> Option<T> {
        let members = self.members.lock();
        members.shown().find(|member| is_it(member)).map(take)
    }
}

impl transport::Members for Group {
    fn gateway(&self, id: &str) -> Option<Gateway> {
        self.get(id)
    }

    fn spec(&self, id: &str) -> Option<XSpec> {
        Self::spec(self, id)
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

/// The error of [`Group::set_exec_model`] on a group that has members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupNotEmpty;

impl fmt::Display for GroupNotEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the group has gateways already")
    }
}

impl Error for GroupNotEmpty {}
