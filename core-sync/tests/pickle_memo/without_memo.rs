//! Pickles that name repeated texts, as pickles that do not: a reader for tests.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// What a pickle with a memo says, without it.
pub(crate) fn without_memo(pickle: &[u8]) -> Vec<u8> {
    let mut out = pickle[..2].to_vec();
    let mut memo: Vec<Vec<u8>> = Vec::new();
    let mut rest = &pickle[2..];
    while let [op, operand @ ..] = rest {
        let long = |at: usize| u32::from_le_bytes(operand[at..at + 4].try_into().unwrap()) as usize;
        let len = match op {
            b'h' | b'K' => 1,
            b'J' => 4,
            b'M' => 2,
            b'G' => 8,
            0x8a | 0x8c | b'C' => 1 + usize::from(operand[0]),
            b'X' | b'B' => 4 + long(0),
            _ => 0,
        };
        let whole;
        (whole, rest) = rest.split_at(1 + len);
        match op {
            b'h' => out.extend(&memo[usize::from(operand[0])]),
            _ if rest.first() == Some(&0x94) => {
                memo.push(whole.to_vec());
                out.extend(whole);
                rest = &rest[1..];
            }
            _ => out.extend(whole),
        }
    }
    out
}
