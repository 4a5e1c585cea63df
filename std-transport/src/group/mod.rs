//! Groups: sets of gateways that are made, found and terminated together.

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
#[cfg(feature = "self-exec")]
use crate::transport::UploadLocks;
use crate::transport::{self, SshMux};
use members::{Member, Members};

/// A set of gateways.
///
/// Workers run in process groups of their own, and do not outlive the group: when it is dropped, its workers are asked
/// to exit, and those that still run a second later are killed, with the processes that they have started. See
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
    #[cfg(feature = "self-exec")]
    upload_locks: UploadLocks,
}

impl Group {
    /// An empty group.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty group with these options.
    #[must_use]
    pub fn with_options(options: GroupOptions) -> Self {
        Self {
            options,
            members: Mutex::default(),
            ssh_mux: SshMux::default(),
            #[cfg(feature = "self-exec")]
            upload_locks: UploadLocks::default(),
        }
    }

    /// A group with a gateway for each of these specs, which are made at the same time and in this order.
    ///
    /// ```no_run
    /// let group = execnet::Group::from_specs(["ssh=web1", "ssh=web2"])?;
    /// # drop(group); Ok::<(), execnet::MakeGatewayError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// That of the first gateway that could not be made. The others are ended then;
    /// [`make_gateways`](Self::make_gateways) keeps them.
    pub fn from_specs(specs: impl IntoIterator<Item: IntoXSpec>) -> Result<Self, MakeGatewayError> {
        let group = Self::new();
        let made: Result<Vec<_>, _> = group.make_gateways(specs).into_iter().collect();
        made.map(|_| group)
    }

    /// Starts the worker of a spec, and makes a gateway to it.
    ///
    /// Without `id=` the gateway gets the next free id of `gw0`, `gw1`, ... The call returns when the worker is ready.
    /// Several threads can call it at a time.
    ///
    /// # Errors
    ///
    /// The spec is unusable, its id is taken, there is no interpreter, or the process that was started did not become a
    /// worker.
    pub fn make_gateway(&self, spec: impl IntoXSpec) -> Result<Gateway, MakeGatewayError> {
        let reservation = self.reserve(spec.into_xspec())?;
        self.make(reservation)
    }

    /// Makes several gateways, up to [`GroupOptions::with_max_starting`] at a time.
    ///
    /// It returns when all are ready or have failed, each within its own timeout. The results are in the order of the
    /// specs, and so are the ids.
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

    /// The spec that an empty text means. Default: `popen`.
    pub fn set_default_spec(&self, spec: XSpec) {
        self.members.lock().defaults.spec = spec;
    }

    /// Sets the execution model of workers whose spec has no `execmodel=` (`remote`), and the one that this side
    /// reports in its own status (`local`). Default: both [`Thread`](ExecModel::Thread).
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

    /// Interrupts the workers on this machine as Ctrl-C in a terminal does: running code gets `KeyboardInterrupt`.
    ///
    /// Workers are in process groups of their own, so that Ctrl-C reaches only this program. A program that handles it
    /// can call this; otherwise the program ends, and its workers find their links closed. Clients such as ssh are not
    /// interrupted: they would end.
    ///
    /// As with Ctrl-C, Python drops an interrupt that arrives while a destructor or the callback of a weakref runs. If
    /// the code continues, call this again.
    pub fn interrupt(&self) {
        let members = self.members.lock();
        // Cloned, so that signals are sent without the lock, and a handle that turns out to be the last one is dropped
        // without it.
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

    /// The member with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Gateway> {
        self.find(
            |member| member.gateway.id() == id,
            |member| member.gateway.clone(),
        )
    }

    /// The member with this index, in the order of [`gateways`](Self::gateways).
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<Gateway> {
        let members = self.members.lock();
        members
            .shown()
            .nth(index)
            .map(|member| member.gateway.clone())
    }

    /// The spec of a member.
    #[must_use]
    pub fn spec(&self, id: &str) -> Option<XSpec> {
        self.find(
            |member| member.gateway.id() == id,
            |member| member.spec.clone(),
        )
    }

    /// Whether the gateway is a member.
    #[must_use]
    pub fn contains(&self, gateway: &Gateway) -> bool {
        self.find(|member| member.gateway == *gateway, |_| ())
            .is_some()
    }

    /// The members, in the order in which they were requested.
    ///
    /// A gateway leaves its group when it is [exited](Gateway::exit): its id is free then, and its worker still ends
    /// with the group, if not before. A gateway that has lost its worker stays a member until it is exited, the group
    /// is terminated, or another gateway is made with its id: `id=` replaces a crashed worker.
    #[must_use]
    pub fn gateways(&self) -> Vec<Gateway> {
        let members = self.members.lock();
        let gateways = members.shown().map(|member| &member.gateway);
        gateways.cloned().collect()
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.lock().shown().count()
    }

    /// Whether there are no members.
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
