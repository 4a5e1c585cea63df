//! How much of the stack was ever used.

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    // Symbols of the linker script. The stack grows down from the first to the second.
    static _stack_start: u32;
    static _stack_end: u32;
}

/// The most bytes of the stack that were ever in use: the high-water mark.
pub fn most() -> usize {
    let mut lowest = &raw const _stack_end;
    let start = &raw const _stack_start;
    // SAFETY: the words from the end to the start are the memory of the stack, which the start has filled. Those that are
    // read were never written since, up to the first that was.
    while lowest < start && unsafe { lowest.read_volatile() } == STACK_PAINT_VALUE {
        lowest = lowest.wrapping_add(1);
    }
    start as usize - lowest as usize
}
