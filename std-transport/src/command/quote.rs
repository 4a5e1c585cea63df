//! Splitting text into words as a shell does, and quoting words for a shell.

use std::ffi::{OsStr, OsString};

use crate::spec::SpecError;
use crate::sys;

/// Splits a value of a spec as a shell does, without expansions. At least one of the words is not empty.
pub(super) fn split(key: &'static str, text: &str) -> Result<Vec<String>, SpecError> {
    let words = split_os(key, text.as_ref())?.into_iter();
    words.map(|word| utf8(key, word)).collect()
}

/// The same for a value that need not be UTF-8.
pub(super) fn split_os(key: &'static str, text: &OsStr) -> Result<Vec<OsString>, SpecError> {
    let text = sys::os_bytes(text);
    if text.contains(&0) {
        return Err(SpecError::value(key, "it contains a NUL byte"));
    }
    match shlex::bytes::split(text) {
        Some(words) if words.iter().any(|word| !word.is_empty()) => {
            Ok(words.iter().map(|word| sys::os_string(word)).collect())
        }
        Some(_) => Err(SpecError::value(key, "it is empty")),
        None => Err(SpecError::value(key, "a quote or backslash is left open")),
    }
}

/// Splits a command of this machine. On Windows its backslashes separate directories.
pub(super) fn split_program(
    key: &'static str,
    text: &OsStr,
    windows: bool,
) -> Result<Vec<OsString>, SpecError> {
    match text.to_str() {
        Some(text) if windows => split_os(key, text.replace('\\', "/").as_ref()),
        _ => split_os(key, text),
    }
}

/// A value that is sent to another machine, as text.
pub(super) fn utf8(key: &str, value: OsString) -> Result<String, SpecError> {
    let text = value.into_string();
    text.map_err(|_| SpecError::NotUtf8(key.to_owned()))
}

/// The shell variable of a line break, see [`quote`].
const LINE_BREAK: &str = "\"$_execnet_nl\"";

/// The command that sets it.
pub(super) const SET_LINE_BREAK: &str =
    r#"_execnet_nl=$(printf "\nx"); _execnet_nl=${_execnet_nl%x}"#;

/// Quotes a word for a POSIX shell, without a line break in the result: each command for the remote shell must be one
/// line. If the word has a line break, [`SET_LINE_BREAK`] must be executed before.
pub(crate) fn quote(key: &'static str, word: &str) -> Result<String, SpecError> {
    if word.contains('\0') {
        return Err(SpecError::value(key, "it contains a NUL byte"));
    }
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(safe) {
        return Ok(word.to_owned());
    }
    // Within single quotes nothing is special to the shell but the quote itself, which is written between double
    // quotes.
    let word = word.replace('\'', r#"'"'"'"#);
    Ok(format!(
        "'{}'",
        word.replace('\n', &format!("'{LINE_BREAK}'"))
    ))
}

/// Text that a POSIX shell splits into these words.
pub(super) fn join(key: &'static str, words: &[String]) -> Result<String, SpecError> {
    let quoted: Result<Vec<String>, SpecError> =
        words.iter().map(|word| quote(key, word)).collect();
    Ok(quoted?.join(" "))
}

/// Literals as words.
pub(super) fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backslashes_of_windows_separate_directories() {
        let split =
            |windows| split_program("python", r"c:\py\python.exe -O".as_ref(), windows).unwrap();
        assert_eq!(split(true), ["c:/py/python.exe", "-O"]);
        assert_eq!(split(false), ["c:pypython.exe", "-O"]);
    }

    #[test]
    fn joined_words_are_split_again() {
        let words = owned(&["a b", "it's", "", "$HOME", "`x`", "\"", "!", r"\", "é"]);
        assert_eq!(shlex::split(&join("k", &words).unwrap()).unwrap(), words);
    }

    #[test]
    fn a_quoted_word_is_one_line() {
        assert_eq!(quote("k", "a\nb").unwrap(), r#"'a'"$_execnet_nl"'b'"#);
        assert!(quote("k", "a\0b").is_err());
    }
}
