//! The command on Windows, or under wine. `EXECNET_WINDOWS_PYTHON` is a CPython for Windows.
#![cfg(windows)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::{env, fs};

use assert_cmd::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_execnet");

struct Ran {
    out: String,
    err: String,
}

/// Runs the program, and checks its exit status.
fn run(arguments: &[&str], input: &[u8], status: i32) -> Ran {
    let mut command = Command::new(PROGRAM);
    let input = input.to_vec();
    command.timeout(Duration::from_secs(60)).write_stdin(input);
    let run = command.args(arguments).assert().code(status);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran {
        out: text(&run.get_output().stdout),
        err: text(&run.get_output().stderr),
    }
}

fn python() -> Option<String> {
    let python = env::var("EXECNET_WINDOWS_PYTHON").ok();
    if python.is_none() {
        println!(
            "skipped: the command with a CPython for Windows: EXECNET_WINDOWS_PYTHON is not set"
        );
    }
    python
}

#[test]
fn data_is_written_without_conversion_of_line_ends() {
    let stored = run(&["dumps", "'\u{f6}\\n'"], b"", 0).out;
    assert_eq!(stored, "\u{2}N\0\0\0\u{3}\u{f6}\nQ");
    assert_eq!(run(&["loads"], stored.as_bytes(), 0).out, "'\u{f6}\\n'\n");
}

#[test]
fn a_worker_in_rust_starts_and_answers() {
    let spec = format!("popen//worker={PROGRAM} worker//id=rust");
    let found = run(&["status", &spec, "--json"], b"", 0).out;
    assert!(found.contains(r#""platform":"win32""#), "{found}");
}

#[test]
fn a_missing_interpreter_has_the_status_of_a_start_that_failed() {
    let failed = run(&["exec", "popen//python=C:/no/python.exe", "1"], b"", 3);
    assert!(
        failed.err.contains("no interpreter found"),
        "{}",
        failed.err
    );
}

#[test]
fn powershell_completes_specs() {
    let script = run(&["completions", "powershell"], b"", 0).out;
    assert!(script.contains("Register-ArgumentCompleter"), "{script}");
    let mut command = Command::new(PROGRAM);
    command.timeout(Duration::from_secs(60));
    command.env("_EXECNET_COMPLETE", "powershell");
    let words = ["--", "execnet", "exec", "popen//pyt"];
    let found = command.args(words).assert().success();
    let found = String::from_utf8_lossy(&found.get_output().stdout).into_owned();
    assert!(found.starts_with("popen//python=\t"), "{found}");
}

/// What it prints had the code page of the system.
#[test]
fn text_is_utf_8_in_items_and_in_what_code_prints() {
    let Some(python) = python() else { return };
    let code = "print('h\u{f6} \u{2713}'); channel.send('h\u{f6}')";
    let ran = run(&["exec", &format!("popen//python={python}"), code], b"", 0);
    assert_eq!(
        (&*ran.out, &*ran.err),
        ("'h\u{f6}'\n", "[gw0] h\u{f6} \u{2713}\n")
    );
}

#[test]
fn files_may_have_carriage_returns_and_a_byte_order_mark() {
    let Some(python) = python() else { return };
    let place = tempfile::tempdir().unwrap();
    let [code, hosts] = ["code.py", "hosts.txt"].map(|name| place.path().join(name));
    fs::write(
        &code,
        "\u{feff}for line in channel:\r\n    channel.send(line)\r\n1/0\r\n",
    )
    .unwrap();
    fs::write(
        &hosts,
        format!("\u{feff}popen//python={python}//id=a\r\n\r\n"),
    )
    .unwrap();
    let options = [
        "--file",
        code.to_str().unwrap(),
        "--hosts",
        hosts.to_str().unwrap(),
    ];
    let ran = run(
        &[&["exec", "--stdin"], &options[..]].concat(),
        b"one\r\n\xc3\xb6\r\n",
        1,
    );
    assert_eq!(ran.out, "'one'\n'\u{f6}'\n");
    assert!(ran.err.contains("code.py\", line 3"), "{}", ran.err);
}
