//! The socket server of stock execnet.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use crate::RELEASES;

/// The socket server of the newest release, on a port that the system chooses. It is killed when dropped.
#[derive(Debug)]
pub struct StockServer {
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
    /// Starts it. `None`, with the reason printed, if stock execnet is not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        let python = RELEASES[0].python()?;
        let find = "import execnet.script.socketserver as s; print(s.__file__)";
        let found = Command::new(&python).args(["-c", find]).output().unwrap();
        let script = String::from_utf8(found.stdout).unwrap();
        let mut child = Command::new(&python)
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

    /// A spec of a gateway through it.
    #[must_use]
    pub fn spec(&self) -> String {
        format!("socket={}", self.address)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i64 {
        i64::from(self.child.id())
    }

    /// Kills it and returns its output.
    pub fn kill(&mut self) -> String {
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
