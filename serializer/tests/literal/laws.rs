//! Printing and parsing are inverse for every value.

use crate::common::{printable_floats, values};
use execnet_serializer::Value;
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_value_reads_back_as_itself(value in values(printable_floats())) {
        let text = value.to_string();
        let read: Value = text.parse().unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(read.to_string(), text);
    }

    /// So that it does not act on a terminal.
    #[test]
    fn no_control_character_is_printed(value in values(printable_floats())) {
        prop_assert!(!value.to_string().chars().any(char::is_control));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        check(&text)?;
    }

    #[test]
    fn any_tokens_are_read_or_refused(
        tokens in proptest::collection::vec(proptest::sample::select(TOKENS), 0..40)
    ) {
        check(&tokens.concat())?;
    }
}

const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "'",
    "\"",
    "'''",
    "b'",
    "r'",
    "\\",
    "\n",
    "\r",
    " ",
    "#",
    "+",
    "-",
    ".",
    "0",
    "1",
    "_",
    "e",
    "j",
    "x",
    "0x",
    "7",
    "inf",
    "nan",
    "set(",
    "None",
    "frozenset(",
    "Channel(",
    "\\u00e9",
    "\\ud800",
    "\\xff",
    "é",
    "\0",
];

/// What is read prints and reads as itself; an error points into the text.
fn check(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Value>() {
        Ok(value) => prop_assert_eq!(value.to_string().parse::<Value>(), Ok(value)),
        Err(error) => prop_assert!(text.is_char_boundary(error.offset()), "{}", error),
    }
    Ok(())
}
