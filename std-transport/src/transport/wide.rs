use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::process::ChildStdin;

#[cfg(target_os = "linux")]
use execnet_core_sync::link::{FileWriter, PipeFiles};

/// So many bytes fit into a pipe as the system makes it. A write of more shows that much goes through.
const USUAL: usize = 64 << 10;

/// What fits in then: both processes work, instead of one waiting for the other at each few pages.
///
/// A user has as many bytes in pipes as `pipe-user-pages-soft` of Linux says, 64 MiB as a rule, which is why this is not
/// more, and not the size from the start.
#[cfg(target_os = "linux")]
const WIDE: usize = 512 << 10;

/// A pipe to a process that grows when large frames go through it. It is closed when its last handle is dropped.
#[derive(Debug, Clone)]
pub(super) struct WidePipe {
    pipe: Arc<File>,
    usual: Arc<AtomicBool>,
}

impl WidePipe {
    pub(super) fn new(pipe: ChildStdin) -> Self {
        Self {
            pipe: Arc::new(OwnedFd::from(pipe).into()),
            usual: Arc::new(true.into()),
        }
    }

    /// Makes room for so many bytes, the first time that they are many.
    fn expect(&self, bytes: usize) {
        if bytes > USUAL && self.usual.swap(false, Ordering::Relaxed) {
            self.widen();
        }
    }

    #[cfg(target_os = "linux")]
    fn widen(&self) {
        // A matter of speed alone: where the system refuses, it stays as it is.
        let _ = rustix::pipe::fcntl_setpipe_size(&*self.pipe, WIDE);
    }

    #[cfg(not(target_os = "linux"))]
    fn widen(&self) {}
}

impl Write for WidePipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.expect(bytes.len());
        (&*self.pipe).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.pipe).flush()
    }
}

#[cfg(target_os = "linux")]
impl FileWriter for WidePipe {
    fn write_file(&mut self, file: &File, offset: u64, len: usize) -> io::Result<usize> {
        self.expect(len);
        PipeFiles::new(&*self.pipe).write_file(file, offset, len)
    }
}
