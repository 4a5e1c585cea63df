//! What a sync reports of itself, and the entries it leaves out.

use std::io;
use std::path::Path;

use super::beneath::Meta;
use super::protocol::{Entry, FileResult, Note};

/// Why something is not sent.
#[derive(Debug)]
pub(crate) enum LeftOut {
    /// It is of a kind that is not sent.
    Skipped(&'static str),
    /// It cannot be read.
    Failed(io::Error),
}

/// Observes one side of a sync, and may refuse entries.
///
/// The default methods accept everything and ignore events, so that a side calls them all and an observer has those
/// that it needs. Paths are made only on demand: a worker observes nothing and must not pay for them.
pub(crate) trait Observer {
    /// Whether [`takes`](Self::takes) accepts everything.
    fn takes_all(&self) -> bool {
        true
    }

    /// Whether the source lists this entry.
    fn takes(&mut self, _path: &Path, _meta: &Meta) -> bool {
        true
    }

    /// Whether the target takes this listed entry, in a folder at this depth. An entry that it refuses stays as it is.
    fn takes_listed(
        &mut self,
        _path: &dyn Fn() -> Vec<u8>,
        _depth: u16,
        _entry: &Entry<'_>,
    ) -> bool {
        true
    }

    /// The source leaves out something that exists.
    fn left_out(&mut self, _path: Vec<u8>, _reason: LeftOut) {}

    /// The source could not list a folder to its end.
    fn cut_off(&mut self, _path: &dyn Fn() -> Vec<u8>) {}

    /// The target asked for a file of this size.
    fn asked(&mut self, _size: u64) {}

    /// The target has the file.
    fn had(&mut self) {}

    /// The target did something to an entry without asking for it; `is_file` says whether it was listed as a file.
    fn not_asked(&mut self, _is_file: &dyn Fn() -> bool) {}

    /// The target has taken this many bytes in total.
    fn took(&mut self, _bytes: u64) {}

    /// A file that was asked for is settled. `bytes` of it were sent.
    fn settled(&mut self, _path: &dyn Fn() -> Vec<u8>, _bytes: u64, _result: FileResult<'_>) {}

    /// The target did something else, or failed to.
    fn noted(&mut self, _path: &dyn Fn() -> Vec<u8>, _note: &Note<'_>) {}
}

/// Observes nothing.
impl Observer for () {}
