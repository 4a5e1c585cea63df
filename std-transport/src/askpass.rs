//! Where the passwords of `sudo` and `su` come from.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::io;
use std::path::PathBuf;

use crate::bootstrap::{Duplex as _, Pipes};
use crate::command::{Input, KillPolicy, Launch};
use crate::deadline::Deadline;
use crate::peer::{ExitInfo, WorkerHandle as _};
use crate::process::Process;
use crate::stderr::Stderr;

/// Maximum length of a password, in bytes.
const MAX_PASSWORD: usize = 4096;

/// How long the program may take to exit after it has closed its output.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// Gives the passwords that `sudo` and `su` ask for when a worker starts, see
/// [`GroupOptions::with_askpass`](crate::GroupOptions::with_askpass).
///
/// ```
/// use execnet::{AskPass, GroupOptions};
///
/// # fn from_keyring(_gateway: &str) -> Option<String> { None }
/// let askpass = AskPass::callback(|gateway, _prompt| from_keyring(gateway));
/// let options = GroupOptions::new().with_askpass(askpass);
/// # drop(options);
/// ```
#[derive(Clone)]
pub struct AskPass(Source);

/// Called with the id of a gateway and the prompt.
type PasswordCallback = Arc<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

#[derive(Clone)]
enum Source {
    Callback(PasswordCallback),
    Program(PathBuf),
}

impl AskPass {
    /// Takes the password from a function, which is called with the id of the gateway and the prompt of the program. It
    /// is called only if the program asks, once for each gateway. `None` means that there is no password: the start
    /// fails.
    pub fn callback(
        callback: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self(Source::Callback(Arc::new(callback)))
    }

    /// Takes the password from the first line that a program prints, as `sudo -A` and ssh do with theirs. The program
    /// runs on this machine, with the prompt as its argument. An exit status other than 0 means that there is no
    /// password. It is killed at the deadline of the start.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        Self(Source::Program(path.into()))
    }

    /// The password for a gateway, if there is one.
    pub(crate) fn ask(
        &self,
        id: &str,
        prompt: &str,
        deadline: Deadline,
    ) -> io::Result<Option<String>> {
        match &self.0 {
            Source::Callback(callback) => Ok(callback(id, prompt)),
            Source::Program(path) => run(path, id, prompt, deadline),
        }
    }
}

/// Does not call the function or start the program.
impl fmt::Debug for AskPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Callback(_) => f.write_str("Callback"),
            Source::Program(path) => f.debug_tuple("Program").field(path).finish(),
        }
    }
}

fn run(path: &PathBuf, id: &str, prompt: &str, deadline: Deadline) -> io::Result<Option<String>> {
    let launch = Launch {
        program: path.into(),
        arguments: vec![prompt.into()],
        env: BTreeMap::new(),
        chdir: None,
        remote: false,
        kill_policy: KillPolicy::Kill,
        input: Input::default(),
    };
    let started = Process::start(id, &launch, Stderr::Inherit.sink(id)).map_err(|error| {
        let text = format!("the askpass program {}: {error}", path.display());
        io::Error::new(error.kind(), text)
    })?;
    let (mut pipes, process) = Pipes::new(started)?;
    let printed = read_to_end(&mut pipes, deadline)?;
    let exit = process
        .wait(Deadline::after(EXIT_TIMEOUT))
        .and_then(ExitInfo::exit);
    if !exit.is_some_and(|exit| exit.success()) {
        return Ok(None);
    }
    let line = printed.split(|&byte| byte == b'\n').next();
    let password = String::from_utf8(line.unwrap_or_default().to_vec());
    password
        .map(Some)
        .map_err(|_| io::Error::other("the password is not UTF-8"))
}

fn read_to_end(pipes: &mut Pipes, deadline: Deadline) -> io::Result<Vec<u8>> {
    let (mut printed, mut buffer) = (Vec::new(), [0; 256]);
    while printed.len() <= MAX_PASSWORD {
        let left = deadline.left();
        if left.is_zero() {
            let text = "the askpass program did not answer in time";
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        match pipes.transfer(&[], &mut buffer, left)?.received {
            None => {}
            Some(0) => return Ok(printed),
            Some(size) => printed.extend_from_slice(buffer.get(..size).unwrap_or_default()),
        }
    }
    Err(io::Error::other("the password is too long"))
}
