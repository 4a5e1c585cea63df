//! The words that run a command as another user: `sudo`, `su`, `doas`.

use crate::command::quote::owned;
use crate::spec::keys::ACCOUNT_KEYS;
use crate::spec::{SpecError, XSpec};

/// The prompt that sudo prints. It replaces `%p` by the name of the user whose password is required.
const SUDO_PROMPT: &str = "password for %p:";

/// `su` passes the words behind the name to the shell, whose text replaces the shell by them.
const EXEC_WORDS: &str = "exec \"$0\" \"$@\"";

/// How the worker's command runs as another user.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Account {
    /// In front of the command; empty if the spec names no other user.
    pub(super) words: Vec<String>,
    /// Whether the program reads a password from its standard input if it needs one.
    pub(super) reads_password: bool,
}

impl Account {
    /// The account of a spec. With `askpass` there is somebody who gives passwords.
    pub(super) fn of(spec: &XSpec, askpass: bool) -> Result<Self, SpecError> {
        let mut asked = ACCOUNT_KEYS.into_iter().filter(|key| spec.has(key));
        let key = match (asked.next(), asked.next()) {
            (None, _) => return Ok(Self::default()),
            (Some(key), None) => key,
            (Some(first), Some(second)) => return Err(SpecError::Conflict(first, second)),
        };
        let user = spec.get(key);
        if user.is_some_and(|user| user.is_empty() || user.starts_with('-') || user.contains('\0'))
        {
            return Err(SpecError::value(key, "it names no user"));
        }
        let of_user: &[&str] = user.as_ref().map_or(&[], |_| &["-u"]);
        let name = user.as_slice();
        Ok(match (key, askpass) {
            // Without `-n`, it would ask on a terminal, and there is none.
            ("sudo", false) => Self::silent(&[&["sudo", "-n"], of_user, name, &["--"]]),
            ("sudo", true) => Self {
                words: owned(
                    &[&["sudo", "-S", "-p", SUDO_PROMPT], of_user, name, &["--"]].concat(),
                ),
                reads_password: true,
            },
            // It has no option that makes it fail instead of asking. Root is not asked.
            ("su", _) => Self {
                words: owned(&[
                    "su",
                    "-s",
                    "/bin/sh",
                    "-c",
                    EXEC_WORDS,
                    "--",
                    user.unwrap_or("root"),
                ]),
                reads_password: true,
            },
            // It reads passwords from a terminal alone.
            _ => Self::silent(&[&["doas", "-n"], of_user, name, &["--"]]),
        })
    }

    fn silent(words: &[&[&str]]) -> Self {
        Self {
            words: owned(&words.concat()),
            reads_password: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(spec: &str, askpass: bool) -> (String, bool) {
        let account = Account::of(&spec.parse().unwrap(), askpass).unwrap();
        (account.words.join(" "), account.reads_password)
    }

    #[test]
    fn no_program_asks_on_a_terminal() {
        for (spec, silent, asking) in [
            ("sudo", "sudo -n --", "sudo -S -p password for %p: --"),
            (
                "sudo=me",
                "sudo -n -u me --",
                "sudo -S -p password for %p: -u me --",
            ),
        ] {
            assert_eq!(words(spec, false), (silent.to_owned(), false));
            assert_eq!(words(spec, true), (asking.to_owned(), true));
        }
        let su = "su -s /bin/sh -c exec \"$0\" \"$@\" -- root".to_owned();
        assert_eq!(words("su", false), (su, true));
        assert_eq!(
            words("doas=me", true),
            ("doas -n -u me --".to_owned(), false)
        );
        assert_eq!(words("popen", true), (String::new(), false));
    }

    #[test]
    fn one_user_is_named() {
        for text in ["sudo=", "su=-x", "doas=a\0b"] {
            let account = Account::of(&text.parse().unwrap(), false);
            assert!(matches!(account, Err(SpecError::Value { .. })), "{text:?}");
        }
        let both = Account::of(&"sudo//su=me".parse().unwrap(), false);
        assert_eq!(both, Err(SpecError::Conflict("sudo", "su")));
    }
}
