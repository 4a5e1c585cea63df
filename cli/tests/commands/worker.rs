//! `execnet worker`, started by the other commands.

use std::fs;

use crate::support::{run, run_with};

fn spec() -> String {
    format!("popen//worker='{}' worker", env!("CARGO_BIN_EXE_execnet"))
}

#[test]
fn receives_a_tree() {
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("file"), "text").unwrap();
    let target = place.path().join("target");
    let paths = [&source, &target].map(|path| path.to_str().unwrap());
    run(&["rsync", "push", paths[0], "--to", &spec(), paths[1]], 0);
    assert_eq!(fs::read(target.join("file")).unwrap(), b"text");
}

#[test]
fn refuses_to_run_code() {
    run(&["exec", &spec(), "print(1)"], 1).tells("this worker is a Rust program");
}

#[test]
fn needs_a_controller() {
    run_with(&["worker"], b"hello\n", 2).tells("to be started by one");
    run_with(&["worker", "-u", "-c", "import sys"], b"hello\n", 2).tells("to be started by one");
}
