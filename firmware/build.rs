//! Passes the linker script of `cortex-m-rt` to the linker. The memory map is that of the crate `lm3s6965`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
}
