use core::num::NonZeroUsize;
use core::time::Duration;
use std::thread;

use execnet_core_sync::{Grace, InboxLimits};
use execnet_serializer::Limits;

use crate::payload::Stdout;
use crate::stderr::Stderr;

/// Settings of all gateways of a group.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GroupOptions {
    /// How long [`Group::make_gateway`](crate::Group::make_gateway) may take: all its steps together, such as the
    /// connection, the start of a worker's process and the worker's answer. Default: 30 seconds.
    ///
    /// Not counted are the time that a spec waits in [`Group::make_gateways`](crate::Group::make_gateways) for its turn, and
    /// the time for which `worker=self` copies the program to another host: that fails when the line takes no byte for
    /// this long.
    pub bootstrap_timeout: Duration,
    /// How long workers let code run on after their link has ended.
    pub grace: Grace,
    /// Whether gateways to one host over ssh share a connection. Default: yes.
    pub share_ssh: bool,
    /// So many workers at a time are being started by [`Group::make_gateways`](crate::Group::make_gateways). Default: twice the processors, and at
    /// least 8: starting waits for the network as often as for a processor.
    pub max_starting: usize,
    /// What happens to the workers' standard error.
    pub stderr: Stderr,
    /// Where the workers' standard output goes.
    pub stdout: Stdout,
    /// What one item from a worker may cost.
    pub limits: Limits,
    /// How much may wait to be received, and what happens beyond. Default: no limit, as in execnet.
    pub inbox: InboxLimits,
    /// Whether this program and its workers hold each other up: on each channel, and in each direction, no more than so
    /// many bytes, and one item, are on the way to a program that does not receive them; sending waits. Default:
    /// `None`, as in execnet.
    ///
    /// All workers that a group starts understand it, but those with `bootstrap=execnet`: they get none.
    pub credit: Option<usize>,
}

impl Default for GroupOptions {
    fn default() -> Self {
        Self {
            bootstrap_timeout: Duration::from_secs(30),
            grace: Grace::default(),
            share_ssh: true,
            max_starting: default_max_starting(),
            stderr: Stderr::default(),
            stdout: Stdout::default(),
            limits: Limits::default(),
            inbox: InboxLimits::default(),
            credit: None,
        }
    }
}

fn default_max_starting() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (2 * processors).max(8)
}
