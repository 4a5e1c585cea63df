//! What runs on the other side: an interpreter or another worker program, and what must hold before it starts.

use crate::launch::words::{join, owned, quote, split, split_program, unusable};
use crate::spec::{SpecError, XSpec};

/// What the interpreter runs from its command line: it reads the worker's program from its standard input, its
/// length in a line first. The buffered reader it uses becomes the link's, so that no byte after the program is lost.
pub(crate) const ONE_LINER: &str = "import os;link=os.fdopen(os.dup(0),'rb',65536);\
    exec(compile(link.read(int(link.readline())),'<execnet worker>','exec'),{'link':link})";

/// Interpreters that are tried when the spec names none.
pub(super) const DEFAULT_PYTHONS: [&str; 2] = ["python3", "python"];

/// The exit status of the far side's script when the directory cannot be made or entered. Shells use 126 to 128 for
/// programs that cannot be run.
pub(crate) const NO_DIRECTORY: i32 = 125;

/// The exit status of shells, and of ours, when there is no such program.
pub(crate) const NO_PROGRAM: i32 = 127;

/// The worker programs that a spec may mean, each with its arguments, in the order they are to be tried on this machine.
pub(super) fn candidates(spec: &XSpec) -> Result<Vec<Vec<String>>, SpecError> {
    let windows = cfg!(windows);
    if let Some(worker) = named_worker(spec)? {
        return Ok(vec![split_program("worker", worker, windows)?]);
    }
    let words = match spec.get("python") {
        Some(text) => vec![split_program("python", text, windows)?],
        None => DEFAULT_PYTHONS.map(|name| owned(&[name])).to_vec(),
    };
    Ok(words
        .into_iter()
        .map(|words| [words, python_arguments(spec)].concat())
        .collect())
}

/// What the worker is to the shell that starts it.
#[derive(Clone, Copy)]
enum Place {
    /// A child, whose end the shell tells by its own status.
    Below,
    /// The same process: whoever watches or kills what he has started has the worker itself.
    Instead,
}

impl Place {
    /// The text that runs this command.
    fn run(self, command: &str) -> String {
        match self {
            Self::Below => format!("{command}; exit $?"),
            Self::Instead => format!("exec {command}"),
        }
    }
}

/// The words that start the worker on a side where all that can be had is a process with these words: a shell sets
/// directory and environment, looks for an interpreter, and becomes it. Where there is nothing of that to do, no shell
/// is needed.
pub(super) fn far(spec: &XSpec) -> Result<Vec<String>, SpecError> {
    let words = if spec.get("chdir").is_none() && spec.env().is_empty() && names_program(spec) {
        program(spec)?
    } else {
        shell(spec, Place::Instead)?
    };
    become_user(spec, words)
}

/// The same as one text for the shell that an ssh server runs. The worker is a child of our own shell there: its
/// status tells a signal by number, where ssh only says that there was one.
pub(super) fn far_text(spec: &XSpec) -> Result<String, SpecError> {
    join("ssh", &become_user(spec, shell(spec, Place::Below)?)?)
}

fn names_program(spec: &XSpec) -> bool {
    spec.has("python") || spec.has("worker")
}

/// A worker that is no Python.
pub(super) fn named_worker(spec: &XSpec) -> Result<Option<&str>, SpecError> {
    match (spec.has("worker"), spec.has("python"), spec.get("worker")) {
        (true, true, _) => Err(SpecError::Conflict("worker", "python")),
        (true, false, None) => Err(unusable("worker", "it has no value")),
        (_, _, worker) => Ok(worker),
    }
}

fn python_arguments(spec: &XSpec) -> Vec<String> {
    let bytecode = spec.has("dont_write_bytecode");
    let options: &[&str] = if bytecode { &["-u", "-B"] } else { &["-u"] };
    owned(&[options, &["-c", ONE_LINER]].concat())
}

/// The program that the spec names, with its arguments.
fn program(spec: &XSpec) -> Result<Vec<String>, SpecError> {
    match (named_worker(spec)?, spec.get("python")) {
        (Some(worker), _) => split("worker", worker),
        (None, python) => {
            let words = split("python", python.unwrap_or_default())?;
            Ok([words, python_arguments(spec)].concat())
        }
    }
}

fn shell(spec: &XSpec, place: Place) -> Result<Vec<String>, SpecError> {
    let script = enter(spec)? + &run(spec, place)?;
    Ok(owned(&["sh", "-c", &script]))
}

/// As execnet does: one level of directory is made, if there is nothing.
fn enter(spec: &XSpec) -> Result<String, SpecError> {
    let Some(directory) = spec.get("chdir") else {
        return Ok(String::new());
    };
    // `cd -` means another place.
    let directory = match directory.strip_prefix('-') {
        Some(_) => format!("./{directory}"),
        None => directory.to_owned(),
    };
    let directory = quote("chdir", &directory)?;
    Ok(format!(
        "d={directory}; [ -d \"$d\" ] || mkdir \"$d\" || exit {NO_DIRECTORY}; \
         CDPATH= cd \"$d\" || exit {NO_DIRECTORY}; "
    ))
}

fn run(spec: &XSpec, place: Place) -> Result<String, SpecError> {
    let mut prefix = String::new();
    if !spec.env().is_empty() {
        prefix.push_str("env ");
    }
    for (name, value) in spec.env() {
        prefix.push_str(&quote("env", &format!("{name}={value}"))?);
        prefix.push(' ');
    }
    if names_program(spec) {
        let words = join("python", &program(spec)?)?;
        return Ok(place.run(&format!("{prefix}{words}")));
    }
    let names = DEFAULT_PYTHONS.join(" ");
    let arguments = join("python", &python_arguments(spec))?;
    let run = place.run(&format!("{prefix}\"$p\" {arguments}"));
    Ok(format!(
        "for p in {names}; do if command -v \"$p\" >/dev/null 2>&1; then {run}; fi; done; \
         echo 'no interpreter: tried {names}' >&2; exit {NO_PROGRAM}"
    ))
}

/// `sudo` stands for root, `sudo=NAME` for another user. It does not ask for a password: there is nobody to answer.
fn become_user(spec: &XSpec, words: Vec<String>) -> Result<Vec<String>, SpecError> {
    let user = match (spec.has("sudo"), spec.get("sudo")) {
        (false, _) => return Ok(words),
        (true, None) => owned(&["sudo", "-n", "--"]),
        (true, Some(user)) if user.is_empty() || user.contains('\0') => {
            return Err(unusable("sudo", "it names no user"));
        }
        (true, Some(user)) => owned(&["sudo", "-n", "-u", user, "--"]),
    };
    Ok([user, words].concat())
}
