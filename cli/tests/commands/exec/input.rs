//! The arguments of the code, and the lines of standard input as items.

use std::fs;
use std::io::Write as _;

use crate::support::{Running, run, run_with};

const ARGV: &str = "import sys; channel.send(sys.argv)";

#[test]
fn arguments_are_in_sys_argv() {
    let finished = run(&["exec", "popen", ARGV, "one", "--json", "two"], 0);
    assert_eq!(finished.out, "[\"-c\",\"one\",\"two\"]\n");
    let arguments = ["exec", "popen", ARGV, "--", "-v", "\u{f6}"];
    assert_eq!(run(&arguments, 0).out, "['-c', '-v', '\u{f6}']\n");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("code.py");
    fs::write(&file, ARGV).unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["exec", "popen", "--file", file, "popen"];
    assert_eq!(run(&arguments, 0).out, format!("['{file}', 'popen']\n"));
    let arguments = ["exec", "--on", "popen", "--file", file];
    assert_eq!(run(&arguments, 0).out, format!("['{file}']\n"));
}

/// The worker runs one call at a time, in its main thread.
#[test]
fn arguments_reach_code_in_the_main_thread() {
    let spec = "popen//execmodel=main_thread_only";
    let code = "import sys, threading\nmain = threading.current_thread() is threading.main_thread()\n\
                channel.send((main, sys.argv[1:]))";
    assert_eq!(run(&["exec", spec, code, "a"], 0).out, "(True, ['a'])\n");
}

const ECHO: &str = "for item in channel: channel.send([item])";

#[test]
fn lines_of_standard_input_are_items() {
    let with =
        |option: &str, input: &[u8]| run_with(&["exec", "popen", ECHO, option], input, 0).out;
    assert_eq!(
        with("--stdin", b"a 1\r\n\n\xc3\xb6"),
        "['a 1']\n['']\n['\u{f6}']\n"
    );
    assert_eq!(
        with("--stdin=literal", b"(1, b'x')\n None\n"),
        "[(1, b'x')]\n[None]\n"
    );
    assert_eq!(
        with("--stdin=json", b"{\"k\": [1, null]}"),
        "[{'k': [1, None]}]\n"
    );
    assert_eq!(with("--stdin", b""), "");
}

#[test]
fn values_come_before_the_lines() {
    let arguments = ["exec", "popen", ECHO, "--send", "0", "--stdin=literal"];
    assert_eq!(run_with(&arguments, b"1\n2\n", 0).out, "[0]\n[1]\n[2]\n");
}

#[test]
fn a_line_that_is_no_value_is_an_error_with_its_number() {
    for (option, input) in [
        ("--stdin=literal", &b"1\n[2\n3\n"[..]),
        ("--stdin=json", b"1\n{\n3\n"),
        ("--stdin", b"1\n\xff\n3\n"),
    ] {
        let finished = run_with(&["exec", "popen", ECHO, option], input, 1);
        assert!(!finished.out.contains('3'), "{}", finished.out);
        finished.tells("standard input, line 2");
    }
}

/// The channel was closed: the answers to the lines before it were lost.
#[test]
fn the_answers_to_the_lines_before_a_malformed_one_are_printed() {
    let arguments = ["exec", "popen", ECHO, "--stdin=json"];
    let finished = run_with(&arguments, b"1\n2\n3\n4\n{bad\n5\n", 1);
    assert_eq!(finished.out, "[1]\n[2]\n[3]\n[4]\n");
    assert_eq!(
        finished.err,
        "execnet: standard input, line 5, column 2: key must be a string\n"
    );
    let code = "list(channel); 1/0";
    let finished = run_with(&["exec", "popen", code, "--stdin=json"], b"1\n{bad\n", 1);
    let finished = finished.tells("ZeroDivisionError");
    finished.tells("standard input, line 2, column 2: ");
}

#[test]
fn each_line_is_sent_when_it_arrives() {
    let mut running = Running::start_with_input(&["exec", "popen", ECHO, "--stdin"]);
    let mut input = running.0.stdin.take().unwrap();
    let mut lines = running.lines();
    for number in 0..3 {
        writeln!(input, "{number}").unwrap();
        assert_eq!(lines.next().unwrap(), format!("['{number}']"));
    }
    drop(input);
    assert_eq!(lines.next(), None);
    assert_eq!(running.finish().0, Some(0));
}

/// Standard input has no end here.
#[test]
fn code_that_ends_does_not_wait_for_standard_input() {
    let code = "channel.send(channel.receive())";
    let mut running = Running::start_with_input(&["exec", "popen", code, "--stdin"]);
    let mut input = running.0.stdin.take().unwrap();
    writeln!(input, "one").unwrap();
    assert_eq!(running.first_line(), "'one'");
    assert_eq!(running.status(), Some(0));
    drop(input);
}

#[test]
fn each_target_gets_all_lines() {
    for parallel in ["1", "3"] {
        let code = "channel.send(sum(map(int, channel)))";
        let targets = [
            "--on",
            "popen",
            "--on",
            "popen",
            "--on",
            "popen",
            "--parallel",
            parallel,
        ];
        let arguments = [&["exec", code, "--stdin"][..], &targets].concat();
        let input: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let finished = run_with(&arguments, input.as_bytes(), 0);
        let mut lines: Vec<_> = finished.out.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["[gw0] 499500", "[gw1] 499500", "[gw2] 499500"]);
    }
}

#[test]
fn standard_input_cannot_be_two_things() {
    for (arguments, expected) in [
        (
            &["popen", "-", "--stdin"][..],
            "the code and the items of --stdin",
        ),
        (
            &["popen", "--file", "-", "--stdin"],
            "the code and the items of --stdin",
        ),
        (&["--hosts", "-", "-"], "the specs of --hosts and the code"),
        (
            &["--hosts", "-", "1", "--stdin"],
            "the specs of --hosts and the items of --stdin",
        ),
    ] {
        let finished = run_with(&[&["exec"], arguments].concat(), b"popen\n", 2);
        finished.tells(&format!("standard input cannot be {expected}"));
    }
}
