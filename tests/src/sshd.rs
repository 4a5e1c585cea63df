//! An OpenSSH server on this machine, with keys and settings that are deleted with it.

use core::fmt::Write as _;
use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

#[cfg(target_os = "linux")]
use crate::namespace::Namespace;
use execnet_test_support::{find, free_port};

/// The command lines of login shells; sshd appends `-c COMMAND`.
const LOGIN_SHELLS: [&str; 9] = [
    "sh",
    "dash",
    "bash",
    "zsh",
    "mksh",
    "busybox sh",
    "fish",
    "tcsh",
    "csh",
];

/// The login shells that this machine has, for [`Sshd::spec_in_shell`]. Prints a line about each of the others.
pub fn login_shells() -> impl Iterator<Item = &'static str> {
    LOGIN_SHELLS.into_iter().filter(|shell| {
        let program = shell.split(' ').next().unwrap_or_default();
        let found = find(program).is_some();
        if !found {
            println!("skipped: the login shell {program} is not installed");
        }
        found
    })
}

/// Runs a test against a server of its own, or prints why there is none.
pub fn with_sshd(test: impl FnOnce(&Sshd)) {
    match Sshd::start() {
        Ok(sshd) => test(&sshd),
        Err(reason) => println!("skipped: {reason}"),
    }
}

/// A server that listens on the loopback address, or in a namespace, and a client's settings that know it.
///
/// Its hosts, for `ssh=HOST//ssh_config=...`, see [`spec`](Self::spec):
///
/// | host | |
/// |---|---|
/// | `box` | lets us in |
/// | `noisy` | the same, with a banner and a shell profile that talks |
/// | `talker` | lets us in, and runs something that says hello and ends |
/// | `shell` | passes the command to the login shell that [`spec_in_shell`](Sshd::spec_in_shell) names |
/// | `mute` | lets us in, and runs something that never says anything |
/// | `unknown-key` | the server's key is not known to us |
/// | `changed-key` | another key is known to us |
/// | `no-entry` | our key is not known to the server |
/// | `closed` | nobody listens on its port |
/// | `nowhere` | has no address |
#[derive(Debug)]
pub struct Sshd {
    directory: TempDir,
    server: Child,
    address: SocketAddr,
}

impl Sshd {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// The reason, as text, for which it cannot run here: a test that needs it prints it and is skipped.
    ///
    /// # Panics
    ///
    /// When a server is installed and does not start.
    pub fn start() -> Result<Self, String> {
        let port = free_port();
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], port)), &[])
    }

    /// Starts a server in a network namespace, which acts as another machine.
    ///
    /// # Errors
    ///
    /// As of [`start`](Self::start).
    ///
    /// # Panics
    ///
    /// As of [`start`](Self::start).
    #[cfg(target_os = "linux")]
    pub fn start_in(namespace: &Namespace) -> Result<Self, String> {
        let address = SocketAddr::new(namespace.address(), namespace.free_port());
        Self::start_at(address, &namespace.prefix())
    }

    fn start_at(address: SocketAddr, prefix: &[String]) -> Result<Self, String> {
        let program = find("sshd").ok_or("no OpenSSH server (sshd) is installed")?;
        find("ssh").ok_or("no OpenSSH client (ssh) is installed")?;
        // A server of root wants this directory, which systems with a service manager make.
        let _ = fs::create_dir_all("/run/sshd");
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let at = directory.path();
        for key in [
            "host", "user", "noisy", "talker", "shell", "mute", "stranger",
        ] {
            make_key(&at.join(key));
        }
        write_server(at, address);
        write_client(at, address);
        let command = [prefix, &[program.display().to_string()]].concat();
        let server = serve(&command, &at.join("sshd_config"), address);
        Ok(Self {
            directory,
            server,
            address,
        })
    }

    /// A spec for one of the hosts.
    #[must_use]
    pub fn spec(&self, host: &str) -> String {
        format!("ssh={host}//ssh_config={}", self.client_config().display())
    }

    /// A spec for an account whose login shell is this command.
    ///
    /// # Panics
    ///
    /// When the settings for it cannot be written.
    #[must_use]
    pub fn spec_in_shell(&self, shell: &str) -> String {
        let name: String = shell.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let path = self.directory.path().join(format!("ssh_config-{name}"));
        let include = self.client_config();
        let config = format!(
            "Host shell\n  SetEnv LOGIN_SHELL=\"{shell}\"\nHost *\n  Include {}\n",
            include.display()
        );
        fs::write(&path, config).unwrap();
        format!("ssh=shell//ssh_config={}", path.display())
    }

    /// The port of its address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The file with the client's settings, which the command lines of our clients hold.
    #[must_use]
    pub fn client_config(&self) -> PathBuf {
        self.directory.path().join("ssh_config")
    }

    /// The number of clients that have logged in.
    ///
    /// # Panics
    ///
    /// When its log cannot be read.
    #[must_use]
    pub fn logins(&self) -> usize {
        let log = fs::read(self.directory.path().join("log")).unwrap();
        String::from_utf8_lossy(&log)
            .matches("Accepted publickey")
            .count()
    }

    /// The server's process: its children are the connections.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.id()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn make_key(path: &Path) {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "ssh-keygen: {output:?}");
}

fn public_key(at: &Path, name: &str) -> String {
    fs::read_to_string(at.join(format!("{name}.pub"))).unwrap()
}

fn write_server(at: &Path, address: SocketAddr) {
    let (host, port) = (address.ip(), address.port());
    let key = |name| public_key(at, name);
    let noisy = r#"echo 'Welcome to noisy'; printf '\033[2J' >&2; eval \"$SSH_ORIGINAL_COMMAND\""#;
    let keys = format!(
        "{}command=\"{noisy}\" {}command=\"echo hello from the talker\" {}command=\"exec $LOGIN_SHELL -c \\\"$SSH_ORIGINAL_COMMAND\\\"\" {}command=\"exec cat > /dev/null\" {}",
        key("user"),
        key("noisy"),
        key("talker"),
        key("shell"),
        key("mute")
    );
    fs::write(at.join("authorized_keys"), keys).unwrap();
    fs::write(at.join("banner"), "Behave!\n").unwrap();
    let path = |name: &str| at.join(name).display().to_string();
    let config = format!(
        "Port {port}\nListenAddress {host}\nHostKey {}\nAuthorizedKeysFile {}\nBanner {}\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nMaxStartups 200\nPrintMotd no\nAcceptEnv LOGIN_SHELL\n",
        path("host"),
        path("authorized_keys"),
        path("banner")
    );
    fs::write(at.join("sshd_config"), config).unwrap();
}

fn write_client(at: &Path, address: SocketAddr) {
    let (host, port) = (address.ip(), address.port());
    let address = format!("[{host}]:{port}");
    fs::write(
        at.join("known"),
        format!("{address} {}", public_key(at, "host")),
    )
    .unwrap();
    fs::write(
        at.join("changed"),
        format!("{address} {}", public_key(at, "user")),
    )
    .unwrap();
    fs::write(at.join("none"), "").unwrap();
    let hosts = [
        ("box", "user", "known", port),
        ("noisy", "noisy", "known", port),
        ("talker", "talker", "known", port),
        ("shell", "shell", "known", port),
        ("mute", "mute", "known", port),
        ("unknown-key", "user", "none", port),
        ("changed-key", "user", "changed", port),
        ("no-entry", "stranger", "known", port),
        ("closed", "user", "known", free_port()),
    ];
    let mut config = String::new();
    for (name, key, known, port) in hosts {
        write!(
            config,
            "Host {name}\n  HostName {host}\n  Port {port}\n  IdentityFile {}\n  UserKnownHostsFile {}\n",
            at.join(key).display(),
            at.join(known).display()
        )
        .unwrap();
    }
    config.push_str("Host nowhere\n  HostName nowhere.invalid\n");
    config.push_str(
        "Host *\n  IdentitiesOnly yes\n  IdentityAgent none\n  GlobalKnownHostsFile /dev/null\n  \
         StrictHostKeyChecking yes\n  UpdateHostKeys no\n",
    );
    fs::write(at.join("ssh_config"), config).unwrap();
}

/// Starts the server and waits until it listens.
fn serve(command: &[String], config: &Path, address: SocketAddr) -> Child {
    let log = fs::File::create(config.with_file_name("log")).unwrap();
    let (program, prefix) = command.split_first().unwrap();
    let mut server = Command::new(program)
        .args(prefix)
        .args(["-D", "-e", "-f"])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !greets(address) {
        let ended = server.try_wait().unwrap();
        let log = fs::read_to_string(config.with_file_name("log")).unwrap();
        assert!(
            ended.is_none() && Instant::now() < deadline,
            "the ssh server does not listen: {log}"
        );
        thread::sleep(Duration::from_millis(5));
    }
    server
}

fn greets(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect(address) else {
        return false;
    };
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("SSH-")
}
