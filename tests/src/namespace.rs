//! A second machine for tests of networks: a network namespace behind a virtual cable that can be cut.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicU8, Ordering};
use std::fs::File;
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{self, Command};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A namespace with an address of its own. Dropping it kills what runs in it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    address: Ipv4Addr,
}

impl Namespace {
    /// Makes a namespace.
    ///
    /// # Errors
    ///
    /// The reason, as text, for which it cannot be made here: a test that needs it prints it and is skipped.
    pub fn make() -> Result<Self, String> {
        static MADE: AtomicU8 = AtomicU8::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let id = process::id();
        // Pairs of addresses from the range that is set aside for tests of networks, 198.18.0.0/15.
        let pair = (id % 4096) * 8 + u32::from(number % 8);
        let at = |last| Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + 4 * pair + last);
        let (name, here, there) = (format!("execnet-{id}-{number}"), at(1), at(2));
        ip(&["netns", "add", &name])?;
        let made = Self {
            name: name.clone(),
            address: there,
        };
        let (near, far) = (format!("en{id}-{number}"), "far");
        ip(&[
            "link", "add", &near, "type", "veth", "peer", far, "netns", &name,
        ])?;
        ip(&["address", "add", &format!("{here}/30"), "dev", &near])?;
        ip(&["link", "set", &near, "up"])?;
        ip(&[
            "-n",
            &name,
            "address",
            "add",
            &format!("{there}/30"),
            "dev",
            far,
        ])?;
        made.cable("up")?;
        Ok(made)
    }

    /// The address of programs inside.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address.into()
    }

    /// The command line prefix of a program that runs inside.
    #[must_use]
    pub fn prefix(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name]
            .map(str::to_owned)
            .to_vec()
    }

    /// Cuts or restores the connection, without notice to either side.
    ///
    /// # Panics
    ///
    /// When the system refuses.
    pub fn connect(&self, connected: bool) {
        self.cable(if connected { "up" } else { "down" }).unwrap();
    }

    fn cable(&self, state: &str) -> Result<(), String> {
        ip(&["-n", &self.name, "link", "set", "far", state])
    }

    /// Runs `body` in a thread that is in it, as are the threads and processes that it starts.
    ///
    /// # Panics
    ///
    /// When `body` does, or the system refuses.
    pub fn inside<T: Send>(&self, body: impl FnOnce() -> T + Send) -> T {
        let path: PathBuf = ["/run/netns", &self.name].iter().collect();
        let namespace = File::open(path).unwrap();
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let kind = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(namespace.as_fd(), kind).unwrap();
                body()
            });
            thread.join().unwrap()
        })
    }

    /// A port of its address on which no program listens.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    #[must_use]
    pub fn free_port(&self) -> u16 {
        self.inside(|| {
            let listener = TcpListener::bind(SocketAddr::new(self.address(), 0)).unwrap();
            listener.local_addr().unwrap().port()
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Ok(found) = Command::new("ip")
            .args(["netns", "pids", &self.name])
            .output()
        {
            for pid in String::from_utf8_lossy(&found.stdout).split_whitespace() {
                // It may have ended since.
                let _ = Command::new("kill").args(["-KILL", pid]).output();
            }
        }
        // The cable goes with it.
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

fn ip(words: &[&str]) -> Result<(), String> {
    let refused = |reason: String| {
        Err(format!(
            "no network namespace (`ip {}`): {reason}",
            words.join(" ")
        ))
    };
    match Command::new("ip").args(words).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => refused(error.to_string()),
    }
}
