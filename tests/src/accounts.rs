//! Accounts with passwords that exist for a test alone, and the rights of `sudo` and `doas`.
//!
//! The test runs again in a mount namespace in which `/etc` is a copy of that of this machine, with these accounts.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use execnet_test_support::{LONG, find, within};

use crate::again::{is_inside, repeat};

/// The user who starts workers. It may become everybody by `sudo`, with its password, and [`OTHER`] by `doas` without.
pub const TESTER: &str = "execnet-tester";

/// The user that workers run as.
pub const OTHER: &str = "execnet-other";

/// The password of both.
pub const PASSWORD: &str = "letters and 4 digits";

const PASSWORD_HASH: &str = "$6$rounds=1000$TbXJapiI1T451hI0$tKeptEltARPvYsbOXjyXPkhkPmUc3htbohAwMkdJ/wGy3hdmYg.6719n7g0FUmDj15bCuwNT79zQM3ZLpKplM0";

const IDS: [(&str, u32); 2] = [(TESTER, 64_242), (OTHER, 64_243)];

/// What a command begins with that [`TESTER`] runs.
pub const AS_TESTER: &str = "setpriv --reuid=64242 --regid=64242 --clear-groups --reset-env";

/// Mounts the copy, and hides what `sudo` remembers of earlier logins.
const MOUNT: &str = "mkdir -p /run/sudo && mount -t tmpfs none /run/sudo && mount --bind \"$0\" /etc && exec \"$@\"";

/// Runs `body`, which is all of the test `name`, as root where these accounts exist.
///
/// # Panics
///
/// When `body` does.
pub fn with_accounts(name: &'static str, body: impl FnOnce()) {
    if is_inside(name) {
        return body();
    }
    match copy_of_etc() {
        Ok(etc) => within(name, 6 * LONG, move || {
            let path = etc.path().join("etc");
            let words = ["unshare", "--mount", "sh", "-c", MOUNT].map(OsStr::new);
            repeat(name, &[&words[..], &[path.as_os_str()]].concat(), &[]);
        }),
        Err(reason) => println!("skipped: other accounts: {reason}"),
    }
}

fn copy_of_etc() -> Result<tempfile::TempDir, String> {
    for program in ["unshare", "setpriv", "su"] {
        find(program).ok_or(format!("no {program} is installed"))?;
    }
    run(&["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"])
        .map_err(|error| format!("nothing can be mounted: {error}"))?;
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let etc = directory.path().join("etc");
    run(&["cp", "-a", "/etc", etc.to_str().unwrap()])?;
    for (name, id) in IDS {
        append(&etc, "passwd", &format!("{name}:x:{id}:{id}::/tmp:/bin/sh"));
        append(&etc, "group", &format!("{name}:x:{id}:"));
        append(
            &etc,
            "shadow",
            &format!("{name}:{PASSWORD_HASH}:19000:0:99999:7:::"),
        );
    }
    if etc.join("sudoers").exists() {
        // With a timeout of 0, sudo asks each time.
        let rights = format!("Defaults timestamp_timeout=0\n{TESTER} ALL=(ALL) ALL");
        append(&etc, "sudoers", &rights);
    }
    append(
        &etc,
        "doas.conf",
        &format!("permit nopass {TESTER} as {OTHER}"),
    );
    Ok(directory)
}

fn append(etc: &Path, name: &str, line: &str) {
    let path = etc.join(name);
    let file = fs::OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| writeln!(file, "{line}")).unwrap();
}

fn run(words: &[&str]) -> Result<(), String> {
    let (program, arguments) = words.split_first().unwrap();
    let output = Command::new(program).args(arguments).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("{program}: {error}")),
    }
}
