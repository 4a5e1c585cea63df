//! A terminal device as a socket: a thread copies the bytes of both directions.
//!
//! A thread that is blocked in a read of a terminal cannot be woken. One that reads a socket can, and all of the code for
//! sockets works.

use core::time::Duration;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{ControlModes, OptionalActions, QueueSelector};

use super::wait::poll_for;

/// How long a device that takes no bytes may delay the end of the thread: the rest of the last frame is dropped then.
const DRAIN: Duration = Duration::from_secs(1);

/// Without events the thread looks again after this time. Nothing depends on it.
const IDLE: Duration = Duration::from_secs(3600);

/// Opens a terminal device for bytes as they are, at this speed.
pub(crate) fn open_tty(path: &str, baud: u32) -> io::Result<UnixStream> {
    // Not blocking: without a carrier the open would wait, and so would the thread below.
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let tty = rustix::fs::open(path, flags, Mode::empty())?;
    if !rustix::termios::isatty(&tty) {
        let problem = "it is not a serial port";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    // Two programs would each get a part of the bytes.
    rustix::termios::ioctl_tiocexcl(&tty)?;
    let mut settings = rustix::termios::tcgetattr(&tty)?;
    settings.make_raw();
    settings.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
    settings.set_speed(baud)?;
    rustix::termios::tcsetattr(&tty, OptionalActions::Now, &settings)?;
    // What arrived before belongs to nobody.
    rustix::termios::tcflush(&tty, QueueSelector::IFlush)?;
    let (ours, theirs) = UnixStream::pair()?;
    theirs.set_nonblocking(true)?;
    let thread = thread::Builder::new().name("execnet serial".to_owned());
    thread.spawn(move || {
        let tty = File::from(tty);
        copy(&tty, &theirs);
        // Stays with the port if another process has it open, too.
        let _ = rustix::termios::ioctl_tiocnxcl(&tty);
    })?;
    Ok(ours)
}

/// Copies in both directions, until one side ends.
fn copy(tty: &File, socket: &UnixStream) {
    let (mut to_tty, mut to_socket) = (Way::new(), Way::new());
    loop {
        let mut ends = [
            PollFd::new(tty, to_socket.wanted() | to_tty.unsent()),
            PollFd::new(socket, to_tty.wanted() | to_socket.unsent()),
        ];
        // After the end of the gateway only the rest of its bytes is written.
        let timeout = if to_tty.has_ended { DRAIN } else { IDLE };
        if poll_for(&mut ends, timeout).is_err() {
            return;
        }
        let is_idle = ends.iter().all(|end| end.revents().is_empty());
        if is_idle && to_tty.has_ended {
            return;
        }
        let moved = to_socket
            .copy(tty, socket)
            .and_then(|()| to_tty.copy(socket, tty));
        // The device was unplugged, or the gateway has ended.
        if moved.is_err() || to_socket.has_ended || (to_tty.has_ended && to_tty.is_empty()) {
            return;
        }
    }
}

/// One direction.
struct Way {
    buffer: [u8; 4096],
    start: usize,
    end: usize,
    has_ended: bool,
}

impl Way {
    fn new() -> Self {
        Self {
            buffer: [0; 4096],
            start: 0,
            end: 0,
            has_ended: false,
        }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn wanted(&self) -> PollFlags {
        match self.is_empty() && !self.has_ended {
            true => PollFlags::IN,
            false => PollFlags::empty(),
        }
    }

    fn unsent(&self) -> PollFlags {
        match self.is_empty() {
            true => PollFlags::empty(),
            false => PollFlags::OUT,
        }
    }

    /// Moves what both ends allow now.
    fn copy(&mut self, mut from: impl Read, mut to: impl Write) -> io::Result<()> {
        if self.is_empty() && !self.has_ended {
            match unless_blocked(from.read(&mut self.buffer))? {
                Some(0) => self.has_ended = true,
                Some(read) => (self.start, self.end) = (0, read),
                None => {}
            }
        }
        while let Some(unsent) = self
            .buffer
            .get(self.start..self.end)
            .filter(|b| !b.is_empty())
        {
            match unless_blocked(to.write(unsent))? {
                Some(written) => self.start += written,
                None => break,
            }
        }
        Ok(())
    }
}

fn unless_blocked(done: io::Result<usize>) -> io::Result<Option<usize>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
