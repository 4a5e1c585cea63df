//! Validates the UTF-8 of many texts at a time.

/// The minimum size of a window in bytes.
const WINDOW: usize = 512;

/// The minimum number of bytes beyond one text for which a window pays.
const GAIN: usize = 8;

/// The maximum number of texts validated one by one after a window that does
/// not pay.
const SINGLE: u8 = 15;

/// A window of the input that is known to be UTF-8.
///
/// Most texts are short, and the opcodes and lengths between them are UTF-8 as
/// well: validating a whole window, many bytes at a time, costs less than
/// validating each text. A window ends at the first byte that is not ASCII, and
/// most floats have one; a window that starts with text beyond ASCII ends at the
/// first byte that is not UTF-8. After windows that end early, texts are
/// validated one by one: 1, then 3, 7 and 15, while such windows follow each other.
///
/// A window reads its bytes up to three times, and two windows may have a text
/// in common: no byte is read more than six times.
#[derive(Clone, Debug)]
pub(crate) struct Utf8Window<'a> {
    input: &'a [u8],
    /// The validated part, and its offset.
    checked: &'a str,
    start: usize,
    /// The number of texts to validate one by one before the next window.
    single: u8,
    /// That number after the last window.
    pause: u8,
}

impl<'a> Utf8Window<'a> {
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            checked: "",
            start: 0,
            single: 0,
            pause: 0,
        }
    }

    /// The `len` bytes from `at` on as text, if they are in the input and
    /// UTF-8.
    #[inline(always)]
    pub(crate) fn get(&mut self, at: usize, len: usize) -> Option<&'a str> {
        self.cached(at, len)
            .or_else(|| self.validate_ahead(at, len))
    }

    #[inline(always)]
    fn cached(&self, at: usize, len: usize) -> Option<&'a str> {
        // `str::get` also refuses a range that ends inside a character: then the text
        // alone is not UTF-8, although the window around it is.
        let from = at.checked_sub(self.start)?;
        self.checked.get(from..from.checked_add(len)?)
    }

    #[inline(never)]
    fn validate_ahead(&mut self, at: usize, len: usize) -> Option<&'a str> {
        let ahead = self.input.get(at..)?;
        if let Some(left) = self.single.checked_sub(1) {
            // The last window stays: a later text may still be in it.
            self.single = left;
            return core::str::from_utf8(ahead.get(..len)?).ok();
        }
        let window = ahead.get(..len.max(WINDOW)).unwrap_or(ahead);
        // ASCII first: its scan is several times as fast as that of UTF-8, and it
        // stops at the binary operands between texts, which are not UTF-8.
        let ascii = ascii_prefix(window);
        self.checked = if ascii.len() >= len {
            // A second pass over the same bytes, because no safe function makes a
            // `str` of bytes that are known to be ASCII. They are in the cache.
            core::str::from_utf8(ascii).ok()?
        } else {
            valid_prefix(window)
        };
        self.start = at;
        // A window pays only if it covers more than this text. In input where none
        // does, the growing pause bounds the bytes that are read in vain.
        let is_early = self.checked.len() < len.saturating_add(GAIN);
        self.pause = if is_early {
            (2 * self.pause + 1).min(SINGLE)
        } else {
            0
        };
        self.single = self.pause;
        self.checked.get(..len)
    }
}

/// The ASCII bytes at the start, found a word at a time.
#[inline]
fn ascii_prefix(bytes: &[u8]) -> &[u8] {
    const HIGH: u128 = u128::from_ne_bytes([0x80; 16]);
    let mut rest = bytes;
    // A byte is ASCII if its highest bit is zero; 16 of them are one comparison.
    while let Some((word, after)) = rest.split_first_chunk() {
        let high = u128::from_le_bytes(*word) & HIGH;
        if high != 0 {
            // In little-endian order the lowest set bit belongs to the first such byte.
            let low = high.trailing_zeros() as usize / 8;
            let ascii = bytes.len() - rest.len() + low;
            return bytes.get(..ascii).unwrap_or_default();
        }
        rest = after;
    }
    let low = rest.iter().take_while(|byte| byte.is_ascii()).count();
    let ascii = bytes.len() - rest.len() + low;
    bytes.get(..ascii).unwrap_or_default()
}

/// The UTF-8 at the start.
fn valid_prefix(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_else(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        core::str::from_utf8(valid).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two- and three-byte characters, bytes that are none, and ASCII.
    const INPUT: &[u8] = "aé\u{20ac}".as_bytes();

    #[test]
    fn every_range_is_text_if_it_is_text_by_itself() {
        let mut input = heapless::Vec::<u8, 1024>::new();
        for part in [INPUT, b"\xff\xc3", &[b'x'; 600], INPUT, b"\xe2\x82", b"end"] {
            input.extend_from_slice(part).unwrap();
        }
        let mut window = Utf8Window::new(&input);
        for at in 0..=input.len() {
            for len in (0..=input.len() - at).step_by(1 + at % 3) {
                let expected = core::str::from_utf8(&input[at..at + len]).ok();
                assert_eq!(window.get(at, len), expected, "{len} bytes at {at}");
                assert_eq!(Utf8Window::new(&input).get(at, len), expected);
            }
        }
    }

    #[test]
    fn ranges_may_be_asked_for_in_any_order() {
        let mut window = Utf8Window::new(INPUT);
        for (at, len, expected) in [
            (3, 3, "\u{20ac}"),
            (1, 2, "é"),
            (0, 1, "a"),
            (0, 6, "aé\u{20ac}"),
        ] {
            assert_eq!(window.get(at, len), Some(expected));
        }
    }

    #[test]
    fn ascii_ends_before_the_first_high_byte() {
        for len in 0..70 {
            let mut bytes = [b'a'; 70];
            assert_eq!(ascii_prefix(&bytes[..len]).len(), len);
            for high in (0..len).rev() {
                bytes[high] = 0x80;
                assert_eq!(ascii_prefix(&bytes[..len]).len(), high);
            }
        }
    }

    #[test]
    fn ranges_outside_the_input_are_not_text() {
        let mut window = Utf8Window::new(b"text");
        assert_eq!(window.get(1, 4), None);
        assert_eq!(window.get(5, 0), None);
        assert_eq!(window.get(usize::MAX, 2), None);
        assert_eq!(window.get(2, usize::MAX), None);
        assert_eq!(window.get(4, 0), Some(""));
    }
}
