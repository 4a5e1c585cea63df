//! The separator of specs, and values that hold it.
//!
//! execnet splits a spec at every `//`. Of a longer run of slashes four in a row are two slashes of the value, and the
//! last two are the separator: execnet finds an empty key in the first, and in three slashes a key that begins with
//! one, neither of which is in use.

/// The parts of a spec between its separators.
pub(super) fn split(text: &str) -> impl Iterator<Item = String> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let mut left = rest.take()?;
        let mut part = String::new();
        while let Some(start) = left.find('/') {
            let (before, run) = left.split_at(start);
            let len = run.len() - run.trim_start_matches('/').len();
            part.push_str(before);
            part.extend(core::iter::repeat_n("//", len / 4));
            left = run.trim_start_matches('/');
            if len % 2 == 1 {
                part.push('/');
            }
            if len % 4 >= 2 {
                rest = Some(left);
                return Some(part);
            }
        }
        part.push_str(left);
        Some(part)
    })
}

/// A value as [`split`] reads it.
pub(super) fn escape(value: &str) -> String {
    value.replace("//", "////")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> Vec<String> {
        split(text).collect()
    }

    #[test]
    fn two_slashes_separate() {
        assert_eq!(parts("a//b"), ["a", "b"]);
        assert_eq!(parts("a/b"), ["a/b"]);
        assert_eq!(parts("a////b"), ["a//b"]);
        assert_eq!(parts("a///b"), ["a/", "b"]);
        assert_eq!(parts("a/////b"), ["a///b"]);
        assert_eq!(parts("a//////b"), ["a//", "b"]);
        assert_eq!(parts("a//"), ["a", ""]);
        assert_eq!(parts(""), [""]);
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_split_again(values in proptest::collection::vec("k=[a/]{0,9}", 1..4)) {
            let escaped: Vec<String> = values.iter().map(|value| escape(value)).collect();
            prop_assert_eq!(parts(&escaped.join("//")), values);
        }
    }
}
