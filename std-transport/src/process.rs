//! Processes of workers. No other module starts processes.
//!
//! A Unix system reuses the id of a process once the process has been reaped. Therefore signals are sent under the lock of
//! [`State`], under which alone a process is reaped: until then one that has ended is a zombie, and its id and process
//! group are its own.

use alloc::sync::Arc;
use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::command::{KillPolicy, Launch};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle};
use crate::stderr::{Sink, StderrTail};
use crate::sync::Mutex;
use crate::sys::{self, Errors, ExitWatch, Life, Tree};

/// A process in a process group of its own, on Windows in a job. When the process ends, the rest of its group is killed.
///
/// Dropping it kills it. If the system no longer knows the process as a child (this program ignores SIGCHLD, or other
/// code of it reaps all children), it has ended with an unknown status. Its id and its group may belong to other
/// processes then, so nothing is signalled.
#[derive(Debug)]
pub(crate) struct Process {
    command: String,
    tree: Tree,
    remote: bool,
    kill_policy: KillPolicy,
    state: Mutex<State>,
    stderr: StderrTail,
}

#[derive(Debug)]
struct State {
    child: Child,
    /// Once set, the process has been reaped and its id may belong to another process.
    exit: Option<Exit>,
    killed: bool,
    /// It was killed and outlived a wait (it is stuck in the kernel, or belongs to another user): dropping the handle
    /// does not wait again.
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
    /// Starts a process with pipes; `name` is part of the name of the thread that reads its standard error.
    pub(crate) fn start(name: &str, launch: &Launch, stderr: Box<dyn Sink>) -> io::Result<Started> {
        let mut child = command(launch)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        // Taken out of the `Child` first: its `wait` closes an input that it still has.
        let pipes = child.stdin.take().zip(child.stdout.take());
        let process = Self::new(name, launch, child, stderr)?;
        // Both are piped: the error does not happen.
        let (stdin, stdout) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Started {
            process,
            stdin,
            stdout,
        })
    }

    /// Starts a process on standard streams that are no pipes of ours.
    #[cfg_attr(
        windows,
        allow(dead_code, reason = "a socket is no standard stream there")
    )]
    pub(crate) fn start_on(
        name: &str,
        launch: &Launch,
        spawn: impl FnOnce(&mut Command) -> io::Result<Child>,
        stderr: Box<dyn Sink>,
    ) -> io::Result<Arc<Self>> {
        let child = spawn(&mut command(launch)?)?;
        Self::new(name, launch, child, stderr)
    }

    /// For a process that has ended: waits until the rest of its standard error has been read and passed on.
    pub(crate) fn drain_stderr(&self) {
        self.stderr.drain();
    }

    fn new(
        name: &str,
        launch: &Launch,
        mut child: Child,
        sink: Box<dyn Sink>,
    ) -> io::Result<Arc<Self>> {
        let tail = match child.stderr.take() {
            // Read from the start: a process whose output nobody reads blocks as soon as the pipe is full.
            Some(stderr) => {
                Errors::try_from(stderr).and_then(|stderr| StderrTail::start(name, stderr, sink))
            }
            // Does not happen: it is piped.
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        let (stderr, tree) = match tail.and_then(|tail| Ok((tail, Tree::of(&child)?))) {
            Ok(started) => started,
            Err(error) => return Err(give_up(child, error)),
        };
        Ok(Arc::new(Self {
            command: launch.to_string(),
            tree,
            remote: launch.remote,
            kill_policy: launch.kill_policy,
            state: Mutex::new(State {
                child,
                exit: None,
                killed: false,
                given_up: false,
            }),
            stderr,
        }))
    }

    /// A watch for one wait: it holds a descriptor.
    pub(crate) fn watch(&self) -> ExitWatch {
        self.tree.watch()
    }

    /// Sends a signal.
    fn signal(&self, send: impl FnOnce(&Tree)) {
        // Held until the signal is sent: another thread must not reap the process in between.
        let state = self.state.lock();
        // `exit` alone is not enough: other code of this program may have reaped the process, and the number of its
        // group may be that of another group by now.
        if state.exit.is_none() && self.tree.life() != Life::Gone {
            send(&self.tree);
        }
    }

    /// Returns how it ended, if it has. The first call after the end kills the rest of its group and reaps it.
    fn try_exit(&self) -> Option<Exit> {
        let mut state = self.state.lock();
        if state.exit.is_none() {
            state.exit = match self.tree.life() {
                Life::Running => None,
                Life::Gone => Some(Exit::UNKNOWN),
                Life::Ended => {
                    // Before the leader is reaped: as long as it is a zombie, no other group can have its id. With the
                    // other policy, the rest of the group may still be ending what it has started on other machines.
                    if self.kill_policy == KillPolicy::Kill {
                        self.tree.kill_rest();
                    }
                    let exit = if self.remote { Exit::remote } else { Exit::new };
                    // Fails if other code of this program has reaped it since `life`.
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
            // Once more, now that the watch exists: if another thread has reaped the process before that, the watch may
            // be of another process with the same id, or of none.
            if let Some(exit) = self.try_exit() {
                return Some(ExitInfo::Process(exit));
            }
            // False at the deadline. The process may have ended between the check above and that moment, so it is
            // checked once more.
            if !watch.wait(deadline) {
                let exit = self.try_exit();
                let mut state = self.state.lock();
                state.given_up = exit.is_none() && state.killed;
                return exit.map(ExitInfo::Process);
            }
        }
    }

    /// Kills its whole group, see [`KillPolicy`].
    fn signal_kill(&self) {
        // The lock is free again at the end of this statement: `signal` takes it.
        let again = core::mem::replace(&mut self.state.lock().killed, true);
        match self.kill_policy {
            KillPolicy::Kill => self.signal(Tree::kill),
            // Not the group: the rest of it may still be ending what runs on other machines, as in `try_exit`.
            KillPolicy::Terminate if again => self.signal(Tree::kill_leader),
            KillPolicy::Terminate => self.signal(Tree::terminate),
        }
    }

    /// Interrupts its whole group. A client such as ssh is not interrupted: it would end, and the link with it.
    fn interrupt(&self) {
        if !self.remote {
            self.signal(Tree::interrupt);
        }
    }

    fn stderr(&self) -> String {
        // Only after the end: from a process that runs there is always more to come, and a text for an error must not
        // wait.
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
        // It has outlived a kill. Another signal costs nothing, but another wait would only delay the program.
        if self.state.lock().given_up {
            self.signal_kill();
        } else {
            self.kill();
        }
    }
}

/// A command whose process is the first of its own [`Tree`], with a pipe for its standard error.
fn command(launch: &Launch) -> io::Result<Command> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments).stderr(Stdio::piped());
    sys::prepare(&mut command)?;
    for (name, value) in &launch.env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = &launch.chdir {
        command.current_dir(directory);
    }
    Ok(command)
}

/// Ends a process that cannot be used, and returns the error.
fn give_up(mut child: Child, error: io::Error) -> io::Error {
    // The wait returns: a process that has just been started can be killed.
    let _ = child.kill();
    let _ = child.wait();
    error
}
