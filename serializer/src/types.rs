//! The small types that every level of the format shares.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

/// The number of a channel. A gateway maps it to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub i32);

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A complex number. Equality and order compare the bits of its parts, so that
/// every number equals itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Complex {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

impl Complex {
    const fn bits(self) -> (u64, u64) {
        (self.re.to_bits(), self.im.to_bits())
    }
}

impl PartialEq for Complex {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Complex {}

impl Hash for Complex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

impl PartialOrd for Complex {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Complex {
    fn cmp(&self, other: &Self) -> Ordering {
        self.re
            .total_cmp(&other.re)
            .then(self.im.total_cmp(&other.im))
    }
}
