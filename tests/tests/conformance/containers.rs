//! Workers in containers of podman.

use std::process::Command;

use execnet_test_support::{find, is_running, quiet};
use execnet_tests::podman::{BOX, DockerService, is_running_in_box, with_podman};

use super::conforms_with;

#[test]
fn podman() {
    with_podman("containers::podman", || {
        let spec = format!("podman={BOX}");
        in_box("podman", None, spec.clone());
        in_box("podman, as another user", None, spec.clone() + "//su=other");
        in_box(
            "podman via popen",
            Some("popen".to_owned()),
            spec + "//via=middle",
        );
    });
}

/// A client of docker, or podman in its place: podman's service answers the one, and podman reads the words of the other.
#[test]
fn docker() {
    if find("docker").is_none() {
        return println!(
            "skipped: docker: no client of docker is installed (or Debian's package podman-docker)"
        );
    }
    with_podman("containers::docker", || {
        let _service = DockerService::start();
        in_box("docker", None, format!("docker=--user root {BOX}"));
    });
}

fn in_box(link: &'static str, middle: Option<String>, spec: String) {
    conforms_with(link, quiet(), middle, spec, is_running_in_box);
}

/// A process of this machine in another root directory, and one in another mount namespace.
#[test]
fn another_root() {
    let holder = Command::new("unshare")
        .args(["--mount", "sleep", "1000"])
        .spawn();
    let mut holder = holder.unwrap();
    let inside = format!("cmd=nsenter --target {} --mount --", holder.id());
    for (link, program, spec) in [
        ("chroot", "chroot", "cmd=chroot /"),
        ("nsenter", "nsenter", &*inside),
        ("unshare", "unshare", "cmd=unshare --mount --"),
        ("runuser", "runuser", "cmd=runuser -u root --"),
        ("setpriv", "setpriv", "cmd=setpriv --reuid=0 --"),
    ] {
        if find(program).is_none() {
            println!("skipped: {program}: it is not installed");
        } else if !Command::new("sh")
            .args(["-c", &format!("{} true", &spec["cmd=".len()..])])
            .status()
            .is_ok_and(|status| status.success())
        {
            println!("skipped: {program}: this user may not run it");
        } else {
            conforms_with(link, quiet(), None, spec.to_owned(), is_running);
        }
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
}
