//! Containers of podman on this machine, with images and settings that are deleted with them. No registry is used: the
//! image is a directory tree that is empty but for links, and containers see the `/usr` of this machine.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use execnet_test_support::{LONG, eventually, find, within};

use crate::again::{is_inside, repeat};

/// The container that runs. It has no network, and its first process sleeps.
pub const BOX: &str = "box";

/// A container that has ended.
pub const STOPPED: &str = "stopped";

/// Root may become any user of the container.
const PAM: &str = "auth sufficient pam_rootok.so\naccount sufficient pam_permit.so\nsession sufficient pam_permit.so\n";

const IMAGE: &str = "localhost/execnet-test";

/// Programs that podman needs.
const PROGRAMS: [&str; 4] = ["podman", "conmon", "crun", "unshare"];

/// Podman does not work where the hierarchy of cgroups is a hybrid, so that its newer part is taken away.
const WITHOUT_UNIFIED: &str = "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"";

/// The runtime of the containers: crun, without limits that this process has no right to set.
const RUNTIME: &str = r#"#!/usr/bin/env python3
import json, os, sys

def edit(path, clean):
    with open(path) as file:
        config = json.load(file)
    clean(config)
    with open(path, 'w') as file:
        json.dump(config, file)

def value(*names):
    for name, following in zip(sys.argv, sys.argv[1:]):
        if name in names:
            return following

if 'create' in sys.argv:
    edit(os.path.join(value('--bundle', '-b'), 'config.json'), lambda config: config['process'].pop('rlimits', None))
elif 'exec' in sys.argv and value('--process', '-p'):
    edit(value('--process', '-p'), lambda process: process.pop('rlimits', None))
os.execvp('crun', ['crun'] + sys.argv[1:])
"#;

/// Runs `body`, which is all of the test `name`, where podman knows the containers [`BOX`] and [`STOPPED`].
///
/// It knows them by variables of the environment: the test is started again in another process.
///
/// # Panics
///
/// When `body` does, or when podman is installed, can run a container, and does not.
pub fn with_podman(name: &'static str, body: impl FnOnce()) {
    if is_inside(name) {
        return body();
    }
    match Podman::start() {
        Ok(podman) => within(name, 6 * LONG, move || {
            let words = prefix();
            let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
            repeat(name, &words, &podman.variables());
        }),
        Err(reason) => println!("skipped: containers: {reason}"),
    }
}

/// Whether a process runs in the container.
#[must_use]
pub fn is_running_in_box(pid: i64) -> bool {
    // The first process of a container need not reap: an ended process may stay as a zombie.
    let look = format!("read -r stat </proc/{pid}/stat && case $stat in *') Z '*) exit 1; esac");
    let status = Command::new("podman")
        .args(["exec", BOX, "sh", "-c", &look])
        .stderr(Stdio::null())
        .status();
    status.unwrap().success()
}

fn prefix() -> [&'static str; 6] {
    ["unshare", "--mount", "sh", "-c", WITHOUT_UNIFIED, "sh"]
}

struct Podman {
    directory: TempDir,
    containers_conf: PathBuf,
    storage_conf: PathBuf,
    docker_host: OsString,
}

/// The address of the service that clients of docker use.
const DOCKER_HOST: &str = "DOCKER_HOST";

/// Podman's service for clients of docker.
#[derive(Debug)]
pub struct DockerService(Child);

impl DockerService {
    /// Starts it at the address that the environment names: to be called in the body of [`with_podman`].
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let address = env::var(DOCKER_HOST).unwrap();
        let service = Command::new("podman")
            .args(["system", "service", "--time", "0", &address])
            .stderr(Stdio::null())
            .spawn();
        let service = Self(service.unwrap());
        let path = address.trim_start_matches("unix://").to_owned();
        eventually("podman's service listens", LONG, move || {
            UnixStream::connect(&path).is_ok()
        });
        service
    }
}

impl Drop for DockerService {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Podman {
    /// Starts the containers.
    fn start() -> Result<Self, String> {
        for program in PROGRAMS {
            find(program).ok_or(format!("no {program} is installed"))?;
        }
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let at = directory.path();
        let podman = Self {
            containers_conf: at.join("containers.conf"),
            storage_conf: at.join("storage.conf"),
            docker_host: format!("unix://{}/docker", at.display()).into(),
            directory,
        };
        podman.write_settings();
        podman.make_image()?;
        podman.run(BOX, &["sleep", "infinity"])?;
        podman.run(STOPPED, &["true"])?;
        podman.podman(&["wait", STOPPED])?;
        Ok(podman)
    }

    fn variables(&self) -> [(&'static str, &OsStr); 3] {
        [
            (DOCKER_HOST, self.docker_host.as_os_str()),
            ("CONTAINERS_CONF", self.containers_conf.as_os_str()),
            ("CONTAINERS_STORAGE_CONF", self.storage_conf.as_os_str()),
        ]
    }

    fn write_settings(&self) {
        let at = self.directory.path();
        let runtime = at.join("runtime");
        fs::write(&runtime, RUNTIME).unwrap();
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755)).unwrap();
        let shown = at.display();
        let settings = format!(
            "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\nlock_type = \"file\"\n\
             tmp_dir = \"{shown}/tmp\"\nruntime = \"crun\"\n\
             [engine.runtimes]\ncrun = [\"{shown}/runtime\"]\n"
        );
        fs::write(&self.containers_conf, settings).unwrap();
        let storage = format!(
            "[storage]\ndriver = \"vfs\"\nrunroot = \"{shown}/run\"\ngraphroot = \"{shown}/graph\"\n"
        );
        fs::write(&self.storage_conf, storage).unwrap();
    }

    fn make_image(&self) -> Result<(), String> {
        let root = self.directory.path().join("root");
        for name in [
            "dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", "var",
        ] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for name in ["bin", "lib", "lib64", "sbin"] {
            symlink(Path::new("usr").join(name), root.join(name)).unwrap();
        }
        fs::write(
            root.join("etc/passwd"),
            "root:x:0:0:root:/root:/bin/sh\nother:x:99:99::/tmp:/bin/sh\n",
        )
        .unwrap();
        fs::create_dir(root.join("etc/pam.d")).unwrap();
        fs::write(root.join("etc/pam.d/su"), PAM).unwrap();
        let tar = self.directory.path().join("image.tar");
        let (root, tar) = (root.to_str().unwrap(), tar.to_str().unwrap());
        checked(Command::new("tar").args(["-C", root, "-cf", tar, "."]))?;
        self.podman(&["import", tar, IMAGE])
    }

    fn run(&self, name: &str, words: &[&str]) -> Result<(), String> {
        let options = [
            "run",
            "--detach",
            "--name",
            name,
            "--network",
            "none",
            "--cgroups",
            "disabled",
            "--volume",
            "/usr:/usr:ro",
            IMAGE,
        ];
        self.podman(&[&options[..], words].concat())
    }

    fn podman(&self, arguments: &[&str]) -> Result<(), String> {
        let prefix = prefix();
        let (first, rest) = prefix.split_first().unwrap();
        let mut command = Command::new(first);
        command.args(rest).arg("podman").args(arguments);
        checked(command.envs(self.variables()))
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let removed = self.podman(&["rm", "--force", "--all", "--time", "0"]);
        if let Err(error) = removed {
            eprintln!("containers remain: {error}");
        }
        // Monitors stay for minutes after an exec by the service. Their command lines have the path of this directory.
        let path = self.directory.path().display().to_string();
        let _ = Command::new("pkill").args(["-KILL", "-f", &path]).status();
    }
}

fn checked(command: &mut Command) -> Result<(), String> {
    let Output { status, stderr, .. } = command.output().map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let text = String::from_utf8_lossy(&stderr);
    Err(format!(
        "{program}: {status}: {}",
        text.trim().replace('\n', " ")
    ))
}
