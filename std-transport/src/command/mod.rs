//! Command lines of workers, made from specs by pure functions.

use alloc::collections::BTreeMap;
use core::fmt;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::spec::{SpecError, XSpec};

mod account;
mod interpreter;
mod quote;
mod ssh;
mod wrappers;

pub(crate) use interpreter::{LOGGED_IN, NO_DIRECTORY, NO_DIRECTORY_TEXT, NO_PROGRAM, ONE_LINER};
#[cfg(feature = "self-exec")]
pub(crate) use quote::quote as quoted;
pub(crate) use ssh::{SshHints, SshIdentity, SshVersion, exit_master, identity as ssh_identity};

/// Maximum number of characters of an argument in messages.
const SHOWN_ARGUMENT: usize = 60;

/// A process to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
    /// Variables that are set, or removed if `None`.
    pub(crate) env: BTreeMap<String, Option<String>>,
    pub(crate) chdir: Option<PathBuf>,
    /// Whether the program is a client that runs the worker elsewhere. Its exit status is that of the worker then, and
    /// above 128 the signal that killed it.
    pub(crate) remote: bool,
    pub(crate) kill_policy: KillPolicy,
    pub(crate) input: Input,
}

/// What is written to a process's standard input before the payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Input {
    /// For a program that may ask for a password: written first. The process then prints [`LOGGED_IN`], and must not get
    /// anything but a password before that.
    pub(crate) log_in: Option<String>,
    /// Commands for the shell that starts the worker.
    pub(crate) commands: String,
}

impl Input {
    /// All of it, for a process that is not asked for a password.
    pub(crate) fn without_password(&self) -> String {
        self.log_in.clone().unwrap_or_default() + &self.commands
    }
}

/// How a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KillPolicy {
    /// SIGKILL to its process group.
    Kill,
    /// SIGTERM to its process group: the program then kills what it has started on other machines, which would survive
    /// a SIGKILL of the program. A second kill sends SIGKILL to the program alone.
    Terminate,
}

impl Launch {
    /// A client program that starts the worker elsewhere. Directory and environment are part of its input.
    fn remote(
        program: &str,
        arguments: impl IntoIterator<Item: Into<OsString>>,
        input: Input,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            input,
            env: BTreeMap::new(),
            chdir: None,
            remote: true,
            kill_policy: KillPolicy::Kill,
        }
    }
}

/// The command line, quoted for a shell, with long arguments shortened.
impl fmt::Display for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_word(f, &self.program)?;
        for argument in &self.arguments {
            f.write_str(" ")?;
            write_word(f, argument)?;
        }
        Ok(())
    }
}

fn write_word(f: &mut fmt::Formatter<'_>, word: &OsStr) -> fmt::Result {
    let word = word.to_string_lossy();
    let short = shortened(&word);
    let cut = if short.len() < word.len() { "..." } else { "" };
    // Quoting fails only for a NUL, which words of specs do not contain.
    match shlex::try_quote(short) {
        Ok(quoted) => write!(f, "{quoted}{cut}"),
        Err(_) => write!(f, "{short:?}{cut}"),
    }
}

/// A short argument as it is; of a longer one as many words as fit. It may be text for a shell, in which a cut at any
/// other place could leave a quote open.
fn shortened(argument: &str) -> &str {
    let Some((end, _)) = argument.char_indices().nth(SHOWN_ARGUMENT) else {
        return argument;
    };
    let start = argument.get(..end).unwrap_or(argument);
    let open = |text: &&str| shlex::split(text).is_none();
    let mut ends = start.rmatch_indices(char::is_whitespace);
    let words = ends.find_map(|(end, _)| start.get(..end).filter(|text| !open(text)));
    words.map_or(start, str::trim_end)
}

/// Makes the launches for one transport, in the order in which they are tried.
type Launcher = fn(&XSpec, &SshHints) -> Result<Vec<Launch>, SpecError>;

const LAUNCHERS: &[(&str, Launcher)] = &[
    ("popen", popen),
    ("ssh", |spec, hints| one(ssh::ssh(spec, hints))),
    ("vagrant_ssh", |spec, hints| one(ssh::vagrant(spec, hints))),
    ("docker", |spec, hints| {
        one(wrappers::container("docker", spec, hints.askpass))
    }),
    ("podman", |spec, hints| {
        one(wrappers::container("podman", spec, hints.askpass))
    }),
    ("kubectl", |spec, hints| {
        one(wrappers::kubectl(spec, hints.askpass))
    }),
    ("slurm", |spec, hints| {
        one(wrappers::slurm(spec, hints.askpass))
    }),
    ("cmd", |spec, hints| {
        one(wrappers::custom(spec, hints.askpass))
    }),
];

/// The launches for a spec, in the order in which they are tried.
pub(crate) fn launches(spec: &XSpec, hints: &SshHints) -> Result<Vec<Launch>, SpecError> {
    let mut asked = LAUNCHERS.iter().filter(|(key, _)| spec.has(key));
    match (asked.next(), asked.next()) {
        (Some((_, launcher)), None) => launcher(spec, hints),
        (Some((first, _)), Some((second, _))) => Err(SpecError::Conflict(first, second)),
        (None, _) => Err(SpecError::NoTransport),
    }
}

fn one(launch: Result<Launch, SpecError>) -> Result<Vec<Launch>, SpecError> {
    launch.map(|launch| vec![launch])
}

fn popen(spec: &XSpec, hints: &SshHints) -> Result<Vec<Launch>, SpecError> {
    if spec.changes_account() {
        return one(wrappers::account(spec, hints.askpass));
    }
    let candidates = interpreter::candidates(spec)?.into_iter();
    let launch = |words: Vec<OsString>| {
        let mut words = words.into_iter();
        let env = spec.env().iter();
        Launch {
            program: words.next().unwrap_or_default(),
            arguments: words.collect(),
            env: env
                .map(|(name, value)| (name.clone(), Some(value.clone())))
                .collect(),
            chdir: spec.get_os("chdir").map(expand_home),
            remote: false,
            kill_policy: KillPolicy::Kill,
            input: Input::default(),
        }
    };
    Ok(candidates.map(launch).collect())
}

/// Replaces a `~` at the beginning of a path by the home directory.
fn expand_home(path: &OsStr) -> PathBuf {
    match (Path::new(path).strip_prefix("~"), env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::interpreter::{DEFAULT_PYTHONS, ONE_LINER};
    use super::*;

    fn words(spec: &str) -> Vec<Vec<String>> {
        let spec = spec.parse().unwrap();
        let launches = popen(&spec, &SshHints::default()).unwrap();
        let words = |launch: Launch| {
            let mut words = launch.arguments;
            words.insert(0, launch.program);
            let text = |word: OsString| word.into_string().unwrap();
            words.into_iter().map(text).collect()
        };
        launches.into_iter().map(words).collect()
    }

    #[test]
    #[cfg(unix)]
    fn python_is_split_as_a_shell_splits() {
        let all = |first: &[&str]| {
            let mut expected: Vec<String> = first.iter().map(|&word| word.to_owned()).collect();
            expected.extend(["-u", "-c", ONE_LINER].map(str::to_owned));
            vec![expected]
        };
        assert_eq!(words("popen//python=python"), all(&["python"]));
        assert_eq!(
            words("popen//python=sudo -u test python"),
            all(&["sudo", "-u", "test", "python"])
        );
        assert_eq!(
            words(r"popen//python=/hans\ alt/bin/python"),
            all(&["/hans alt/bin/python"])
        );
        assert_eq!(
            words(r#"popen//python="/u/test me/python" -e"#),
            all(&["/u/test me/python", "-e"])
        );
    }

    #[test]
    fn without_python_the_usual_names_are_tried() {
        let programs: Vec<String> = words("popen")
            .into_iter()
            .map(|mut words| words.remove(0))
            .collect();
        let expected = if cfg!(windows) {
            ["python", "py"]
        } else {
            DEFAULT_PYTHONS
        };
        assert_eq!(programs, expected);
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        let home = env::home_dir().unwrap();
        let expand_home = |path: &str| expand_home(path.as_ref());
        assert_eq!(expand_home("~"), home);
        assert_eq!(expand_home("~/a b"), home.join("a b"));
        assert_eq!(expand_home("~user/a"), PathBuf::from("~user/a"));
        assert_eq!(expand_home("a/~"), PathBuf::from("a/~"));
    }

    #[test]
    fn bytecode_is_left_unwritten_on_request() {
        let words = words("popen//python=p//dont_write_bytecode").remove(0);
        assert_eq!(words[..4], ["p", "-u", "-B", "-c"]);
    }

    #[test]
    fn an_unusable_python_is_a_spec_error() {
        for text in [
            "popen//python=",
            "popen//python= ",
            "popen//python='a",
            "popen//python=a\0b",
        ] {
            let spec = text.parse().unwrap();
            assert!(
                matches!(
                    popen(&spec, &SshHints::default()),
                    Err(SpecError::Value { key: "python", .. })
                ),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_command_is_shown_short_and_quoted() {
        let spec = "popen//python='/a b/python'".parse().unwrap();
        let shown = popen(&spec, &SshHints::default())
            .unwrap()
            .remove(0)
            .to_string();
        assert!(shown.starts_with("'/a b/python' -u -c "), "{shown}");
        assert!(shown.ends_with("..."), "{shown}");
    }

    #[test]
    fn a_long_argument_is_shortened_where_no_quote_is_open() {
        let quoted = format!("exec nice -n 5 'the {}' -c x", "long ".repeat(20));
        assert_eq!(shortened(&quoted), "exec nice -n 5");
        let plain = "word ".repeat(20);
        assert_eq!(shortened(&plain), ["word"; 12].join(" "));
        let single = "x".repeat(100);
        assert_eq!(shortened(&single), "x".repeat(SHOWN_ARGUMENT));
        assert_eq!(shortened("a 'b"), "a 'b");
    }

    #[test]
    fn the_one_liner_is_one_line() {
        assert!(!ONE_LINER.contains(['\n', '"']));
    }
}
