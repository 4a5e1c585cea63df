//! A Slurm cluster on this machine: a controller and two nodes, with settings that are deleted with it.

use core::time::Duration;
use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

use execnet_test_support::{LONG, eventually, find, free_port, within};

/// Set in a test that [`in_cluster`] has started again.
const INSIDE: &str = "EXECNET_TEST_IN_CLUSTER";

/// The programs that a cluster is made of, and those that use it.
const PROGRAMS: [&str; 8] = [
    "munged",
    "slurmctld",
    "slurmd",
    "srun",
    "salloc",
    "sinfo",
    "squeue",
    "scancel",
];

/// A cluster with a partition `part`, of the nodes `n1` and `n2` with four processors each.
///
/// All of it listens on ports of this machine that are free, speaks under a key of its own, and ends with this.
#[derive(Debug)]
pub struct Slurm {
    directory: TempDir,
    daemons: Vec<(&'static str, Child)>,
}

/// Runs `body`, which is all of the test `name`, where Slurm's programs know a cluster; in front of it stand the words
/// of `prefix`, which may start it in an allocation.
///
/// They know it by a variable of the environment: the test is started again in another process.
///
/// # Panics
///
/// When `body` does, or when something stays in the cluster.
pub fn in_cluster(name: &'static str, prefix: &'static [&'static str], body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    match Slurm::start() {
        Ok(cluster) => within(name, 6 * LONG, move || cluster.repeat(name, prefix)),
        Err(reason) => println!("skipped: {reason}"),
    }
}

impl Slurm {
    /// Starts a cluster.
    ///
    /// # Errors
    ///
    /// The reason, as text, for which it cannot run here: a test that needs it prints it and is skipped.
    ///
    /// # Panics
    ///
    /// When Slurm is installed and does not start.
    pub fn start() -> Result<Self, String> {
        for program in PROGRAMS {
            find(program).ok_or(format!("no Slurm ({program}) is installed"))?;
        }
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let at = directory.path();
        // munged wants everybody to be able to come to its socket.
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
        write_settings(at);
        let mut cluster = Self {
            directory,
            daemons: Vec::new(),
        };
        cluster.start_daemons();
        Ok(cluster)
    }

    fn start_daemons(&mut self) {
        let path = |name: &str| self.path(name);
        let munged = [
            "--foreground".to_owned(),
            format!("--socket={}", path("munge")),
            format!("--key-file={}", path("key")),
            format!("--pid-file={}", path("munge.pid")),
            format!("--seed-file={}", path("munge.seed")),
            format!("--log-file={}", path("munge.log")),
        ];
        self.daemon("munged", munged);
        let socket = self.path("munge");
        eventually("munged listens", LONG, || Path::new(&socket).exists());
        self.daemon("slurmctld", ["-D".to_owned()]);
        for node in ["n1", "n2"] {
            self.daemon("slurmd", ["-D", "-N", node].map(str::to_owned));
        }
        eventually("both nodes are idle", LONG, || {
            self.check_daemons();
            let nodes = self.output("sinfo", &["--noheader", "--Node", "--format=%T"]);
            let nodes = nodes.unwrap_or_default();
            nodes.lines().filter(|state| *state == "idle").count() == 2
        });
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// A program that knows this cluster, and nothing of one that the tests may run in.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"SLURM_") {
                command.env_remove(name);
            }
        }
        command
            .env("SLURM_CONF", self.path("slurm.conf"))
            .stdin(Stdio::null());
        command
    }

    fn daemon(&mut self, program: &'static str, arguments: impl IntoIterator<Item = String>) {
        let number = self.daemons.len();
        let log = fs::File::create(self.path(&format!("{number}.out"))).unwrap();
        let path = find(program).unwrap();
        let mut command = self.command(path);
        command.args(arguments).stderr(log.try_clone().unwrap());
        let daemon = command.stdout(log).spawn().unwrap();
        self.daemons.push((program, daemon));
    }

    fn check_daemons(&mut self) {
        for number in 0..self.daemons.len() {
            let (program, daemon) = &mut self.daemons[number];
            if let Some(status) = daemon.try_wait().unwrap() {
                let program = *program;
                let log = fs::read_to_string(self.path(&format!("{number}.out")));
                panic!("{program}: {status}: {}", log.unwrap_or_default());
            }
        }
    }

    /// What a program of Slurm's prints; none while the cluster does not answer.
    fn output(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = self.command(program).args(arguments).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        output.status.success().then_some(printed)
    }

    /// Runs one test of this program again.
    fn repeat(&self, name: &str, prefix: &[&str]) {
        let program = env::current_exe().unwrap();
        let mut command = match prefix.split_first() {
            Some((first, rest)) => {
                let mut command = self.command(first);
                command.args(rest).arg(program);
                command
            }
            None => self.command(program),
        };
        command.args(["--exact", name, "--nocapture"]);
        let Output {
            status,
            stdout,
            stderr,
        } = command.env(INSIDE, "1").output().unwrap();
        println!("{}", String::from_utf8_lossy(&stdout));
        eprintln!("{}", String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{name}, in a cluster: {status}");
        assert!(
            String::from_utf8_lossy(&stdout).contains("1 passed"),
            "no test is called {name}"
        );
        eventually("the cluster is empty again", LONG, || self.is_empty());
    }

    fn is_empty(&self) -> bool {
        let jobs = self.output("squeue", &["--noheader"]);
        jobs.is_some_and(|jobs| jobs.is_empty())
    }
}

impl Drop for Slurm {
    /// Cancels all jobs, which the daemons would leave running.
    fn drop(&mut self) {
        let _ = self.command("scancel").arg("--partition=part").status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
        for (_, daemon) in self.daemons.iter_mut().rev() {
            end(daemon);
        }
    }
}

/// Terminates a daemon, so that it ends its own processes; kills it after some seconds.
fn end(daemon: &mut Child) {
    let pid = daemon.id().to_string();
    let _ = Command::new("kill").arg(&pid).status();
    let deadline = Instant::now() + Duration::from_secs(5);
    while matches!(daemon.try_wait(), Ok(None)) {
        if Instant::now() > deadline {
            let _ = daemon.kill();
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The name of this process's user.
fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Whoever has it can run anything in the cluster, as anybody.
fn make_key(path: &Path) {
    let mut key = [0; 128];
    let mut random = fs::File::open("/dev/urandom").unwrap();
    random.read_exact(&mut key).unwrap();
    let mut file = fs::OpenOptions::new();
    let mut file = file.write(true).create_new(true).mode(0o600).open(path);
    file.as_mut().unwrap().write_all(&key).unwrap();
}

fn write_settings(at: &Path) {
    make_key(&at.join("key"));
    for directory in ["state", "spool-n1", "spool-n2"] {
        fs::create_dir(at.join(directory)).unwrap();
    }
    let (user, at_text) = (user(), at.display());
    let settings = format!(
        "ClusterName=test\n\
         SlurmctldHost=localhost(127.0.0.1)\n\
         SlurmctldPort={}\n\
         SlurmUser={user}\n\
         SlurmdUser={user}\n\
         AuthType=auth/munge\n\
         AuthInfo=socket={at_text}/munge\n\
         CredType=cred/munge\n\
         StateSaveLocation={at_text}/state\n\
         SlurmdSpoolDir={at_text}/spool-%n\n\
         SlurmctldPidFile={at_text}/slurmctld.pid\n\
         SlurmdPidFile={at_text}/slurmd-%n.pid\n\
         SlurmctldLogFile={at_text}/slurmctld.log\n\
         SlurmdLogFile={at_text}/slurmd-%n.log\n\
         ProctrackType=proctrack/linuxproc\n\
         TaskPlugin=task/none\n\
         JobAcctGatherType=jobacct_gather/none\n\
         SelectType=select/cons_tres\n\
         SelectTypeParameters=CR_CPU_Memory\n\
         SchedulerType=sched/builtin\n\
         ReturnToService=2\n\
         MailProg=/bin/true\n\
         DefMemPerCPU=10\n\
         SlurmdParameters=config_overrides\n",
        free_port(),
    );
    // Each node has its own port: they have one address.
    let nodes: String = ["n1", "n2"]
        .map(|name| {
            let port = free_port();
            format!(
                "NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory=1000\n"
            )
        })
        .concat();
    let partition = "PartitionName=part Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP\n";
    fs::write(at.join("slurm.conf"), settings + &nodes + partition).unwrap();
}
