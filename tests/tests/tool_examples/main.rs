//! The examples of simple tools, and the same tools in Python with execnet and with mitogen.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod lines;
mod small_examples;
mod tailer;

use alloc::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use execnet_test_support::{LONG, environment, root, within};

/// The variants of a tool: the example, and if their packages can be installed, those in Python.
fn variants(example: &str, tool: &str) -> Vec<Variant> {
    let mut variants = vec![Variant {
        spec: "popen",
        command: vec![example.into()],
    }];
    match environment(&["peers"]) {
        Ok(python) => {
            for (package, spec) in [("execnet", "popen"), ("mitogen", "local")] {
                let script = root().join(format!("tests/tools/{package}/{tool}.py"));
                let command = vec![python.clone(), script];
                variants.push(Variant { spec, command });
            }
        }
        Err(reason) => println!("skipped: tools in Python, with execnet and mitogen: {reason}"),
    }
    variants
}

struct Variant {
    /// How it is asked for a worker on this machine.
    spec: &'static str,
    command: Vec<PathBuf>,
}

impl Variant {
    fn start(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = self.start(args);
        let name = format!("{command:?}");
        within(&name, LONG, move || command.output().unwrap())
    }

    /// The lines that it prints.
    fn lines(&self, args: &[&str]) -> Vec<String> {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?}: {error}", self.command);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// Number of lines in the body of `main`.
fn body(example: &str) -> usize {
    let path = root().join("std-transport/examples").join(example);
    let text = std::fs::read_to_string(path).unwrap();
    let body = text.split("fn main()").nth(1).unwrap();
    let lines = body.lines().skip(1);
    lines.take_while(|line| *line != "}").count()
}

#[test]
fn the_inventory_lists_each_host() {
    for variant in variants(env!("CARGO_BIN_EXE_inventory"), "inventory") {
        let lines = variant.lines(&[variant.spec; 3]);
        let begin = format!("{}: ", variant.spec);
        let complete = |line: &String| line.starts_with(&begin) && line.contains(" runs ");
        assert!(lines.len() == 3 && lines.iter().all(complete), "{lines:?}");
    }
    assert!(body("inventory.rs") <= 15, "{}", body("inventory.rs"));
}

#[test]
fn the_farm_prints_each_result_once() {
    for variant in variants(env!("CARGO_BIN_EXE_farm"), "farm") {
        let lines = variant.lines(&["3"]);
        let distinct: BTreeSet<_> = lines.iter().collect();
        assert_eq!((lines.len(), distinct.len()), (20, 20), "{lines:?}");
        assert!(distinct.contains(&"100! has 158 digits".to_owned()));
    }
    assert!(body("farm.rs") <= 15, "{}", body("farm.rs"));
}

#[test]
fn the_file_server_prints_files_and_reports_those_that_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name| folder.path().join(name).to_str().unwrap().to_owned();
    let (large, missing, small) = (file("large"), file("missing"), file("small"));
    std::fs::write(&large, vec![0xff; 200_000]).unwrap();
    std::fs::write(&small, "the end").unwrap();
    for variant in variants(env!("CARGO_BIN_EXE_file_server"), "file_server") {
        let output = variant.run(&[variant.spec, &large, &missing, &small]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            error.contains("No such file") && error.contains("missing"),
            "{error}"
        );
        let expected = [&[0xff; 200_000][..], b"the end"].concat();
        assert!(output.stdout == expected, "{:?}: {error}", variant.command);
    }
}

#[test]
fn the_callers_in_python_print_what_the_caller_of_the_worker_in_rust_prints() {
    let expected = [
        "fib(90) = 2880067194370816120",
        "1.5 squared is 2.25",
        "2 squared is 4",
    ];
    for variant in &variants("", "worker")[1..] {
        let lines = variant.lines(&[]);
        assert_eq!(lines[..3], expected, "{:?}", variant.command);
    }
}
