//! What is printed for each file and target, as text and as JSON.

use std::fs;

use super::{json, place};
use crate::support::run;

#[test]
fn a_dry_run_reports_in_json_and_changes_nothing() {
    let (_place, path) = place();
    let arguments = [
        "rsync",
        "push",
        &path("from"),
        "--to",
        "popen",
        &path("to"),
        "--dry-run",
        "--json",
    ];
    let document: serde_json::Value = serde_json::from_str(&run(&arguments, 0).out).unwrap();
    assert_eq!(document["sent"], serde_json::json!(["a.txt", "b.pyc"]));
    assert_eq!(
        (&document["files"], &document["bytes"]),
        (&2.into(), &2.into())
    );
    assert!(!fs::exists(path("to")).unwrap());
}

/// A link out of the tree is refused and a pipe is skipped; a dry run reports the same.
#[test]
fn a_pull_reports_everything_in_json() {
    let (_place, path) = place();
    std::os::unix::fs::symlink("/etc/passwd", path("from/out")).unwrap();
    std::os::unix::fs::symlink("a.txt", path("from/link")).unwrap();
    let mut mkfifo = std::process::Command::new("mkfifo");
    assert!(mkfifo.arg(path("from/pipe")).status().unwrap().success());
    fs::create_dir(path("to")).unwrap();
    fs::write(path("to/old"), "").unwrap();
    let (from, to) = (path("from"), path("to"));
    let mut arguments = vec!["rsync", "pull", "popen", &from, &to, "--delete", "--json"];
    arguments.extend(["--exclude", "*.pyc", "--dry-run"]);
    let dry = json(&arguments, 1);
    assert!(fs::exists(path("to/old")).unwrap() && !fs::exists(path("to/a.txt")).unwrap());
    arguments.pop();
    let document = json(&arguments, 1);
    assert_eq!(dry, document);
    let expected = serde_json::json!({
        "spec": "popen",
        "destination": to,
        "files": 1,
        "bytes": 1,
        "unchanged": 0,
        "sent": ["a.txt"],
        "linked": ["link"],
        "deleted": ["old"],
        "skipped": [
            {"path": "b.pyc", "reason": "excluded by a pattern"},
            {"path": "pipe", "reason": "not a file, directory or link"},
        ],
        "failed": [{"path": "out", "reason": "a link that leads out of the tree"}],
        "error": null,
    });
    assert_eq!(document, expected);
    assert!(!fs::exists(path("to/old")).unwrap() && fs::exists(path("to/a.txt")).unwrap());
}

#[test]
fn the_document_of_a_failed_target_has_the_error() {
    let (_place, path) = place();
    fs::write(path("target"), "a file where the tree is to go").unwrap();
    let (from, to) = (path("from"), path("target"));
    let document = json(&["rsync", "push", &from, "--to", "popen", &to, "--json"], 2);
    let error = document["error"].as_str().unwrap();
    assert!(error.contains("File exists"), "{error}");
}

#[test]
fn a_failed_file_is_reported_and_counted() {
    let (_place, path) = place();
    fs::write(path("target"), "a file where the tree is to go").unwrap();
    let arguments = [
        "rsync",
        "push",
        &path("from"),
        "--to",
        "popen",
        &path("target"),
    ];
    let finished = run(&arguments, 2).tells("File exists");
    assert_eq!(finished.err.lines().count(), 1, "{}", finished.err);
    std::os::unix::fs::symlink("/etc/passwd", path("from/link")).unwrap();
    let arguments = ["rsync", "pull", "popen", &path("from"), &path("to")];
    let finished = run(&arguments, 1).tells("failed link: a link that leads out of the tree");
    assert!(finished.out.contains("2 sent"), "{}", finished.out);
}

#[test]
fn a_target_without_a_gateway_is_named_and_the_others_are_synced() {
    let (_place, path) = place();
    let (from, one, two) = (path("from"), path("one"), path("two"));
    let nosuch = "popen//python=/nosuch/python";
    let mut arguments = vec![
        "rsync", "push", &from, "--to", nosuch, &two, "--to", "popen", &one,
    ];
    let finished = run(&arguments, 3)
        .tells(&format!("{nosuch} {two}: "))
        .tells("; name an interpreter in the spec");
    assert!(finished.out.contains("2 sent"), "{}", finished.out);
    assert_eq!(fs::read(path("one/a.txt")).unwrap(), b"a");
    arguments.push("--json");
    let finished = run(&arguments, 3);
    let documents: Vec<serde_json::Value> = finished
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let errors = documents.iter().map(|document| {
        let spec = document["spec"].as_str().unwrap();
        (spec, document["error"].is_string())
    });
    assert!(
        errors.eq([(nosuch, true), ("popen", false)]),
        "{documents:?}"
    );
    // A source that cannot be read does not hide it.
    let missing = path("none");
    let finished = run(
        &[&["rsync", "push", &missing], &arguments[3..9]].concat(),
        3,
    );
    finished.tells("name an interpreter").tells("No such file");
    run(&arguments[..6], 3).tells(nosuch);
}

/// With several targets it was always 1.
#[test]
fn the_status_is_the_highest_of_all_targets() {
    let (_place, path) = place();
    let (from, one, two) = (path("from"), path("one"), path("two"));
    let (file, missing) = (path("from/a.txt"), "popen//python=/nosuch/python");
    let under_file = format!("{file}/x");
    let push = |targets: &[&str], status| {
        run(&[&["rsync", "push", &from], targets].concat(), status);
    };
    push(&["--to", "popen", &one, "--to", "popen", &two], 0);
    push(&["--to", "popen", &one, "--to", "popen", &under_file], 2);
    let bad = ["--to", missing, &two, "--to", "popen", &under_file];
    push(&[&bad[..], &["--parallel", "1"]].concat(), 3);
}

#[test]
fn gateways_go_through_those_of_other_targets() {
    let (_place, path) = place();
    let (from, one, two) = (path("from"), path("one"), path("two"));
    let through = ["--to", "popen//via=gw1", &one, "--to", "popen", &two];
    for parallel in ["1", "2"] {
        let options = ["--parallel", parallel];
        run(
            &[&["rsync", "push", &from], &through[..], &options].concat(),
            0,
        );
        for copy in ["one", "two"] {
            assert_eq!(fs::read(path(copy) + "/a.txt").unwrap(), b"a");
            fs::remove_dir_all(path(copy)).unwrap();
        }
    }
}
