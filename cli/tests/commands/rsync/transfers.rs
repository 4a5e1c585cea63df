//! Which files arrive: pushes, pulls, options, and syncs that are killed.

use core::time::Duration;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use execnet_test_support::eventually;

use super::place;
use crate::support::{DEADLINE, Running, run};

#[test]
fn sends_to_two_targets_and_reports_each_file() {
    let (_place, path) = place();
    let (one, two) = (path("one"), path("two"));
    let arguments = [
        "rsync",
        "push",
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

/// A batch of one target at a time has the same result.
#[test]
fn sends_to_one_path_on_many_gateways() {
    let (_place, path) = place();
    let (from, hosts) = (path("from"), path("hosts"));
    let spec = |name: &str| format!("popen//chdir={}", path(name));
    fs::write(&hosts, format!("# two\n{}\n{}\n", spec("b"), spec("c"))).unwrap();
    let arguments = [
        "rsync",
        "push",
        &from,
        "to",
        "--on",
        &spec("a"),
        "--hosts",
        &hosts,
    ];
    for parallel in ["1", "32"] {
        let finished = run(&[&arguments[..], &["--parallel", parallel]].concat(), 0);
        for target in ["a", "b", "c"] {
            assert_eq!(fs::read(path(&format!("{target}/to/a.txt"))).unwrap(), b"a");
            let summary = format!("{} to: ", spec(target));
            assert!(finished.out.contains(&summary), "{}", finished.out);
            fs::remove_dir_all(path(target)).unwrap();
        }
    }
    let finished = run(&[&arguments[..], &["--quiet"]].concat(), 0);
    assert_eq!((&*finished.out, &*finished.err), ("", ""));
}

#[test]
fn pulls_and_deletes() {
    let (_place, path) = place();
    fs::create_dir(path("to")).unwrap();
    fs::write(path("to/old"), "").unwrap();
    let arguments = [
        "rsync",
        "pull",
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
        let pulling = Running::start(&["rsync", "pull", "popen", &from, &to, "--json"]);
        eventually("the first file arrives", DEADLINE, || {
            files.iter().any(|file| read(file) == new)
        });
        std::thread::sleep(Duration::from_millis(3 * round));
        drop(pulling);
        let contents: Vec<_> = files.iter().map(read).collect();
        let whole = contents.iter().all(|found| *found == old || *found == new);
        let lengths: Vec<_> = contents.iter().map(Vec::len).collect();
        assert!(whole, "round {round}: {lengths:?}");
    }
    run(&["rsync", "pull", "popen", &from, &to, "--delete"], 0);
    assert_eq!(fs::read_dir(&to).unwrap().count(), files.len());
}

#[test]
fn a_source_inside_the_destination_is_not_deleted() {
    let (place, path) = place();
    let above = place.path().to_str().unwrap();
    let push = [
        "rsync",
        "push",
        &path("from"),
        "--to",
        "popen",
        above,
        "--delete",
    ];
    run(&push, 2).tells("the source is in it");
    let pull = ["rsync", "pull", "popen", &path("from"), above, "--delete"];
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
        let mut arguments = vec!["rsync", "push", &from, "--to", "popen", &to];
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
    let pull = ["rsync", "pull", "popen", &from, &to];
    run(&[&pull[..], &["--links", "keep"]].concat(), 0);
    assert!(fs::symlink_metadata(path("six/out")).unwrap().is_symlink());
    run(&[&pull[..], &["--max-entries", "1"]].concat(), 1).tells("raise --max-entries");
}

/// A push to Python failed; a pull made a file of the directory's name.
#[test]
fn a_file_goes_into_a_destination_that_ends_in_a_slash() {
    let (_place, path) = place();
    let (file, pushed, pulled) = (path("from/a.txt"), path("pushed/"), path("pulled/"));
    run(&["rsync", "push", &file, "--to", "popen", &pushed], 0);
    run(&["rsync", "pull", "popen", &file, &pulled], 0);
    for directory in ["pushed", "pulled"] {
        assert_eq!(fs::read(path(directory) + "/a.txt").unwrap(), b"a");
    }
}
