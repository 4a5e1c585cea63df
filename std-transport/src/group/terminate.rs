//! The end of groups.

use core::time::Duration;
use std::collections::HashSet;

use super::members::Taken;
use crate::deadline::{Deadline, part};
use crate::exit::Exit;
use crate::group::{Group, Member};
use crate::peer::ExitInfo;

/// What a group that is dropped gives its workers to leave by themselves; execnet's exit hook does the same.
pub(super) const DROP_TIMEOUT: Duration = Duration::from_secs(1);

/// How long all killed workers together may take to die.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the threads of all gateways together may take, once their peers have ended.
pub(super) const JOIN_TIMEOUT: Duration = Duration::from_secs(1);

impl Group {
    /// Ends all members as [`terminate_timeout`](Self::terminate_timeout) does, but waits for as long as they take and
    /// kills none.
    pub fn terminate(&self) -> Vec<TerminateReport> {
        self.terminate_until(Deadline::NEVER)
    }

    /// Ends all members, and empties the group: tells every worker to leave, waits up to `timeout` for all of them
    /// together, and kills those that are left then.
    ///
    /// A worker without running code leaves at once. One with code waits for it, see [`Grace`](crate::Grace). With a
    /// killed worker, and with one that has left, go the processes it started, unless they have made a process group
    /// of their own. Killed workers that do not die (of another user, or stuck in the kernel) are given up after two
    /// seconds, all together: so much longer than `timeout` this takes at most, and a second for our own threads.
    ///
    /// Gateways that are reached through others (`via=`) are ended before those; each such step may take the two seconds
    /// and the one again.
    ///
    /// Of a worker on another machine, the program that leads to it is what is waited for and killed: the worker then
    /// finds its link closed, and leaves by itself. A Python kills the processes that it has started, and that are still in
    /// its process group, as its last act, where there is `/proc`.
    ///
    /// A process that another thread is making a gateway to is killed at once; making it fails with
    /// [`MakeGatewayError::Terminated`](crate::MakeGatewayError::Terminated).
    ///
    /// While another thread's call is under way, this one waits for the same members and kills them at its own deadline:
    /// a call with a timeout of zero hurries one that gives workers their time. Both report on them; of a worker that the
    /// hurried call finds killed it says that it ended by SIGKILL.
    ///
    /// Returns what became of each gateway that was made since the last time, in the order in which they were asked for;
    /// of those that had left the group and ended before, the last thousand.
    pub fn terminate_timeout(&self, timeout: Duration) -> Vec<TerminateReport> {
        self.terminate_until(Deadline::after(timeout))
    }

    fn terminate_until(&self, deadline: Deadline) -> Vec<TerminateReport> {
        let Taken {
            mut members,
            starting,
            mut reports,
        } = self.members.lock().take();
        starting.iter().for_each(|peer| peer.signal_kill());
        let left = reports.len();
        while !members.is_empty() {
            let (ending, later) = split(members);
            let deadline = share(deadline, later.is_empty());
            let ended = end(&ending, deadline);
            let seqs = ending.iter().map(|member| member.seq);
            reports.extend(seqs.zip(ended));
            members = later;
        }
        // Whoever is making a gateway to one of these waits for its end.
        drop(starting);
        self.ssh_mux.end();
        let mut members = self.members.lock();
        let ended = reports.iter().skip(left);
        let ended: Vec<_> = ended
            .map(|(seq, report)| members.ended(&report.id, *seq))
            .collect();
        drop(members);
        // The last handle of a process waits for its end.
        drop(ended);
        reports.sort_by_key(|(seq, _)| *seq);
        reports.into_iter().map(|(_, report)| report).collect()
    }
}

/// Those that no other is reached through, and the rest, whose turn comes when these have ended.
fn split(members: Vec<Member>) -> (Vec<Member>, Vec<Member>) {
    let middles: HashSet<String> = members
        .iter()
        .filter_map(|member| member.peer.via().map(str::to_owned))
        .collect();
    let needed = |member: &Member| middles.contains(member.gateway.id());
    let (later, now): (Vec<_>, Vec<_>) = members.into_iter().partition(needed);
    // A gateway goes through one that was made before it: there are no circles, and the first part is never empty. If
    // it were, all of them would be ended at once.
    if now.is_empty() {
        (later, now)
    } else {
        (now, later)
    }
}

/// Until when members may take; where others come after them those get a quarter of what is left.
fn share(deadline: Deadline, last: bool) -> Deadline {
    if last {
        deadline
    } else {
        Deadline::after(part(deadline.left(), 3, 4))
    }
}

fn end(members: &[Member], deadline: Deadline) -> Vec<TerminateReport> {
    members.iter().for_each(|member| member.gateway.exit());
    let left: Vec<_> = members
        .iter()
        .map(|member| member.peer.wait(deadline))
        .collect();
    let reports = kill_the_others(members, left);
    join(members, &reports);
    reports
}

/// `left` has the members that ended by themselves.
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

/// A link ends with its process; a thread that sees that late ends by itself.
fn join(members: &[Member], reports: &[TerminateReport]) {
    let deadline = Deadline::after(JOIN_TIMEOUT);
    for (member, report) in members.iter().zip(reports) {
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
