//! `execnet rsync`, run as the real program with a real Python.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "that is how a test fails")]

mod support;

use core::time::Duration;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use support::{Running, run, until};

fn place() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let place = tempfile::tempdir().unwrap();
    let root: PathBuf = place.path().into();
    let path = move |name: &str| root.join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("from")).unwrap();
    fs::write(path("from/a.txt"), "a").unwrap();
    fs::write(path("from/b.pyc"), "b").unwrap();
    (place, path)
}

#[test]
fn sends_to_two_targets_and_reports_each_file() {
    let (_place, path) = place();
    let (one, two) = (path("one"), path("two"));
    let arguments = [
        "rsync",
        &path("from"),
        "--to",
        "popen",
        &one,
        "--to",
        "popen",
        &two,
        "--exclude",
        "*.pyc",
    ];
    let finished = run(&arguments, 0);
    for target in [&one, &two] {
        assert_eq!(fs::read(format!("{target}/a.txt")).unwrap(), b"a");
        assert!(!fs::exists(format!("{target}/b.pyc")).unwrap());
        assert!(
            finished
                .out
                .contains(&format!("popen {target}: sent a.txt\n"))
        );
        let summary = "1 sent (1 B), 0 unchanged, 0 linked, 0 deleted, 1 skipped, 0 failed\n";
        assert!(
            finished.out.contains(&format!("popen {target}: {summary}")),
            "{}",
            finished.out
        );
    }
}

#[test]
fn pulls_and_deletes() {
    let (_place, path) = place();
    fs::create_dir(path("to")).unwrap();
    fs::write(path("to/old"), "").unwrap();
    let arguments = [
        "rsync",
        "--from",
        "popen",
        &path("from"),
        &path("to"),
        "--delete",
    ];
    let finished = run(&arguments, 0);
    assert!(finished.out.contains("deleted old\n"), "{}", finished.out);
    assert_eq!(fs::read(path("to/b.pyc")).unwrap(), b"b");
    assert!(!fs::exists(path("to/old")).unwrap());
}

#[test]
fn a_dry_run_reports_in_json_and_changes_nothing() {
    let (_place, path) = place();
    let arguments = [
        "rsync",
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

fn json(arguments: &[&str], status: i32) -> serde_json::Value {
    serde_json::from_str(&run(arguments, status).out).unwrap()
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
    let mut arguments = vec!["rsync", "--from", "popen", &from, &to, "--delete", "--json"];
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
    let document = json(&["rsync", &from, "--to", "popen", &to, "--json"], 2);
    let error = document["error"].as_str().unwrap();
    assert!(error.contains("File exists"), "{error}");
}

#[test]
fn a_failed_file_is_reported_and_counted() {
    let (_place, path) = place();
    fs::write(path("target"), "a file where the tree is to go").unwrap();
    let arguments = ["rsync", &path("from"), "--to", "popen", &path("target")];
    let finished = run(&arguments, 2).tells("File exists");
    assert_eq!(finished.err.lines().count(), 1, "{}", finished.err);
    std::os::unix::fs::symlink("/etc/passwd", path("from/link")).unwrap();
    let arguments = ["rsync", "--from", "popen", &path("from"), &path("to")];
    let finished = run(&arguments, 1).tells("failed link: a link that leads out of the tree");
    assert!(finished.out.contains("2 sent"), "{}", finished.out);
}

/// The program itself writes the files. It is killed after the first one, in each round a little later.
#[test]
fn a_pull_that_is_killed_leaves_every_file_whole() {
    let (_place, path) = place();
    let (from, to) = (path("many"), path("to"));
    for folder in [&from, &to] {
        fs::create_dir(folder).unwrap();
    }
    let [old, new] = [vec![b'o'; 150_000], vec![b'n'; 300_000]];
    let files: Vec<_> = (0..30).map(|file| format!("f{file}")).collect();
    for round in 0..6 {
        for file in &files {
            fs::write(format!("{from}/{file}"), &new).unwrap();
            fs::write(format!("{to}/{file}"), &old).unwrap();
        }
        let read = |file: &String| fs::read(format!("{to}/{file}")).unwrap();
        let pulling = Running::start(&["rsync", "--from", "popen", &from, &to, "--json"]);
        until(|| files.iter().any(|file| read(file) == new).then_some(()));
        std::thread::sleep(Duration::from_millis(3 * round));
        drop(pulling);
        let contents: Vec<_> = files.iter().map(read).collect();
        let whole = contents.iter().all(|found| *found == old || *found == new);
        let lengths: Vec<_> = contents.iter().map(Vec::len).collect();
        assert!(whole, "round {round}: {lengths:?}");
    }
    run(&["rsync", "--from", "popen", &from, &to, "--delete"], 0);
    assert_eq!(fs::read_dir(&to).unwrap().count(), files.len());
}

#[test]
fn a_target_without_a_gateway_is_named_and_the_others_are_synced() {
    let (_place, path) = place();
    let (from, one, two) = (path("from"), path("one"), path("two"));
    let nosuch = "popen//python=/nosuch/python";
    let mut arguments = vec!["rsync", &from, "--to", nosuch, &two, "--to", "popen", &one];
    let finished = run(&arguments, 1).tells(&format!("{nosuch} {two}: "));
    assert!(finished.out.contains("2 sent"), "{}", finished.out);
    assert_eq!(fs::read(path("one/a.txt")).unwrap(), b"a");
    arguments.push("--json");
    let finished = run(&arguments, 1);
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
    // A single target determines the status by itself.
    run(&arguments[..5], 3).tells(nosuch);
}

#[test]
fn a_source_missing_on_the_gateway_is_a_usage_error_of_one_line() {
    let (_place, path) = place();
    let arguments = ["rsync", "--from", "popen", &path("none"), &path("to")];
    let finished = run(&arguments, 2).tells("No such file or directory");
    assert_eq!(finished.err.lines().count(), 1, "{}", finished.err);
}

#[test]
fn a_source_inside_the_destination_is_not_deleted() {
    let (place, path) = place();
    let above = place.path().to_str().unwrap();
    let push = ["rsync", &path("from"), "--to", "popen", above, "--delete"];
    run(&push, 2).tells("the source is in it");
    let pull = ["rsync", "--from", "popen", &path("from"), above, "--delete"];
    run(&pull, 2).tells("the source is in it");
    assert_eq!(fs::read(path("from/a.txt")).unwrap(), b"a");
}

#[test]
fn options_have_the_effect_of_those_of_the_library() {
    let (_place, path) = place();
    std::os::unix::fs::symlink("/etc/passwd", path("from/out")).unwrap();
    fs::write(path("from/large"), vec![0; 2049]).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o4755);
    fs::set_permissions(path("from/a.txt"), mode).unwrap();
    let mode = |name: &str| {
        let meta = fs::metadata(path(name)).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o7777
    };
    let run_with = |more: &[&str], to: &str, status| {
        let (from, to) = (path("from"), path(to));
        let mut arguments = vec!["rsync", &from, "--to", "popen", &to];
        arguments.extend(more);
        run(&arguments, status)
    };
    run_with(&["--links", "refuse"], "one", 1).tells("failed out: a link that leads out");
    assert_eq!(mode("one/a.txt"), 0o755);
    let more = ["--max-file-size", "2K", "--special-modes"];
    let finished = run_with(&more, "two", 0);
    assert!(finished.out.contains("skipped large"), "{}", finished.out);
    assert_eq!(mode("two/a.txt"), 0o4755);
    fs::File::create(path("from/hole"))
        .unwrap()
        .set_len(1 << 20)
        .unwrap();
    fs::hard_link(path("from/large"), path("from/larger")).unwrap();
    let meta = |name: &str| fs::metadata(path(name)).unwrap();
    for (more, kept) in [(&[][..], false), (&["-S", "-H", "--fsync"], true)] {
        let to = format!("kept-{kept}");
        run_with(more, &to, 0);
        let (hole, large) = (meta(&format!("{to}/hole")), meta(&format!("{to}/large")));
        assert_eq!((hole.blocks() == 0, large.nlink() == 2), (kept, kept));
    }
    run_with(&["--links", "copy"], "three", 0);
    assert!(fs::symlink_metadata(path("three/out")).unwrap().is_file());
    run_with(&["--idle-timeout", "0.000001"], "four", 3).tells("was silent for");
    run_with(&["--max-file-size", "2X"], "five", 2).tells("expected a number of bytes");
    let (from, to) = (path("from"), path("six"));
    let pull = ["rsync", "--from", "popen", &from, &to];
    run(&[&pull[..], &["--links", "keep"]].concat(), 0);
    assert!(fs::symlink_metadata(path("six/out")).unwrap().is_symlink());
    run(&[&pull[..], &["--max-entries", "1"]].concat(), 1).tells("raise --max-entries");
}

#[test]
fn paths_need_not_be_utf_8() {
    let (place, path) = place();
    let odd = |name: &[u8]| place.path().join(OsStr::from_bytes(name));
    fs::rename(path("from"), odd(b"from\xff")).unwrap();
    let mut push = support::execnet(&["rsync", "--to", "popen"]);
    push.arg(odd(b"to\xff")).arg("--").arg(odd(b"from\xff"));
    push.assert().success();
    let mut pull = support::execnet(&["rsync", "--from", "popen"]);
    pull.arg(odd(b"to\xff")).arg(odd(b"back\xff"));
    pull.assert().success();
    assert_eq!(fs::read(odd(b"back\xff/a.txt")).unwrap(), b"a");
}

#[test]
fn usage_errors() {
    let (_place, path) = place();
    run(&["rsync", &path("from")], 2).tells("--to");
    run(&["rsync", &path("from"), "--to", "popen"], 2).tells("2 values");
    run(&["rsync", &path("none"), "--to", "popen", &path("to")], 2).tells("No such file");
    run(&["rsync", &path("from"), "--to", "popen//popen", "x"], 2).tells("spec");
    run(
        &["rsync", "--from", "popen", "a", "b", "--to", "popen", "c"],
        2,
    )
    .tells("cannot be used");
    let bad = [
        "rsync",
        &path("from"),
        "--to",
        "popen",
        "x",
        "--exclude",
        "{a",
    ];
    run(&bad, 2).tells("--exclude");
}

#[test]
fn control_characters_in_names_are_escaped() {
    let (_place, path) = place();
    fs::write(path("from/\u{1b}[2J\n"), "").unwrap();
    let finished = run(&["rsync", &path("from"), "--to", "popen", &path("to")], 0);
    assert!(!finished.out.contains('\u{1b}'));
    assert_eq!(finished.out.lines().count(), 4, "{}", finished.out);
}

/// They showed U+FFFD.
#[test]
fn names_that_are_not_utf_8_are_escaped() {
    let (place, path) = place();
    let odd = place.path().join(OsStr::from_bytes(b"from/odd\xff"));
    fs::rename(path("from/a.txt"), odd).unwrap();
    let (from, to) = (path("from"), path("to"));
    let arguments = ["rsync", &from, "--to", "popen", &to, "--dry-run"];
    let shown = run(&arguments, 0).out;
    assert!(shown.contains(r#"would send "odd\xFF""#), "{shown}");
    let document = json(&[&arguments[..], &["--json"]].concat(), 0);
    let bytes = serde_json::json!({"bytes": b"odd\xff"});
    assert_eq!(document["sent"], serde_json::json!(["b.pyc", bytes]));
}

/// They made a directory of that name, and "cannot open  for a sync".
#[test]
fn a_quoted_tilde_and_an_empty_path_are_usage_errors() {
    let (place, path) = place();
    let from = path("from");
    for arguments in [
        &["rsync", &from, "--to", "popen", "~/x"][..],
        &["rsync", "--from", "popen", "~/x", "to"],
        &["rsync", "--from", "popen", &from, "~user"],
        &["rsync", "~/x", "--to", "popen", "to"],
    ] {
        let mut command = support::execnet(arguments);
        let refused = command.current_dir(&place).assert().code(2);
        let error = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(error.contains("`~` is not expanded"), "{error}");
    }
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    run(&["rsync", &from, "--to", "popen", ""], 2).tells("invalid value '' for '--to");
    run(&["rsync", "", "--to", "popen", "to"], 2).tells("invalid value '' for '[SRC]'");
}

/// clap proposed to pass it after `--`.
#[test]
fn archive_mode_is_refused_with_a_hint() {
    for option in ["-a", "-av"] {
        run(&["rsync", option, "from", "--to", "popen", "to"], 2).tells("there is no archive mode");
    }
}

/// A push to Python failed; a pull made a file of the directory's name.
#[test]
fn a_file_goes_into_a_destination_that_ends_in_a_slash() {
    let (_place, path) = place();
    let (file, pushed, pulled) = (path("from/a.txt"), path("pushed/"), path("pulled/"));
    run(&["rsync", &file, "--to", "popen", &pushed], 0);
    run(&["rsync", "--from", "popen", &file, &pulled], 0);
    for directory in ["pushed", "pulled"] {
        assert_eq!(fs::read(path(directory) + "/a.txt").unwrap(), b"a");
    }
}
