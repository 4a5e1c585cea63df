//! Source text without the indentation that it has in a program.

use alloc::borrow::Cow;
use alloc::string::String;

/// Removes the common indentation of all lines, as Python's `textwrap.dedent` does: blank lines do not count, and become
/// empty.
pub(crate) fn dedent(source: &str) -> Cow<'_, str> {
    let margin = source
        .lines()
        .filter(|line| !is_blank(line))
        .map(indent_of)
        .reduce(common_start);
    match margin {
        None | Some("") => Cow::Borrowed(source),
        Some(margin) => Cow::Owned(without(source, margin)),
    }
}

fn without(source: &str, margin: &str) -> String {
    let mut text = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        text.push_str(match line.strip_prefix(margin) {
            Some(rest) if !is_blank(line) => rest,
            _ if line.ends_with('\n') => "\n",
            _ => "",
        });
    }
    text
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| byte.is_ascii_whitespace())
}

fn indent_of(line: &str) -> &str {
    let rest = line.trim_start_matches([' ', '\t']);
    line.strip_suffix(rest).unwrap_or_default()
}

fn common_start<'a>(one: &'a str, other: &'a str) -> &'a str {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b);
    one.get(..same.count()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::dedent;

    #[test]
    fn the_common_indentation_is_removed() {
        for (source, expected) in [
            ("", ""),
            ("x = 1", "x = 1"),
            ("  x = 1\n  y = 2", "x = 1\ny = 2"),
            ("  if x:\n    y\n", "if x:\n  y\n"),
            ("\n    a\n\n      b\n    ", "\na\n\n  b\n"),
            ("\ta\n\t\tb", "a\n\tb"),
            ("\ta\n  b", "\ta\n  b"),
            ("a\n  b", "a\n  b"),
            ("  a\n \n  b", "a\n\nb"),
            ("  a\n    \n  b", "a\n\nb"),
            ("  a\n   ", "a\n"),
        ] {
            assert_eq!(dedent(source), expected, "{source:?}");
        }
    }
}
