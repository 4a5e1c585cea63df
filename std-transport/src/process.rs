//! Processes of workers. Nothing outside of this module starts one.

use alloc::sync::Arc;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::event::PollFlags;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::command::{KillPolicy, Launch};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle};
use crate::stderr::{Sink, StderrTail};
use crate::sync::Mutex;
use crate::wait::{ExitWatch, Life, Woken, life, signal_child};

/// A process in a process group of its own, which dies with it.
///
/// Dropping it kills it. A process that the system does not show as a child any more (this program ignores SIGCHLD, or
/// other code of it reaps all children) has ended with a status that nobody knows. Its id and its group may belong to
/// strangers then, so nothing is signalled.
#[derive(Debug)]
pub(crate) struct Process {
    command: String,
    pid: Pid,
    remote: bool,
    kill_policy: KillPolicy,
    state: Mutex<State>,
    stderr: StderrTail,
}

#[derive(Debug)]
struct State {
    child: Child,
    /// Once set, the process id may belong to somebody else.
    exit: Option<Exit>,
    killed: bool,
    /// It was killed, and did not die while somebody waited for that: nobody waits again.
    given_up: bool,
}

/// A process, and our ends of its pipes.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) process: Arc<Process>,
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
}

impl Process {
    /// Starts a process; `name` is for its threads here.
    pub(crate) fn start(name: &str, launch: &Launch, stderr: Box<dyn Sink>) -> io::Result<Started> {
        let mut child = command(launch)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(stdin), Some(stdout), Some(errors)) => {
                match StderrTail::start(name, errors, stderr) {
                    Ok(tail) => Ok(Started {
                        process: Arc::new(Self::new(launch, child, tail)),
                        stdin,
                        stdout,
                    }),
                    Err(error) => Err(give_up(child, error)),
                }
            }
            // All three were asked for above.
            _ => Err(give_up(child, io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Starts a process with this standard input and output.
    pub(crate) fn start_on(
        name: &str,
        launch: &Launch,
        stdin: OwnedFd,
        stdout: OwnedFd,
        stderr: Box<dyn Sink>,
    ) -> io::Result<Arc<Self>> {
        let mut child = command(launch).stdin(stdin).stdout(stdout).spawn()?;
        let Some(errors) = child.stderr.take() else {
            return Err(give_up(child, io::ErrorKind::BrokenPipe.into()));
        };
        match StderrTail::start(name, errors, stderr) {
            Ok(tail) => Ok(Arc::new(Self::new(launch, child, tail))),
            Err(error) => Err(give_up(child, error)),
        }
    }

    /// Waits for its end, or for something else that is polled.
    pub(crate) fn wait_beside(
        &self,
        other: BorrowedFd<'_>,
        wanted: PollFlags,
        deadline: Deadline,
    ) -> io::Result<Woken> {
        self.watch().wait_beside(other, wanted, deadline)
    }

    /// Once it has ended: waits until the last it wrote to its standard error is passed on.
    pub(crate) fn drain_stderr(&self) {
        self.stderr.drain();
    }

    fn new(launch: &Launch, child: Child, stderr: StderrTail) -> Self {
        let pid = Pid::from_child(&child);
        Self {
            command: launch.to_string(),
            pid,
            remote: launch.remote,
            kill_policy: launch.kill_policy,
            state: Mutex::new(State {
                child,
                exit: None,
                killed: false,
                given_up: false,
            }),
            stderr,
        }
    }

    /// For the time of a wait: it holds a descriptor.
    pub(crate) fn watch(&self) -> ExitWatch {
        ExitWatch::new(self.pid)
    }

    /// Signals the whole group. The lock keeps the leader from being reaped meanwhile, so that the group is its own.
    fn signal(&self, signal: Signal) {
        let state = self.state.lock();
        if state.exit.is_some() || life(self.pid) == Life::Gone {
            return;
        }
        // Fails if the group has nobody left, or nobody whom we may signal: wait() shows that. A leader that has changed
        // its group is not in it.
        let sent = kill_process_group(self.pid, signal);
        if sent.is_err() || signal == Signal::KILL {
            signal_child(self.pid, signal);
        }
    }

    fn kill_alone(&self) {
        let state = self.state.lock();
        if state.exit.is_none() {
            signal_child(self.pid, Signal::KILL);
        }
    }

    /// How it ended, if it did; what its group still runs is killed then, while its id is certainly its own: unless
    /// that is to end what was started elsewhere.
    fn try_exit(&self) -> Option<Exit> {
        let mut state = self.state.lock();
        if state.exit.is_none() {
            state.exit = match life(self.pid) {
                Life::Running => None,
                Life::Gone => Some(Exit::UNKNOWN),
                Life::Ended => {
                    if self.kill_policy == KillPolicy::Kill {
                        let _ = kill_process_group(self.pid, Signal::KILL);
                    }
                    let exit = if self.remote { Exit::remote } else { Exit::new };
                    // Fails if other code of this program was faster.
                    Some(state.child.wait().map_or(Exit::UNKNOWN, exit))
                }
            };
        }
        state.exit
    }
}

impl WorkerHandle for Process {
    fn name(&self) -> &str {
        &self.command
    }

    fn wait(&self, deadline: Deadline) -> Option<ExitInfo> {
        if let Some(exit) = self.try_exit() {
            return Some(ExitInfo::Process(exit));
        }
        let watch = self.watch();
        loop {
            // After the descriptor was opened: a process that was reaped before is not the one that is waited for.
            if let Some(exit) = self.try_exit() {
                return Some(ExitInfo::Process(exit));
            }
            if !watch.wait(deadline) {
                let exit = self.try_exit();
                let mut state = self.state.lock();
                state.given_up = exit.is_none() && state.killed;
                return exit.map(ExitInfo::Process);
            }
        }
    }

    /// Its whole group, see [`KillPolicy`].
    fn signal_kill(&self) {
        let again = core::mem::replace(&mut self.state.lock().killed, true);
        match self.kill_policy {
            KillPolicy::Kill => self.signal(Signal::KILL),
            KillPolicy::Terminate if again => self.kill_alone(),
            KillPolicy::Terminate => {
                self.signal(Signal::TERM);
                // One that is stopped takes the other only then.
                self.signal(Signal::CONT);
            }
        }
    }

    /// Its whole group; not a program that leads to the worker: that would end.
    fn interrupt(&self) {
        if !self.remote {
            self.signal(Signal::INT);
        }
    }

    fn stderr(&self) -> String {
        if self.state.lock().exit.is_some() {
            self.drain_stderr();
        }
        self.stderr.text()
    }

    fn shows_stderr(&self) -> bool {
        self.stderr.is_shown()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.try_exit().is_some() {
            return;
        }
        if self.state.lock().given_up {
            self.signal_kill();
        } else {
            self.kill();
        }
    }
}

/// In a group of its own, with a pipe for its standard error.
fn command(launch: &Launch) -> Command {
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.arguments)
        .stderr(Stdio::piped())
        .process_group(0);
    for (name, value) in &launch.env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = &launch.chdir {
        command.current_dir(directory);
    }
    command
}

fn give_up(mut child: Child, error: io::Error) -> io::Error {
    // It has just been started: kill reaches it, and wait returns.
    let _ = child.kill();
    let _ = child.wait();
    error
}
