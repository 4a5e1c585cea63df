//! Memory whose size a peer's bytes decide: allocations that fail with an error, and do not end the program.

use alloc::alloc::handle_alloc_error;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ops::{Deref, DerefMut};

/// Whether an allocation can fail. Under an operating system it does not in practice, and a release build spends no time on it:
/// decoding took up to a tenth longer. The tests are other builds.
pub const FALLIBLE: bool = cfg!(any(target_os = "none", debug_assertions));

/// An empty vector with memory for this many; `None` if there is no such memory.
#[inline]
pub(crate) fn room_for<T>(count: usize) -> Option<Vec<T>> {
    if !FALLIBLE {
        return Some(Vec::with_capacity(count));
    }
    let mut items = Vec::new();
    items.try_reserve_exact(count).is_ok().then_some(items)
}

/// A copy; `None` if there is no memory for it.
#[inline]
pub(crate) fn copy_of(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = room_for(bytes.len())?;
    copy.extend_from_slice(bytes);
    Some(copy)
}

/// A `Box` whose allocation can fail, for which stable Rust has only `Vec`.
pub(crate) struct TryBox<T>(Box<[T; 1]>);

impl<T> TryBox<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Box::new([value]))
    }

    /// `None` if there is no memory for it.
    pub(crate) fn try_new(value: T) -> Option<Self> {
        if !FALLIBLE {
            return Some(Self::new(value));
        }
        let mut values = room_for(1)?;
        values.push(value);
        values.try_into().ok().map(Self)
    }

    // For constant functions, which cannot call `deref`.
    #[inline]
    pub(crate) const fn get(&self) -> &T {
        let [value] = &*self.0;
        value
    }

    #[inline]
    pub(crate) const fn get_mut(&mut self) -> &mut T {
        let [value] = &mut *self.0;
        value
    }

    pub(crate) fn into_inner(self) -> T {
        let [value] = *self.0;
        value
    }
}

// Not derived: that of an array takes more of the stack, and nested sets are cloned by recursion.
impl<T: Clone> Clone for TryBox<T> {
    fn clone(&self) -> Self {
        Self::new(self.get().clone())
    }
}

impl<T> Deref for TryBox<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.get()
    }
}

impl<T> DerefMut for TryBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.get_mut()
    }
}

/// Ends the program, as an allocation without memory does.
#[cold]
pub(crate) fn exhausted() -> ! {
    handle_alloc_error(Layout::new::<u8>())
}

/// Whether a block of this many bytes could be allocated now: for what can only be allocated without an error.
#[must_use]
pub fn has_block(bytes: usize) -> bool {
    // A compiler may leave out a block that nothing uses, and then takes it for allocated.
    !FALLIBLE || core::hint::black_box(room_for::<u8>(bytes)).is_some()
}
