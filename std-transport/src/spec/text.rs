//! The separator of specs, and how values escape it.
//!
//! execnet splits a spec at every `//`. Here, in a longer run of slashes, each four are two slashes of the value, and
//! two that remain at the end are the separator. This breaks no spec that execnet accepts: it sees an empty key in four
//! slashes, and a key that begins with a slash in three.

/// The unescaped parts of a spec between its separators. If the spec is UTF-8, so are they.
pub(super) fn split(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let mut left = rest.take()?;
        let mut part = Vec::new();
        while let Some(start) = left.iter().position(|&byte| byte == b'/') {
            let (before, run) = left.split_at(start);
            let len = run.iter().take_while(|&&byte| byte == b'/').count();
            part.extend_from_slice(before);
            // Each four slashes are two of the value. Of the rest, two are the separator, and an odd one belongs to the
            // value before it.
            part.extend(core::iter::repeat_n(b'/', len / 4 * 2 + len % 2));
            left = run.get(len..).unwrap_or_default();
            if len % 4 >= 2 {
                rest = Some(left);
                return Some(part);
            }
        }
        part.extend_from_slice(left);
        Some(part)
    })
}

/// Escapes a value for [`split`].
pub(super) fn escape(value: &str) -> String {
    value.replace("//", "////")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(spec: &str) -> Vec<String> {
        let text = |part| String::from_utf8(part).unwrap();
        split(spec.as_bytes()).map(text).collect()
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
        fn escaped_values_are_split_again(values in proptest::collection::vec("k=[a/]{0,9}", 1..4)) {
            let escaped: Vec<String> = values.iter().map(|value| escape(value)).collect();
            prop_assert_eq!(parts(&escaped.join("//")), values);
        }
    }
}
