//! Registers of the chip's peripherals.

/// A register of 32 bits of the LM3S6965.
#[derive(Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    /// `address` must be that of a register of the chip.
    pub(crate) const fn at(address: usize) -> Self {
        Self(address)
    }

    pub(crate) fn read(self) -> u32 {
        // SAFETY: the address is that of a register of the chip, aligned and always mapped, and not in the memory that
        // Rust manages.
        unsafe { core::ptr::read_volatile(self.0 as *const u32) }
    }

    pub(crate) fn write(self, value: u32) {
        // SAFETY: as in `read`. No register that this program writes lets the chip access memory.
        unsafe { core::ptr::write_volatile(self.0 as *mut u32, value) }
    }

    pub(crate) fn set(self, bits: u32) {
        self.write(self.read() | bits);
    }

    pub(crate) fn clear(self, bits: u32) {
        self.write(self.read() & !bits);
    }
}
