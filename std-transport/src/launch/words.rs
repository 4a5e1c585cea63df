//! Command lines as lists of words, and the way from texts and back.

use crate::spec::SpecError;

/// Splits a value of a spec as a shell does, without any expansion. There is at least one word that is not empty.
pub(super) fn split(key: &'static str, text: &str) -> Result<Vec<String>, SpecError> {
    if text.contains('\0') {
        return Err(unusable(key, "it holds a NUL byte"));
    }
    match shlex::split(text) {
        Some(words) if words.iter().any(|word| !word.is_empty()) => Ok(words),
        Some(_) => Err(unusable(key, "it is empty")),
        None => Err(unusable(key, "a quote or backslash is left open")),
    }
}

/// Splits the name of a program on this machine, in which Windows has backslashes that separate directories.
pub(super) fn split_program(
    key: &'static str,
    text: &str,
    windows: bool,
) -> Result<Vec<String>, SpecError> {
    if windows {
        split(key, &text.replace('\\', "/"))
    } else {
        split(key, text)
    }
}

/// One word for a POSIX shell.
pub(crate) fn quote(key: &'static str, word: &str) -> Result<String, SpecError> {
    match shlex::try_quote(word) {
        Ok(quoted) => Ok(quoted.into_owned()),
        Err(_) => Err(unusable(key, "it holds a NUL byte")),
    }
}

/// A text that a POSIX shell splits into these words.
pub(super) fn join(key: &'static str, words: &[String]) -> Result<String, SpecError> {
    let quoted: Result<Vec<String>, SpecError> =
        words.iter().map(|word| quote(key, word)).collect();
    Ok(quoted?.join(" "))
}

pub(super) fn unusable(key: &'static str, problem: &str) -> SpecError {
    SpecError::Value {
        key,
        problem: problem.to_owned(),
    }
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
        let split = |windows| split_program("python", r"c:\py\python.exe -O", windows).unwrap();
        assert_eq!(split(true), ["c:/py/python.exe", "-O"]);
        assert_eq!(split(false), ["c:pypython.exe", "-O"]);
    }

    #[test]
    fn what_is_joined_is_split_again() {
        let words = owned(&["a b", "it's", "", "$HOME", "`x`", "\"", "!"]);
        assert_eq!(shlex::split(&join("k", &words).unwrap()).unwrap(), words);
    }
}
