//! Time, by the SysTick timer: milliseconds, and the cycles that the program was not asleep.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m_rt::exception;

use crate::wake;

/// Cycles of a millisecond, at the 12.5 MHz that the LM3S6965 starts with.
const CYCLES: u32 = 12_500;

static MILLISECONDS: AtomicU32 = AtomicU32::new(0);
/// Cycles that the processor slept.
static IDLE: AtomicU32 = AtomicU32::new(0);

/// Starts the timer.
pub fn start(mut timer: SYST) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(CYCLES - 1);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
}

#[exception]
fn SysTick() {
    MILLISECONDS.fetch_add(1, Ordering::Relaxed);
    wake();
}

/// Milliseconds since the start. They wrap around.
pub fn milliseconds() -> u32 {
    MILLISECONDS.load(Ordering::Relaxed)
}

/// Cycles of this millisecond.
fn cycles() -> u32 {
    CYCLES.saturating_sub(SYST::get_current())
}

/// Cycles since the start that the processor did not sleep. They wrap around.
pub fn busy_cycles() -> u32 {
    critical_section::with(|_| {
        let (mut full, mut part) = (milliseconds(), cycles());
        // The timer has begun a millisecond that its handler could not count yet.
        if SCB::is_pendst_pending() {
            (full, part) = (full.wrapping_add(1), cycles());
        }
        let now = full.wrapping_mul(CYCLES).wrapping_add(part);
        now.wrapping_sub(IDLE.load(Ordering::Relaxed))
    })
}

/// Runs a sleep, with interrupts disabled: the millisecond that ends it is counted when they are enabled again.
pub(crate) fn idle(sleep: fn()) {
    let before = cycles();
    sleep();
    let after = cycles();
    let slept = match after.checked_sub(before) {
        Some(slept) => slept,
        None => CYCLES - before + after,
    };
    IDLE.fetch_add(slept, Ordering::Relaxed);
}
