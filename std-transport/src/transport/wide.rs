use std::io::{self, Write};
use std::process::ChildStdin;

/// So many bytes fit into a pipe as the system makes it. A write of more shows that much goes through.
const USUAL: usize = 64 << 10;

/// What fits in then: both processes work, instead of one waiting for the other at each few pages.
///
/// A user has as many bytes in pipes as `pipe-user-pages-soft` of Linux says, 64 MiB as a rule, which is why this is not
/// more, and not the size from the start.
#[cfg(target_os = "linux")]
const WIDE: usize = 512 << 10;

/// A pipe to a process that grows when large frames go through it.
#[derive(Debug)]
pub(super) struct WidePipe {
    pipe: ChildStdin,
    usual: bool,
}

impl WidePipe {
    pub(super) fn new(pipe: ChildStdin) -> Self {
        Self { pipe, usual: true }
    }

    #[cfg(target_os = "linux")]
    fn widen(&self) {
        // A matter of speed alone: where the system refuses, it stays as it is.
        let _ = rustix::pipe::fcntl_setpipe_size(&self.pipe, WIDE);
    }

    #[cfg(not(target_os = "linux"))]
    fn widen(&self) {}
}

impl Write for WidePipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.usual && bytes.len() > USUAL {
            self.usual = false;
            self.widen();
        }
        self.pipe.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()
    }
}
