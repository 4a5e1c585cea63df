//! Memory taken while decoding stays within a constant times the input.
//!
//! One test alone, because the allocator counts for the whole process.

#![cfg(feature = "std")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

use execnet_serializer::{LoadOptions, Opcode};
use peak_alloc::PeakAlloc;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What `Limits` promises: bytes of memory for each byte of input.
const FACTOR: usize = 256;

/// For what the test's own threads take meanwhile.
const SLACK: usize = 1 << 14;

#[test]
fn decoding_takes_no_more_memory_than_promised() {
    for n in [0, 1, 4096, 4097, 10_000] {
        for input in repetitive(n) {
            check(&input).unwrap();
        }
    }
    for (announced, followed_by) in [(i32::MAX, 0), (1 << 26, 1000), (1000, 6999)] {
        for opcode in [
            b"\x4b", b"\x40", b"\x41", b"\x48", b"\x4d", b"\x4e", b"\x4f", b"\x53",
        ] {
            let input = [
                &opcode[..],
                &announced.to_be_bytes(),
                &b"\x4c".repeat(followed_by),
            ];
            check(&input.concat()).unwrap();
        }
    }
    let mut runner = TestRunner::deterministic();
    runner
        .run(&vec(element(), 0..400), |elements| {
            check(&elements.concat())
        })
        .unwrap();
}

/// The smallest elements so many times, in every container that takes them.
fn repetitive(n: usize) -> Vec<Vec<u8>> {
    let counted = |opcode: u8, each: &dyn Fn(i32) -> Vec<u8>| {
        let count = i32::try_from(n).unwrap();
        let items = (0..count).flat_map(each);
        let mut input = Vec::from_iter(items);
        input.push(opcode);
        input.extend(count.to_be_bytes());
        input.push(b'Q');
        input
    };
    let none = |_| b"L".to_vec();
    let int = |i: i32| [&b"F"[..], &i.to_be_bytes()].concat();
    let float = |i: i32| [&b"D"[..], &(f64::from(i) / 2.0).to_be_bytes()].concat();
    let text = |i: i32| [&b"N\0\0\0\x0a"[..], format!("{i:010}").as_bytes()].concat();
    let big = |i: i32| [&b"H\0\0\0\x15-"[..], format!("{i:020}").as_bytes()].concat();
    let tuple = |i: i32| [&int(i), &b"@\0\0\0\x01"[..]].concat();
    let frozenset = |i: i32| [&int(i), &b"E\0\0\0\x01"[..]].concat();
    let makers: [&dyn Fn(i32) -> Vec<u8>; 7] =
        [&none, &int, &float, &text, &big, &tuple, &frozenset];
    let mut inputs = Vec::new();
    for make in makers {
        inputs.extend(b"@OE".map(|opcode| counted(opcode, make)));
        let pairs = |i| [&make(i), &b"LP"[..]].concat();
        let pairs = Vec::from_iter((0..i32::try_from(n).unwrap()).flat_map(pairs));
        inputs.push([&b"J"[..], &pairs, b"Q"].concat());
    }
    inputs.push(b"J".repeat(n));
    // Each announces no more items than what follows could hold.
    let announced = i32::try_from(n).unwrap().to_be_bytes();
    let lists = [&b"K"[..], &announced].concat().repeat(n);
    inputs.push([lists, b"L".repeat(7 * n)].concat());
    inputs
}

/// One opcode with an operand, mostly a sound one.
fn element() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![any::<u8>(), (0x40_u8..0x55)];
    let operand = prop_oneof![
        8 => (0_i32..20).prop_map(|n| n.to_be_bytes()),
        1 => any::<[u8; 4]>(),
    ];
    (opcode, operand, vec(any::<u8>(), 0..20)).prop_map(|(opcode, operand, content)| {
        match Opcode::from_byte(opcode) {
            Some(known) if !has_operand(known) => vec![opcode],
            _ => [&[opcode], &operand[..], &content].concat(),
        }
    })
}

fn has_operand(opcode: Opcode) -> bool {
    !matches!(
        opcode,
        Opcode::None
            | Opcode::True
            | Opcode::False
            | Opcode::NewDict
            | Opcode::SetItem
            | Opcode::Stop
    )
}

fn check(input: &[u8]) -> Result<(), TestCaseError> {
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let loaded = LoadOptions::wire().loads(input);
    let taken = HEAP.peak_usage().saturating_sub(before);
    let promised = input.len() * FACTOR + SLACK;
    let head = input.get(..40.min(input.len())).unwrap_or_default();
    prop_assert!(
        taken <= promised,
        "{taken} bytes of memory for {} of input, {:?}: {head:?}...",
        input.len(),
        loaded.map(|value| value.type_name()),
    );
    Ok(())
}
