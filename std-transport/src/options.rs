//! Options of groups.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::thread;

use execnet_core_sync::{Grace, InboxLimits, options};
use execnet_serializer::Limits;

use crate::askpass::AskPass;
use crate::payload::Stdout;
use crate::stderr::Stderr;

/// Options of all gateways of a group.
///
/// ```
/// use execnet::{Group, GroupOptions, Stderr};
///
/// let options = GroupOptions::new().with_stderr(Stderr::Capture).with_credit(Some(1 << 20));
/// assert_eq!(options.credit(), Some(1 << 20));
/// let group = Group::with_options(options);
/// # drop(group);
/// ```
#[derive(Debug, Clone)]
pub struct GroupOptions {
    pub(crate) bootstrap_timeout: Duration,
    pub(crate) grace: Grace,
    pub(crate) share_ssh: bool,
    pub(crate) max_starting: usize,
    pub(crate) stderr: Stderr,
    pub(crate) stdout: Stdout,
    pub(crate) limits: Limits,
    pub(crate) inbox: InboxLimits,
    pub(crate) credit: Option<usize>,
    pub(crate) askpass: Option<AskPass>,
}

impl GroupOptions {
    /// The default of a group's whole start.
    pub(crate) const BOOTSTRAP_TIMEOUT: Duration = Duration::from_secs(30);

    /// Options with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bootstrap_timeout: Self::BOOTSTRAP_TIMEOUT,
            grace: Grace::default(),
            share_ssh: true,
            max_starting: default_max_starting(),
            stderr: Stderr::default(),
            stdout: Stdout::default(),
            limits: Limits::default(),
            inbox: InboxLimits::default(),
            credit: None,
            askpass: None,
        }
    }

    options! {
        /// Sets how long [`Group::make_gateway`](crate::Group::make_gateway) may take: all its steps together, such as
        /// the connection, the start of a worker's process and the worker's answer. Default: 30 seconds.
        ///
        /// Two times do not count: while a spec of [`Group::make_gateways`](crate::Group::make_gateways) waits for
        /// others, and while `worker=self` copies the program to another host. The copy fails if no byte can be sent
        /// for this long.
        with_bootstrap_timeout, bootstrap_timeout: Duration;
        /// Sets how long workers let code run on after their link has ended.
        with_grace, grace: Grace;
        /// Sets whether gateways to one host over ssh share a connection. Default: yes.
        with_share_ssh, share_ssh: bool;
        /// Sets how many workers [`Group::make_gateways`](crate::Group::make_gateways) starts at a time; 0 counts as 1.
        /// Default: twice the number of processors, and at least 8: starting a worker waits for the network as often as
        /// for a processor.
        with_max_starting, max_starting: usize;
        /// Sets where the workers' standard output goes. Default: [`Stdout::Discard`].
        with_stdout, stdout: Stdout;
        /// Sets what decoding one item from a worker may cost.
        with_limits, limits: Limits;
        /// Sets the limits on items that wait to be received. Default: no limits, as in execnet.
        with_inbox, inbox: InboxLimits;
        /// Sets the credit of each channel and direction, in bytes: at most that many bytes and one item are in flight
        /// to a program that does not receive them, and sending waits. Default: `None`, as in execnet.
        ///
        /// All workers that a group starts support it, except those with `bootstrap=execnet`, which have no credit.
        with_credit, credit: Option<usize>;
    }

    /// Sets what happens to the workers' standard error. Default: [`Stderr::Inherit`].
    #[must_use]
    pub fn with_stderr(mut self, stderr: Stderr) -> Self {
        self.stderr = stderr;
        self
    }

    /// Sets where the passwords come from that `sudo` and `su` ask for (keys of a spec: `sudo`, `sudo=USER`, `su=USER`).
    /// Default: nowhere, and a start that needs a password fails.
    ///
    /// A password is written to the standard input of the program that has asked for it, once, and is on no command line,
    /// in no environment and in no file.
    #[must_use]
    pub fn with_askpass(mut self, askpass: AskPass) -> Self {
        self.askpass = Some(askpass);
        self
    }

    /// See [`with_askpass`](Self::with_askpass).
    #[must_use]
    pub const fn askpass(&self) -> Option<&AskPass> {
        self.askpass.as_ref()
    }

    /// See [`with_stderr`](Self::with_stderr).
    #[must_use]
    pub const fn stderr(&self) -> &Stderr {
        &self.stderr
    }
}

impl Default for GroupOptions {
    fn default() -> Self {
        Self::new()
    }
}

fn default_max_starting() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (2 * processors).max(8)
}
