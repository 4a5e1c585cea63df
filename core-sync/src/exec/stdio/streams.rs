//! The standard streams, for the link alone.

use std::io::{self, BufReader};

#[cfg(unix)]
use self::unix as system;

/// Enough for the program that a controller sends ahead for an interpreter; the gateway reads around it.
const BUFFER: usize = 64 * 1024;

/// The ends of the link. The process's own standard input and output are the null device afterwards.
pub(super) fn take() -> io::Result<(
    BufReader<impl io::Read + Send + 'static>,
    impl io::Write + Send + 'static,
)> {
    let (reader, writer) = system::take()?;
    Ok((BufReader::with_capacity(BUFFER, reader), writer))
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsFd as _;

    pub(super) fn take() -> io::Result<(File, File)> {
        // Processes that a function starts do not inherit these.
        let reader = io::stdin().as_fd().try_clone_to_owned()?;
        let writer = io::stdout().as_fd().try_clone_to_owned()?;
        let null = File::options().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        Ok((reader.into(), writer.into()))
    }
}

/// Elsewhere they stay where they are: what a function prints breaks the link.
#[cfg(not(unix))]
mod system {
    use std::io;

    pub(super) fn take() -> io::Result<(io::Stdin, io::Stdout)> {
        Ok((io::stdin(), io::stdout()))
    }
}
