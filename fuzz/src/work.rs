//! Work in proportion to the input.

/// Seconds of processor time that a property may take for each byte: a hundred times what most take in an optimised
/// build with coverage, and a hundredth of what it takes where nested sets are hashed anew at each level.
const SECONDS_A_BYTE: f64 = 5e-6;

/// Short inputs may take this long. It is beyond all that is not by the square of their size.
const FLOOR: f64 = 0.5;

/// Runs a property, which may take time in proportion to the input.
///
/// # Panics
/// When the property takes longer, three times in a row: others on the machine may slow one run down.
pub(crate) fn bounded(property: fn(&[u8]), input: &[u8]) {
    let limit = FLOOR + SECONDS_A_BYTE * input.len() as f64;
    let exceeds = || {
        let start = seconds();
        property(input);
        seconds() - start > limit
    };
    assert!(
        !(exceeds() && exceeds() && exceeds()),
        "{} bytes took more than {limit} s of processor time",
        input.len()
    );
}

/// Processor time of this thread.
#[cfg(unix)]
fn seconds() -> f64 {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Not known here: the property runs without a bound.
#[cfg(not(unix))]
fn seconds() -> f64 {
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "10 bytes took more than")]
    fn a_property_that_takes_too_long_for_its_input_does_not_hold() {
        bounded(
            |_| {
                let start = seconds();
                while seconds() - start < FLOOR + 0.1 {}
            },
            &[0; 10],
        );
    }
}
