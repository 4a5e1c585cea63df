//! Processes and their jobs.

use alloc::sync::Arc;
use core::time::Duration;
use std::ffi::OsStr;
use std::io;
use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};
use std::os::windows::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED,
};

use super::calls::{Job, has_console, resume, send_break, wait_any};
use crate::deadline::Deadline;
use crate::sys::{End, Life};

/// A child with the processes that it starts: they belong to a job, which is killed as a whole, and which the system
/// kills when this program ends.
#[derive(Debug)]
pub(crate) struct Tree {
    leader: Arc<OwnedHandle>,
    /// The id of the leader, and of its process group on the console.
    id: u32,
    job: Job,
}

/// Makes the process of the command wait for [`Tree::of`], in a process group of its own.
///
/// With a console of this program, it is also that of the process, which then gets Ctrl-Break from here and no Ctrl-C.
/// Without one the process would open a window.
pub(crate) fn prepare(command: &mut Command) -> io::Result<()> {
    check_program(command.get_program())?;
    let window = if has_console() { 0 } else { CREATE_NO_WINDOW };
    command.creation_flags(CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP | window);
    Ok(())
}

/// Refuses batch files: the system runs them by `cmd.exe`, which reads their arguments in its own way. A part of an
/// argument could become a command.
fn check_program(program: &OsStr) -> io::Result<()> {
    // As the system does it, which removes these characters from the end of a name.
    let name = program.to_string_lossy();
    let name = name.trim_end_matches(['.', ' ']);
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    let is_batch = |end: &str| {
        ["bat", "cmd"]
            .iter()
            .any(|batch| end.eq_ignore_ascii_case(batch))
    };
    if extension.is_some_and(is_batch) {
        let problem = "a batch file cannot be a worker: cmd.exe would read its arguments; name the program that it runs";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    Ok(())
}

impl Tree {
    /// The job of a child whose command was [prepared](prepare), which runs from now on.
    pub(crate) fn of(child: &Child) -> io::Result<Self> {
        let job = Job::new()?;
        job.add(child.as_handle())?;
        // Not before: what the child starts until then would not belong to the job.
        resume(child.id())?;
        Ok(Self {
            leader: Arc::new(child.as_handle().try_clone_to_owned()?),
            id: child.id(),
            job,
        })
    }

    pub(crate) fn life(&self) -> Life {
        match wait_any(&[self.leader.as_handle()], Some(Duration::ZERO)) {
            Ok(Some(_)) => Life::Ended,
            Ok(None) | Err(_) => Life::Running,
        }
    }

    pub(crate) fn watch(&self) -> ExitWatch {
        ExitWatch(Arc::clone(&self.leader))
    }

    pub(crate) fn kill(&self) {
        self.job.kill();
    }

    /// Here too the whole job: nothing in it could still end what runs on other machines.
    pub(crate) fn kill_leader(&self) {
        self.job.kill();
    }

    /// Kills what a child that has ended leaves behind.
    pub(crate) fn kill_rest(&self) {
        self.job.kill();
    }

    pub(crate) fn terminate(&self) {
        self.interrupt();
    }

    /// Ctrl-Break: a process group of its own gets no Ctrl-C.
    pub(crate) fn interrupt(&self) {
        send_break(self.id);
    }
}

/// Waits for the end of a process.
#[derive(Debug)]
pub(crate) struct ExitWatch(Arc<OwnedHandle>);

impl ExitWatch {
    /// Waits until the process may have ended; returns false once the deadline has passed.
    pub(crate) fn wait(&self, deadline: Deadline) -> bool {
        let left = deadline.left();
        if left.is_zero() {
            return false;
        }
        let _ = wait_any(&[self.as_handle()], Some(left));
        true
    }

    pub(super) fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

pub(crate) fn end_of(status: ExitStatus) -> Option<End> {
    status.code().map(End::Code)
}

/// The name of a signal, of a worker on another system: these have the same numbers on all.
pub(crate) fn signal_name(number: i32) -> Option<&'static str> {
    const NAMES: &[(i32, &str)] = &[
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (3, "SIGQUIT"),
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (13, "SIGPIPE"),
        (14, "SIGALRM"),
        (15, "SIGTERM"),
    ];
    let name = NAMES.iter().find(|(signal, _)| *signal == number);
    name.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_files_are_refused() {
        for name in ["a.bat", r"c:\x\a.CMD", "a.cmd. .", "a.b.Bat"] {
            assert!(check_program(name.as_ref()).is_err(), "{name}");
        }
        for name in ["python", "bat", "python.exe", "a.bat.exe"] {
            assert!(check_program(name.as_ref()).is_ok(), "{name}");
        }
    }
}
