//! Terminating groups.

use core::time::Duration;
use std::collections::HashSet;

use super::members::Taken;
use crate::deadline::{Deadline, part};
use crate::exit::Exit;
use crate::group::{Group, Member};
use crate::peer::ExitInfo;

/// The timeout of a group that is dropped, as in execnet's exit hook.
pub(super) const DROP_TIMEOUT: Duration = Duration::from_secs(1);

/// How long all killed workers together may take to die.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the threads of all gateways together may take to end, once their workers have ended.
pub(super) const JOIN_TIMEOUT: Duration = Duration::from_secs(1);

impl Group {
    /// Ends all members as [`terminate_timeout`](Self::terminate_timeout) does, but waits without limit and kills none.
    pub fn terminate(&self) -> Vec<TerminateReport> {
        self.terminate_until(Deadline::NEVER)
    }

    /// Ends all members and empties the group: asks every worker to exit, waits up to `timeout` for all of them
    /// together, and kills those that still run.
    ///
    /// A worker without running code exits at once; otherwise it waits for the code, see [`Grace`](crate::Grace). When
    /// a worker has ended, the processes that it has started are killed, unless they are in another process group.
    /// Killed workers that do not die (of another user, or stuck in the kernel) are left after two seconds, all
    /// together: this takes at most that much longer than `timeout`, and a second for threads of this program.
    ///
    /// Gateways that go through others (`via=`) are ended before those. Each such step may take the two seconds and the
    /// second again.
    ///
    /// For a remote worker, the local client program is waited for and killed: the worker then finds its link closed
    /// and exits by itself. On systems with `/proc`, a Python worker kills the processes that it has started and that
    /// are still in its process group, as its last act.
    ///
    /// Processes of gateways that other threads are making are killed at once; these calls fail with
    /// [`MakeGatewayError::Terminated`](crate::MakeGatewayError::Terminated).
    ///
    /// If a call in another thread has not returned yet, this one waits for the same members and kills them at its own
    /// deadline: a call with a timeout of zero ends one with a longer timeout. Both calls report on these members. If
    /// one call finds a worker killed by the other, it reports an exit by SIGKILL.
    ///
    /// Returns a report for each gateway that was made since the last call, in the order of the requests; of those that
    /// had left the group and ended before, the last thousand.
    pub fn terminate_timeout(&self, timeout: Duration) -> Vec<TerminateReport> {
        self.terminate_until(Deadline::after(timeout))
    }

    fn terminate_until(&self, deadline: Deadline) -> Vec<TerminateReport> {
        let Taken {
            mut members,
            starting,
            mut reports,
        } = self.members.lock().take();
        // At once and without grace: nothing of the program runs in them yet.
        starting.iter().for_each(|peer| peer.signal_kill());
        let left = reports.len();
        while !members.is_empty() {
            // Proxies last: when a proxy ends, the gateways through it are cut off and could not end by themselves.
            let (ending, later) = split(members);
            let deadline = share(deadline, later.is_empty());
            let ended = end(&ending, deadline);
            let seqs = ending.iter().map(|member| member.seq);
            reports.extend(seqs.zip(ended));
            members = later;
        }
        // The threads that are making these gateways wait for the ends of the processes.
        drop(starting);
        // After the members, whose links run over these connections.
        self.ssh_mux.end();
        let mut members = self.members.lock();
        let ended = reports.iter().skip(left);
        let ended: Vec<_> = ended
            .map(|(seq, report)| members.ended(&report.id, *seq))
            .collect();
        drop(members);
        // After the lock is released: the last handle of a process waits for its end.
        drop(ended);
        reports.sort_by_key(|(seq, _)| *seq);
        reports.into_iter().map(|(_, report)| report).collect()
    }
}

/// Parts the members into those that are not proxies of others, and the rest, which are ended after these.
fn split(members: Vec<Member>) -> (Vec<Member>, Vec<Member>) {
    let proxies: HashSet<String> = members
        .iter()
        .filter_map(|member| member.peer.via().map(str::to_owned))
        .collect();
    let needed = |member: &Member| proxies.contains(member.gateway.id());
    let (later, now): (Vec<_>, Vec<_>) = members.into_iter().partition(needed);
    // A proxy is made before the gateways that go through it. Therefore there are no cycles, and the first part is not
    // empty. If it were, all would be ended at once.
    if now.is_empty() {
        (later, now)
    } else {
        (now, later)
    }
}

/// The deadline of one step: a quarter of the remaining time is left for further steps.
fn share(deadline: Deadline, last: bool) -> Deadline {
    if last {
        deadline
    } else {
        Deadline::after(part(deadline.left(), 3, 4))
    }
}

fn end(members: &[Member], deadline: Deadline) -> Vec<TerminateReport> {
    // All are asked before the first wait: they end at the same time, and share the deadline.
    members.iter().for_each(|member| member.gateway.exit());
    let left: Vec<_> = members
        .iter()
        .map(|member| member.peer.wait(deadline))
        .collect();
    let reports = kill_the_others(members, left);
    join(members, &reports);
    reports
}

/// Kills members that are not in `left`, which has the ends of those that exited by themselves.
fn kill_the_others(members: &[Member], left: Vec<Option<ExitInfo>>) -> Vec<TerminateReport> {
    // All are signalled before the first wait.
    let stuck = members.iter().zip(&left).filter(|(_, end)| end.is_none());
    stuck.for_each(|(member, _)| member.peer.signal_kill());
    let deadline = Deadline::after(KILL_TIMEOUT);
    let report = |(member, end): (&Member, Option<ExitInfo>)| TerminateReport {
        id: member.gateway.id().to_owned(),
        outcome: outcome(end, || member.peer.wait(deadline)),
    };
    members.iter().zip(left).map(report).collect()
}

fn outcome(left: Option<ExitInfo>, killed: impl FnOnce() -> Option<ExitInfo>) -> Outcome {
    match left {
        Some(end) => Outcome::of_end(end),
        None => match killed() {
            Some(end) => Outcome::Killed(end.exit()),
            None => Outcome::Survived,
        },
    }
}

/// Waits for the threads of gateways. Their links have ended with the workers; a thread that does not end in time ends
/// by itself later.
fn join(members: &[Member], reports: &[TerminateReport]) {
    let deadline = Deadline::after(JOIN_TIMEOUT);
    for (member, report) in members.iter().zip(reports) {
        // The link of a worker that still runs has not ended, and neither has the thread that reads it.
        if report.outcome != Outcome::Survived {
            let left = deadline.left();
            let _ = member.gateway.join_timeout(left);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.terminate_timeout(DROP_TIMEOUT);
    }
}

/// How a member ended when its group was terminated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TerminateReport {
    /// The gateway's id.
    pub id: String,
    /// How its worker ended.
    pub outcome: Outcome,
}

impl TerminateReport {
    /// For a worker that its group did not kill.
    pub(super) fn of_end(id: &str, end: ExitInfo) -> Self {
        Self {
            id: id.to_owned(),
            outcome: Outcome::of_end(end),
        }
    }
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It exited in time, or had ended before.
    Exited(Exit),
    /// It closed its link in time. Its status is unknown: it is behind a socket.
    Closed,
    /// It was killed. Behind a socket its link was cut, and the status is unknown.
    Killed(Option<Exit>),
    /// It was killed and has not ended within two seconds.
    Survived,
}

impl Outcome {
    fn of_end(end: ExitInfo) -> Self {
        match end {
            ExitInfo::Process(exit) => Self::Exited(exit),
            ExitInfo::Link => Self::Closed,
        }
    }
}
