//! Arguments that are refused.

use std::fs;

use super::place;
use crate::support::{self, run};

#[test]
fn a_source_missing_on_the_gateway_is_a_usage_error_of_one_line() {
    let (_place, path) = place();
    let arguments = ["rsync", "pull", "popen", &path("none"), &path("to")];
    let finished = run(&arguments, 2).tells("No such file or directory");
    assert_eq!(finished.err.lines().count(), 1, "{}", finished.err);
}

#[test]
fn usage_errors() {
    let (_place, path) = place();
    run(&["rsync", "push", &path("from")], 2).tells("--to");
    run(&["rsync", "push", &path("from"), "--to", "popen"], 2).tells("2 values");
    run(
        &["rsync", "push", &path("none"), "--to", "popen", &path("to")],
        2,
    )
    .tells("No such file");
    run(
        &["rsync", "push", &path("from"), "--to", "popen//popen", "x"],
        2,
    )
    .tells("spec");
    run(
        &["rsync", "pull", "popen", "a", "b", "--to", "popen", "c"],
        2,
    )
    .tells("unexpected argument '--to'");
    let extra = ["rsync", "push", &path("from"), "x", "--to", "popen", "y"];
    run(&extra, 2).tells("DEST: it has no gateway");
    let missing = [
        "rsync",
        "push",
        &path("from"),
        "--to",
        "popen",
        "y",
        "--on",
        "popen",
    ];
    run(&missing, 2).tells("DEST: --on and --hosts need one");
    let twice = ["x", "--on", "popen//id=a", "--to", "popen//id=a", "y"];
    run(&[&["rsync", "push", &path("from")][..], &twice].concat(), 2).tells("several targets");
    let bad = [
        "rsync",
        "push",
        &path("from"),
        "--to",
        "popen",
        "x",
        "--exclude",
        "{a",
    ];
    run(&bad, 2).tells("--exclude");
}

/// They made a directory of that name, and "cannot open  for a sync".
#[test]
fn a_quoted_tilde_and_an_empty_path_are_usage_errors() {
    let (place, path) = place();
    let from = path("from");
    for arguments in [
        &["rsync", "push", &from, "--to", "popen", "~/x"][..],
        &["rsync", "pull", "popen", "~/x", "to"],
        &["rsync", "pull", "popen", &from, "~user"],
        &["rsync", "push", "~/x", "--to", "popen", "to"],
    ] {
        let mut command = support::execnet(arguments);
        let refused = command.current_dir(&place).assert().code(2);
        let error = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(error.contains("`~` is not expanded"), "{error}");
    }
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    run(&["rsync", "push", &from, "--to", "popen", ""], 2).tells("invalid value '' for '--to");
    run(&["rsync", "push", "", "--to", "popen", "to"], 2).tells("invalid value '' for '<SRC>'");
}

/// clap proposed to pass it after `--`.
#[test]
fn archive_mode_is_refused_with_a_hint() {
    for option in ["-a", "-av"] {
        run(&["rsync", "push", option, "from", "--to", "popen", "to"], 2)
            .tells("there is no archive mode");
    }
}
