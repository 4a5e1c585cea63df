//! Python's own execnet, from PyPI, and its socket server.
#![allow(dead_code, reason = "each suite uses a part of it")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};

/// The version these tests are about.
const VERSION: &str = "2.1.2";

/// A Python that has it; none, with the reason on the test's output, where it cannot be had.
pub(crate) fn stock_python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(make_venv) {
        Ok(python) => Some(python),
        Err(reason) => {
            println!("skipped: what needs execnet {VERSION} from PyPI: {reason}");
            None
        }
    }
}

/// One for all test programs of a target directory; it is renamed into place when it is whole.
fn make_venv() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stock-execnet-{VERSION}"));
    if !home.exists() {
        let build = home.with_extension(std::process::id().to_string());
        run(Command::new("python3").args(["-m", "venv"]).arg(&build))?;
        let package = format!("execnet=={VERSION}");
        let pip = [
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "install",
        ];
        run(Command::new(build.join("bin/python"))
            .args(pip)
            .arg(package))?;
        if fs::rename(&build, &home).is_err() {
            // Another program was faster.
            let _ = fs::remove_dir_all(&build);
        }
    }
    Ok(home.join("bin/python"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// Its socket server, on a port of its own.
pub(crate) struct StockServer {
    child: Child,
    address: String,
    printed: Option<JoinHandle<String>>,
}

/// Runs a script as Python does where it was started by a person, not behind a shell's `&`.
const INTERRUPTIBLE: &str = "
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name='__main__')
";

impl StockServer {
    pub(crate) fn start() -> Option<Self> {
        let python = stock_python()?;
        let find = "import execnet.script.socketserver as s; print(s.__file__)";
        let found = Command::new(python).args(["-c", find]).output().unwrap();
        let script = String::from_utf8(found.stdout).unwrap();
        let mut child = Command::new(python)
            .args(["-u", "-c", INTERRUPTIBLE, script.trim(), "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        printed.read_line(&mut line).unwrap();
        // ... Entering Accept loop ('127.0.0.1', 40123)
        let port = line
            .trim()
            .trim_end_matches(')')
            .rsplit(' ')
            .next()
            .unwrap();
        let address = format!("127.0.0.1:{port}");
        let printed = thread::spawn(move || {
            let mut rest = String::new();
            printed.read_to_string(&mut rest).unwrap();
            rest
        });
        let printed = Some(printed);
        Some(Self {
            child,
            address,
            printed,
        })
    }

    pub(crate) fn spec(&self) -> String {
        format!("socket={}", self.address)
    }

    pub(crate) fn pid(&self) -> i64 {
        i64::from(self.child.id())
    }

    /// Ends it; what it had printed.
    pub(crate) fn kill(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let printed = self.printed.take();
        printed
            .map(|thread| thread.join().unwrap())
            .unwrap_or_default()
    }
}

impl Drop for StockServer {
    fn drop(&mut self) {
        self.kill();
    }
}
