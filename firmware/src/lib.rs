//! The board of the images: an LM3S6965 with its UART and its timer.
//!
//! The images are tested in QEMU (`qemu-system-arm -M lm3s6965evb`). On a real board the program sets the clock of the
//! system first, see the data sheet.
#![no_std]

#[cfg(feature = "worker")]
extern crate alloc;

pub mod clock;
#[cfg(feature = "worker")]
mod failure;
#[cfg(feature = "worker")]
pub mod heap;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "worker")]
pub mod parts;
mod register;
pub mod stack;
pub mod uart;

use core::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "worker")]
pub use failure::{Failure, Refused};

/// Memory of the endpoint in bytes, for items of 1 KiB. The rest of the heap is for the functions.
#[cfg(feature = "worker")]
pub static MEMORY: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(14 << 10);

/// An interrupt came since the last [`sleep`].
static EVENT: AtomicBool = AtomicBool::new(false);

fn wake() {
    EVENT.store(true, Ordering::Release);
}

/// Sleeps until the next interrupt. Returns at once if one came since the last call: a program that has found nothing to do
/// and then sleeps must not miss what an interrupt has brought in between.
pub fn sleep() {
    // With interrupts disabled WFI still returns when one is pending. Its handler runs when they are enabled again.
    critical_section::with(|_| {
        if !EVENT.swap(false, Ordering::Acquire) {
            clock::idle(cortex_m::asm::wfi);
        }
    });
}

/// There is nobody to report to: the board restarts, and the program reports that on its line.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
