//! Errors of functions.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

/// What a function fails with.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A text for the controller. A plain `&str` in its place would bring the tables by which Rust escapes texts: 3 KiB of flash.
#[derive(Clone, Copy)]
pub struct Refused(pub &'static str);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Refused {}
