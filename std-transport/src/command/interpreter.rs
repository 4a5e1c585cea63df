//! The command that becomes the worker: an interpreter or another worker program, with its directory and environment.

use std::ffi::{OsStr, OsString};

use crate::command::Input;
use crate::command::account::Account;
use crate::command::quote::{SET_LINE_BREAK, join, owned, quote, split, split_program, utf8};
use crate::spec::{NO_VALUE, SpecError, XSpec};

/// The program on the interpreter's command line. It reads the worker's program from standard input, after a line with
/// its length.
///
/// - The buffered reader that it uses becomes that of the link: bytes after the program may be in its buffer already.
/// - The working directory is not in the module path at first, so that no file in it can replace a module of the
///   standard library.
/// - Descriptors 0 and 1 are made blocking: the program that starts the interpreter may share them and may have made
///   them non-blocking. Python 2 has no function for that; the 4 is F_SETFL.
/// - Jython has no `dup`. Its standard input stays the reader, for the execnet that it has (`bootstrap=execnet`).
pub(crate) const ONE_LINER: &str = "import os,sys;path=sys.path[:];sys.path[:]=[p for p in path if p];\
    [getattr(os,'set_blocking',lambda d,b:__import__('fcntl').fcntl(d,4,0))(d,1)for d in(0,1)if os.name=='posix'];\
    link=os.fdopen(os.dup(0),'rb',65536)if hasattr(os,'dup')else sys.stdin;\
    exec(compile(link.read(int(link.readline())),'<execnet worker>','exec'),{'link':link,'path':path})";

/// Interpreters that are tried if the spec names none.
pub(super) const DEFAULT_PYTHONS: [&str; 2] = ["python3", "python"];

/// The same on Windows, where `python3` is often a program that only opens a shop. `py` is the launcher that the
/// installer of python.org puts into `PATH`.
const WINDOWS_PYTHONS: [&[&str]; 2] = [&["python"], &["py", "-3"]];

/// The exit status of the remote script if the directory cannot be created or entered. Shells use 126 to 128 for
/// programs that cannot be run.
pub(crate) const NO_DIRECTORY: i32 = 125;

/// The exit status of a shell, and of the remote script, if the program does not exist.
pub(crate) const NO_PROGRAM: i32 = 127;

/// The worker programs of a spec on this machine, with their arguments, in the order in which they are tried.
pub(super) fn candidates(spec: &XSpec) -> Result<Vec<Vec<OsString>>, SpecError> {
    let windows = cfg!(windows);
    if let Some(worker) = named_worker(spec)? {
        return Ok(vec![split_program("worker", worker, windows)?]);
    }
    let mut candidates = match spec.get_os("python") {
        Some(text) => vec![split_program("python", text, windows)?],
        None if windows => WINDOWS_PYTHONS
            .map(|words| words.iter().map(Into::into).collect())
            .to_vec(),
        None => DEFAULT_PYTHONS.map(|name| vec![name.into()]).to_vec(),
    };
    for words in &mut candidates {
        words.extend(python_arguments(spec).into_iter().map(Into::into));
    }
    Ok(candidates)
}

/// The program of the remote shell: it executes commands from its standard input, one a line, until one of them becomes
/// the worker. `read` takes no byte beyond the line: what follows belongs to the worker.
///
/// Every login shell that an ssh server may start passes this text on unchanged: sh, csh, fish and others differ in
/// their treatment of quotes, dollars and backslashes, but not for this text. And nothing of a spec, above all its
/// variables, is on a command line, which every user of the machine can read.
const READ_COMMANDS: &str = "while IFS= read -r _execnet; do eval \"$_execnet\"; done; exit 1";

/// Printed by the shell of a user who may have had to give a password.
pub(crate) const LOGGED_IN: &str = "execnet: logged in\n";

/// The line that makes that shell execute the commands which follow. What it reads before is discarded: a password that
/// nobody has asked for must not become a command.
const START: &str = "execnet-start\n";

/// The program of a shell that runs as the user of this account.
fn shell_program(account: &Account) -> String {
    if !account.reads_password {
        return READ_COMMANDS.to_owned();
    }
    let (logged_in, start) = (LOGGED_IN.trim_end(), START.trim_end());
    format!(
        "echo \"{logged_in}\"; while IFS= read -r _execnet; do [ \"$_execnet\" = {start} ] && break; done; {READ_COMMANDS}"
    )
}

/// Printed by the remote script before it exits with [`NO_DIRECTORY`], as other programs use that status too.
pub(crate) const NO_DIRECTORY_TEXT: &str = "execnet: cannot enter the working directory";

/// A command that starts a worker on another machine, in a container or as another user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RemoteCommand {
    pub(super) argv: Vec<String>,
    /// For its standard input, before the payload.
    pub(super) input: Input,
}

/// How the shell runs the worker.
#[derive(Clone, Copy)]
enum ExecMode {
    /// As a child, whose end the shell reports by its exit status.
    Child,
    /// In its own process (`exec`): the program that watches or kills the shell reaches the worker itself.
    Replace,
}

/// The argument vector of a remote worker. A shell sets directory and environment, finds the interpreter and replaces
/// itself with it; if none of that is needed, there is no shell.
///
/// `askpass` tells whether somebody gives passwords to `sudo`.
pub(super) fn remote_argv(spec: &XSpec, askpass: bool) -> Result<RemoteCommand, SpecError> {
    let account = Account::of(spec, askpass)?;
    let needs_shell = spec.has("chdir") || !spec.env().is_empty() || !names_program(spec);
    let (command, input) = if account.reads_password || needs_shell {
        let commands = script(spec, &run(spec, ExecMode::Replace)?)?;
        (
            owned(&["sh", "-c", &shell_program(&account)]),
            input_of(&account, String::new(), commands),
        )
    } else {
        (program(spec)?, Input::default())
    };
    // Around the shell, which then enters the directory and sets the variables as the other user: sudo drops variables
    // that were set before it.
    let argv = [account.words, command].concat();
    Ok(RemoteCommand { argv, input })
}

/// Commands for the shell of this account, which `log_in` starts.
fn input_of(account: &Account, log_in: String, commands: String) -> Input {
    if account.reads_password {
        Input {
            log_in: Some(log_in),
            commands: START.to_owned() + &commands,
        }
    } else {
        Input {
            log_in: None,
            commands: log_in + &commands,
        }
    }
}

/// The same as one text for the login shell that an ssh server starts.
///
/// The worker is a child of our shell: the shell's status has the number of a signal, while ssh reports only that there
/// was one. `python=` is text for the shell, as in Python's execnet: `~/venv/bin/python` and `. env; python3` work.
pub(super) fn remote_login(spec: &XSpec, askpass: bool) -> Result<RemoteCommand, SpecError> {
    let commands = script(spec, &run_by_login(spec)?)?;
    let account = Account::of(spec, askpass)?;
    let log_in = if account.words.is_empty() {
        String::new()
    } else {
        let shell = owned(&["sh", "-c", &shell_program(&account)]);
        let words = join("sudo", &[account.words.clone(), shell].concat())?;
        format!("{words}; exit $?\n")
    };
    Ok(RemoteCommand {
        argv: vec![format!("sh -c '{READ_COMMANDS}'")],
        input: input_of(&account, log_in, commands),
    })
}

fn names_program(spec: &XSpec) -> bool {
    spec.has("python") || spec.has("worker")
}

/// The value of `worker=`: a worker program that is not Python.
pub(super) fn named_worker(spec: &XSpec) -> Result<Option<&OsStr>, SpecError> {
    match (
        spec.has("worker"),
        spec.has("python"),
        spec.get_os("worker"),
    ) {
        (true, true, _) => Err(SpecError::Conflict("worker", "python")),
        (true, false, None) => Err(SpecError::value("worker", NO_VALUE)),
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
        (Some(worker), _) => split("worker", &utf8("worker", worker.to_owned())?),
        (None, python) => {
            let words = split("python", python.unwrap_or_default())?;
            Ok([words, python_arguments(spec)].concat())
        }
    }
}

/// The commands that prepare directory and environment, then `run`, which becomes the worker; one a line.
fn script(spec: &XSpec, run: &str) -> Result<String, SpecError> {
    let mut lines = [enter(spec)?, variables(spec)?, vec![run.to_owned()]].concat();
    if lines.iter().any(|line| line.contains("$_execnet_nl")) {
        lines.insert(0, SET_LINE_BREAK.to_owned());
    }
    Ok(lines.join("\n") + "\n")
}

/// Commands that enter the directory. As in execnet, it is created if only its last component is missing.
fn enter(spec: &XSpec) -> Result<Vec<String>, SpecError> {
    let Some(directory) = spec.get("chdir") else {
        return Ok(Vec::new());
    };
    let directory = match directory.split_at_checked(1) {
        Some(("~", rest)) if rest.is_empty() || rest.starts_with('/') => {
            format!("\"$HOME\"{}", quote("chdir", rest)?)
        }
        // `cd -` would enter the previous directory.
        Some(("-", _)) => quote("chdir", &format!("./{directory}"))?,
        _ => quote("chdir", directory)?,
    };
    Ok(vec![
        format!("_execnet_dir={directory}"),
        "[ -d \"$_execnet_dir\" ] || mkdir \"$_execnet_dir\"".to_owned(),
        format!(
            "CDPATH= cd \"$_execnet_dir\" || {{ echo '{NO_DIRECTORY_TEXT}' >&2; exit {NO_DIRECTORY}; }}"
        ),
    ])
}

/// Commands that export the variables.
fn variables(spec: &XSpec) -> Result<Vec<String>, SpecError> {
    let export = |(name, value): (&String, &String)| {
        if !is_shell_name(name) {
            let problem = format!("the remote shell cannot set a variable named {name:?}");
            return Err(SpecError::value("env", problem));
        }
        Ok(format!("export {name}={}", quote("env", value)?))
    };
    spec.env().iter().map(export).collect()
}

fn is_shell_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The command that becomes the worker.
fn run(spec: &XSpec, mode: ExecMode) -> Result<String, SpecError> {
    if names_program(spec) {
        let words = join("python", &program(spec)?)?;
        return Ok(mode.run(&words));
    }
    let names = DEFAULT_PYTHONS.join(" ");
    let arguments = join("python", &python_arguments(spec))?;
    let run = mode.run(&format!("\"$_execnet_py\" {arguments}"));
    Ok(format!(
        "for _execnet_py in {names}; do if command -v \"$_execnet_py\" >/dev/null 2>&1; then {run}; fi; done; \
         echo 'no interpreter: tried {names}' >&2; exit {NO_PROGRAM}"
    ))
}

/// The same over ssh, where `python=` is text for the shell.
fn run_by_login(spec: &XSpec) -> Result<String, SpecError> {
    let python = match (named_worker(spec)?, spec.get("python")) {
        (None, Some(python)) => python,
        _ => return run(spec, ExecMode::Child),
    };
    // Checked here: with an open quote, the shell would wait for more input until the deadline.
    split("python", python)?;
    if python.contains('\n') {
        return Err(SpecError::value("python", "it contains a line break"));
    }
    let arguments = join("python", &python_arguments(spec))?;
    Ok(ExecMode::Child.run(&format!("{python} {arguments}")))
}

impl ExecMode {
    /// Text for the shell that runs this command.
    fn run(self, command: &str) -> String {
        match self {
            Self::Child => format!("{command}; exit $?"),
            Self::Replace => format!("exec {command}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &str) -> Result<String, SpecError> {
        let spec: XSpec = text.parse()?;
        Ok(remote_login(&spec, false)?.input.commands)
    }

    #[test]
    fn a_tilde_is_the_home_directory_of_the_remote_user() {
        for (directory, word) in [
            ("~", r#""$HOME"''"#),
            ("~/a b", r#""$HOME"'/a b'"#),
            ("~user/a", "'~user/a'"),
            ("a/~", "'a/~'"),
            ("-", "./-"),
            ("a", "a"),
        ] {
            let input = login(&format!("ssh=h//chdir={directory}")).unwrap();
            let expected = format!("_execnet_dir={word}\n");
            assert!(input.starts_with(&expected), "{directory}: {input}");
        }
    }

    #[test]
    fn behind_ssh_the_interpreter_is_a_text_for_the_shell() {
        for python in ["~/v e/bin/python -O", ". env; python3", "$PYTHON"] {
            let input = login(&format!("ssh=h//python={python}")).unwrap();
            assert!(input.starts_with(&format!("{python} -u -c ")), "{input}");
        }
        for python in ["a\nb", "'a", ""] {
            let refused = login(&format!("ssh=h//python={python}"));
            let is_value =
                |error: SpecError| matches!(error, SpecError::Value { key: "python", .. });
            assert!(refused.is_err_and(is_value), "{python:?}");
        }
    }

    #[test]
    fn variables_have_names_that_a_shell_can_set() {
        for name in ["A", "_", "a_B1", "_1"] {
            assert!(is_shell_name(name), "{name:?}");
        }
        for name in ["", "1", "a-b", "a.b", "\u{e9}"] {
            assert!(!is_shell_name(name), "{name:?}");
        }
    }
}
