//! The property `pickle_differential` on inputs that libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| execnet_fuzz::pickle_differential(input));
