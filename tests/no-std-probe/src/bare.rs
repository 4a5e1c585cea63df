//! What the standard library would have brought: an end for panics, and the two symbols of the
//! unwinder that the precompiled `alloc` still names although nothing here unwinds.
//!
//! A second panic handler in one program is a compile error, so this file is also what notices std.
//! The exported names are why the probe, alone in the project, contains `unsafe`.

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    stop()
}

#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() -> ! {
    stop()
}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    stop()
}

fn stop() -> ! {
    // SAFETY: abort takes no arguments and does not return.
    unsafe { libc::abort() }
}
