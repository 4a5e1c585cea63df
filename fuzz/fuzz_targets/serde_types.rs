//! The property `serde_types` on inputs that libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| execnet_fuzz::serde_types(input));
