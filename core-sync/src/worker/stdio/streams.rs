//! The standard streams, for the link alone.

use alloc::sync::Arc;
use std::io::{self, BufReader};

#[cfg(unix)]
use self::unix as system;
use crate::link::{Link, NoControl};

type Reader = BufReader<system::Reader>;

/// Enough for the program that a controller sends ahead for an interpreter; the gateway reads around it.
const BUFFER: usize = 64 * 1024;

/// The ends of the link. The process's own standard input and output are the null device afterwards.
pub(super) fn take() -> io::Result<(Reader, system::Writer)> {
    let (reader, writer) = system::take()?;
    Ok((BufReader::with_capacity(BUFFER, reader), writer))
}

/// The link, when the controller has its answer.
pub(super) fn link(reader: Reader, writer: system::Writer) -> Link {
    if reader.buffer().is_empty() {
        system::link(reader.into_inner(), writer)
    } else {
        // No controller is known that is so fast.
        Link::from_std(reader, writer, Arc::new(NoControl))
    }
}

#[cfg(unix)]
mod unix {
    use alloc::sync::Arc;
    use std::fs::File;
    use std::io;
    use std::os::fd::AsFd as _;

    use crate::link::{Descriptor, Link, NoControl, PipeOutput};

    pub(super) type Reader = File;
    pub(super) type Writer = File;

    pub(super) fn link(reader: File, writer: File) -> Link {
        let reader = Arc::new(reader);
        let poll_reader = Arc::new(Descriptor::new(reader.clone()));
        let writer = PipeOutput::new(writer);
        let files = writer.files();
        let mut link = Link::from_std(reader, writer, Arc::new(NoControl));
        link.files = files;
        link.with_poll_reader(poll_reader)
    }

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
    use alloc::sync::Arc;
    use std::io;

    use crate::link::{Link, NoControl};

    pub(super) type Reader = io::Stdin;
    pub(super) type Writer = io::Stdout;

    pub(super) fn take() -> io::Result<(Reader, Writer)> {
        Ok((io::stdin(), io::stdout()))
    }

    pub(super) fn link(reader: Reader, writer: Writer) -> Link {
        Link::from_std(reader, writer, Arc::new(NoControl))
    }
}
