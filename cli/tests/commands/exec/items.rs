//! The items that `exec` prints and sends, and what it does when nobody takes its output.

use execnet_test_support::until;

use crate::support::{DEADLINE, Running, run, wait_until_gone};

#[test]
fn prints_each_item_as_a_literal() {
    let code = "for item in (1, 'a', None, [1.5, (b'x',)], {'k': {1}}): channel.send(item)";
    let expected = "1\n'a'\nNone\n[1.5, (b'x',)]\n{'k': {1}}\n";
    assert_eq!(run(&["exec", "popen", code], 0).out, expected);
}

#[test]
fn prints_json() {
    let code = "channel.send({'k': [1, None]}); channel.send('x\\ny')";
    assert_eq!(
        run(&["exec", "popen", code, "--json"], 0).out,
        "{\"k\":[1,null]}\n\"x\\ny\"\n"
    );
}

#[test]
fn sends_values_in_order() {
    let code = "channel.send([channel.receive() for _ in range(3)])";
    let sent = ["--send", "-1", "--send", "('a', b'b')", "--send", "None"];
    let arguments = [&["exec", "popen", code][..], &sent].concat();
    assert_eq!(run(&arguments, 0).out, "[-1, ('a', b'b'), None]\n");
}

/// The loop had no end.
#[test]
fn the_items_end_after_the_last_value() {
    let code = "channel.send([item for item in channel]); channel.send('end')";
    let arguments = ["exec", "popen", code, "--send", "1", "--send", "'a'"];
    assert_eq!(run(&arguments, 0).out, "[1, 'a']\n'end'\n");
}

#[test]
fn a_closed_standard_output_ends_the_run_quietly() {
    let code = "import os\nchannel.send(os.getpid())\nwhile True: channel.send('x' * 1000)";
    let mut running = Running::start(&["exec", "popen", code]);
    let worker = running.first_number();
    drop(running.0.stdout.take());
    let (code, err) = running.finish();
    assert_eq!((code, err.as_str()), (Some(141), ""));
    wait_until_gone(worker);
}

#[test]
fn items_are_printed_as_they_come() {
    let code = "channel.send(1); channel.receive()";
    let mut running = Running::start(&[
        "exec",
        "popen",
        code,
        "--timeout",
        &DEADLINE.as_secs().to_string(),
    ]);
    assert_eq!(running.first_number(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error() {
    let full = || std::fs::File::create("/dev/full").unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("value");
    std::fs::write(&file, run(&["dumps", "[1, 2]"], 0).stdout).unwrap();
    let (file, to) = (file.to_str().unwrap(), place.path().join("to"));
    for arguments in [
        &["exec", "popen", "channel.send(1)"][..],
        &["dumps", "1"],
        &["loads", file],
        &["inspect", file],
        &["rsync", "push", file, "--to", "popen", to.to_str().unwrap()],
    ] {
        let (code, err) = Running::start_with(arguments, full()).finish();
        assert_eq!(code, Some(1), "{arguments:?}: {err}");
        assert!(err.contains("standard output"), "{arguments:?}: {err}");
    }
}

/// All items were kept in memory.
#[test]
fn remote_code_waits_for_a_slow_reader() {
    const ITEMS: u64 = 10_000;
    let place = tempfile::tempdir().unwrap();
    let progress = place.path().join("progress");
    let code = format!(
        "with open({progress:?}, 'wb', 0) as progress:\n    for _ in range({ITEMS}):\n        \
         channel.send(b'x' * 65536)\n        progress.write(b'.')"
    );
    let _running = Running::start(&["exec", "popen", &code]);
    let sent = || progress.metadata().map_or(0, |file| file.len());
    let (mut last, mut still) = (0, 0);
    // The code blocks, or everything was read without bound.
    let sent = until("the code blocks", DEADLINE, || {
        let now = sent();
        still = if now == last { still + 1 } else { 0 };
        last = now;
        (now > 0 && still == 100 || now == ITEMS).then_some(now)
    });
    assert!(
        sent < ITEMS / 10,
        "{sent} of {ITEMS} items of 64 KiB were taken"
    );
}

#[test]
fn prints_a_walk_of_many_directories() {
    let code =
        "import os; [channel.send((r, d, f)) for r, d, f in os.walk(os.path.dirname(os.__file__))]";
    let lines = run(&["exec", "popen", code], 0).out;
    assert!(lines.lines().count() > 10, "{lines}");
    assert!(
        lines
            .lines()
            .all(|line| line.starts_with("('") && line.ends_with("])"))
    );
}
