//! The standard streams and the priority of this process, when it is a worker.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;

/// Copies of standard input and output, which are the null device afterwards.
pub(crate) fn take_stdio() -> io::Result<(File, File)> {
    // The copies are closed in processes that a function starts: one that outlives the worker would otherwise keep the
    // link open.
    let reader = io::stdin().as_fd().try_clone_to_owned()?;
    let writer = io::stdout().as_fd().try_clone_to_owned()?;
    // Replaced and not closed: the next file that this process opens would get the number 0 or 1, and what is printed
    // would go there.
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok((reader.into(), writer.into()))
}

/// Sends to standard error what functions print to standard output.
pub(crate) fn join_streams() -> io::Result<()> {
    Ok(rustix::stdio::dup2_stdout(io::stderr())?)
}

/// Adds to the priority of this process, in the direction of less.
pub(crate) fn nice(change: i64) -> io::Result<()> {
    let change = change.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    rustix::process::nice(change)?;
    Ok(())
}
