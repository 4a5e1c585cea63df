//! The seeded hashers of keys.
//!
//! A peer that does not know the seed cannot choose colliding keys, which would
//! make each look-up linear. With `std` the seed is random. Without, it is derived
//! from addresses of the program, which may be fixed: such a device must limit
//! the size of its input.

use core::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

/// Keys of different kinds have different hashes, numbers but one.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    None,
    Number,
    Str,
    Bytes,
    Channel,
    List,
    Tuple,
    Dict,
    Set,
    FrozenSet,
}

/// The hasher of the process, for keys of one kind.
#[inline]
pub(super) fn hasher(kind: Kind) -> FoldHasher<'static> {
    let (start, shared) = seed();
    FoldHasher::with_seed(start ^ kind as u64, shared)
}

/// The hasher of the process, for values compared exactly.
pub(in crate::value) fn exact_hasher() -> FoldHasher<'static> {
    let (start, shared) = seed();
    FoldHasher::with_seed(!start, shared)
}

/// The start of a hasher and the constants that it mixes in. Both must be secret:
/// input that equals the start hashes to zero.
#[cfg(feature = "std")]
#[inline]
fn seed() -> (u64, &'static SharedSeed) {
    use core::hash::BuildHasher;
    use std::hash::RandomState;
    use std::sync::OnceLock;

    static SEED: OnceLock<(u64, SharedSeed)> = OnceLock::new();
    let (start, shared) = SEED.get_or_init(|| {
        let [start, shared] = [0, 1].map(|n| RandomState::new().hash_one(n));
        (start, SharedSeed::from_u64(shared))
    });
    (*start, shared)
}

#[cfg(not(feature = "std"))]
fn seed() -> (u64, &'static SharedSeed) {
    let shared = SharedSeed::global_random();
    let mut start = FoldHasher::with_seed(!0, shared);
    start.write_u64(1);
    (start.finish(), shared)
}

/// One element of a sum that no order changes.
pub(in crate::value) fn addend(hash: u32) -> u64 {
    let mut hasher = hasher(Kind::None);
    hasher.write_u32(hash);
    hasher.finish()
}
