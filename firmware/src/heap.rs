//! The heap, which counts what is taken from it, and keeps a reserve for small blocks.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use embedded_alloc::LlffHeap;

/// No block above this is taken from the reserve.
const SMALL: usize = 512;

/// The last bytes of the heap, which only small blocks are taken from. What a controller's bytes size is allocated so that it
/// fails with an error, the text of that error, a handle or a node of a map is not: for those there is still memory when an
/// item, or what a function keeps, has taken all that it could.
const RESERVE: usize = 2 << 10;

/// A heap of `N` bytes of static memory.
pub struct Heap<const N: usize> {
    inner: LlffHeap,
    memory: UnsafeCell<[MaybeUninit<u8>; N]>,
    has_memory: AtomicBool,
    most: AtomicUsize,
    allocations: AtomicU32,
}

// SAFETY: `memory` is only given to `inner`, once, and `inner` is Sync.
unsafe impl<const N: usize> Sync for Heap<N> {}

impl<const N: usize> Heap<N> {
    /// A heap that refuses every allocation until [`start`](Self::start).
    #[allow(clippy::new_without_default, reason = "it is made in a static")]
    pub const fn new() -> Self {
        Self {
            inner: LlffHeap::empty(),
            memory: UnsafeCell::new([MaybeUninit::uninit(); N]),
            has_memory: AtomicBool::new(false),
            most: AtomicUsize::new(0),
            allocations: AtomicU32::new(0),
        }
    }

    /// Gives the heap its memory. A second call has no effect.
    pub fn start(&'static self) {
        if !self.has_memory.swap(true, Ordering::Relaxed) {
            // SAFETY: the memory is static, of this length, and no other code has its address. The flag makes this the only
            // call.
            unsafe { self.inner.init(self.memory.get() as usize, N) }
        }
    }

    /// Bytes of the heap.
    pub fn size(&self) -> usize {
        N
    }

    /// Bytes that are in use.
    pub fn used(&self) -> usize {
        self.inner.used()
    }

    /// The most bytes that were ever in use: the high-water mark.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Number of allocations. It wraps around.
    pub fn allocations(&self) -> u32 {
        self.allocations.load(Ordering::Relaxed)
    }
}

// SAFETY: it passes every call on to an allocator.
unsafe impl<const N: usize> GlobalAlloc for Heap<N> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > SMALL && self.inner.free() < layout.size() + RESERVE {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller ensures what `GlobalAlloc::alloc` requires.
        let block = unsafe { self.inner.alloc(layout) };
        self.most.fetch_max(self.inner.used(), Ordering::Relaxed);
        self.allocations.fetch_add(1, Ordering::Relaxed);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller ensures what `GlobalAlloc::dealloc` requires.
        unsafe { self.inner.dealloc(block, layout) }
    }
}
