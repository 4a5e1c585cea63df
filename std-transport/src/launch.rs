//! Command lines, built without running anything.

use alloc::collections::BTreeMap;
use core::fmt;
use std::path::PathBuf;

use crate::spec::{SpecError, XSpec};

/// What the interpreter runs from its command line: it reads the worker's program from its standard input, its
/// length in a line first. The buffered reader it uses becomes the link's, so that no byte after the program is lost.
const ONE_LINER: &str = "import os;link=os.fdopen(os.dup(0),'rb',65536);\
    exec(compile(link.read(int(link.readline())),'<execnet worker>','exec'),{'link':link})";

/// Interpreters that are tried when the spec names none.
const DEFAULT_PYTHONS: [&str; 2] = ["python3", "python"];

/// An argument longer than this is cut where a command is shown.
const SHOWN_ARGUMENT: usize = 60;

/// A process to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) chdir: Option<PathBuf>,
}

/// The command line as one would type it, long arguments cut.
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

fn write_word(f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
    let short: String = word.chars().take(SHOWN_ARGUMENT).collect();
    let cut = if short.len() < word.len() { "..." } else { "" };
    // Words come out of specs, which hold no NUL: quoting cannot fail on these.
    match shlex::try_quote(&short) {
        Ok(quoted) => write!(f, "{quoted}{cut}"),
        Err(_) => write!(f, "{short:?}{cut}"),
    }
}

/// The processes a spec may mean, in the order they are to be tried: the first that exists is it.
pub(crate) fn launches(spec: &XSpec) -> Result<Vec<Launch>, SpecError> {
    popen(spec)
}

/// The processes a `popen` spec may mean, in the order they are to be tried: the first that exists is it.
fn popen(spec: &XSpec) -> Result<Vec<Launch>, SpecError> {
    let words = match spec.get("python") {
        Some(text) => vec![split_python(text)?],
        None => DEFAULT_PYTHONS.map(|name| vec![name.to_owned()]).to_vec(),
    };
    Ok(words.into_iter().map(|words| python(spec, words)).collect())
}

fn python(spec: &XSpec, words: Vec<String>) -> Launch {
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    let mut arguments: Vec<String> = words.collect();
    arguments.push("-u".to_owned());
    if spec.has("dont_write_bytecode") {
        arguments.push("-B".to_owned());
    }
    arguments.extend(["-c".to_owned(), ONE_LINER.to_owned()]);
    Launch {
        program,
        arguments,
        env: spec.env().clone(),
        chdir: spec.get("chdir").map(PathBuf::from),
    }
}

fn split_python(text: &str) -> Result<Vec<String>, SpecError> {
    let refused = |problem: &str| SpecError::Value {
        key: "python",
        problem: problem.to_owned(),
    };
    if text.contains('\0') {
        return Err(refused("it holds a NUL byte"));
    }
    match shlex::split(text) {
        Some(words) if words.iter().any(|word| !word.is_empty()) => Ok(words),
        Some(_) => Err(refused("it is empty")),
        None => Err(refused("a quote or backslash is left open")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(spec: &str) -> Vec<Vec<String>> {
        let spec = spec.parse().unwrap();
        let launches = popen(&spec).unwrap();
        let words = |launch: Launch| {
            let mut words = launch.arguments;
            words.insert(0, launch.program);
            words
        };
        launches.into_iter().map(words).collect()
    }

    #[test]
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
        assert_eq!(programs, DEFAULT_PYTHONS);
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
                matches!(popen(&spec), Err(SpecError::Value { key: "python", .. })),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_command_is_shown_short_and_quoted() {
        let spec = "popen//python='/a b/python'".parse().unwrap();
        let shown = popen(&spec).unwrap().remove(0).to_string();
        assert!(shown.starts_with("'/a b/python' -u -c "), "{shown}");
        assert!(shown.ends_with("..."), "{shown}");
    }

    #[test]
    fn the_one_liner_is_one_line() {
        assert!(!ONE_LINER.contains(['\n', '"']));
    }
}
