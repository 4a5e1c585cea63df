//! `execnet run`.

use std::io::{BufRead as _, BufReader, Write as _};

use rustix::process::Signal;

use crate::support::{Running, in_terminal, run, run_with, wait_until_gone};

#[test]
fn output_and_status_of_the_program_are_passed_on() {
    let script = "echo out; echo err >&2; exit 7";
    let arguments = ["run", "popen", "--", "sh", "-c", script];
    let finished = run(&arguments, 7);
    assert_eq!(finished.out, "out\n");
    assert_eq!(
        finished.err,
        "err\nexecnet: the program exited with status 7\n"
    );
    let finished = run(&[&["-q"], &arguments[..]].concat(), 7);
    assert_eq!(finished.err, "err\n");
    assert_eq!(run(&["run", "popen", "--", "true"], 0).err, "");
}

#[test]
fn a_signal_is_reported_and_is_the_status() {
    let arguments = ["run", "popen", "--", "sh", "-c", "kill -TERM $$"];
    run(&arguments, 143).tells("execnet: the program was killed by SIGTERM\n");
}

#[test]
fn a_program_that_cannot_be_started_has_the_status_of_shells() {
    run(&["run", "popen", "--", "/no/such/program"], 127).tells("/no/such/program: No such file");
    run(&["run", "popen", "--", "/etc/passwd"], 126).tells("Permission denied");
}

#[test]
fn standard_input_and_output_pass_any_bytes() {
    let input: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let finished = run_with(&["run", "popen", "--", "cat"], &input, 0);
    assert!(finished.stdout == input, "{} bytes", finished.stdout.len());
    assert_eq!(
        run_with(&["run", "-n", "popen", "--", "cat"], b"unread", 0).out,
        ""
    );
}

#[test]
fn input_and_output_pass_while_the_program_runs() {
    let script = "printf 'name? '; read name; echo \"hello $name\"; exec cat";
    let mut running = Running::start_with_input(&["run", "popen", "--", "sh", "-c", script]);
    let mut input = running.0.stdin.take().unwrap();
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let mut prompt = Vec::new();
    output.read_until(b' ', &mut prompt).unwrap();
    assert_eq!(prompt, b"name? ");
    input.write_all(b"you\n").unwrap();
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "hello you\n");
    drop(input);
    assert_eq!(running.finish(), (Some(0), String::new()));
}

/// Standard input has no end here.
#[test]
fn a_program_that_ends_does_not_wait_for_standard_input() {
    let mut running = Running::start_with_input(&["run", "popen", "--", "echo", "done"]);
    assert_eq!(running.first_line(), "done");
    assert_eq!(running.status(), Some(0));
}

#[test]
fn an_interrupt_kills_the_programs() {
    let script = "echo $$; trap '' INT TERM; while :; do sleep 1000; done";
    for targets in [&["popen"][..], &["popen", "popen"]] {
        let arguments = [&["run"], targets, &["--", "sh", "-c", script]].concat();
        let mut running = Running::start(&arguments);
        let lines = running.lines().take(targets.len());
        let pid = |line: String| line.rsplit(' ').next().unwrap().parse::<i32>().unwrap();
        let programs: Vec<_> = lines.map(pid).collect();
        rustix::process::kill_process(running.pid(), Signal::INT).unwrap();
        let (status, err) = running.finish();
        assert_eq!(status, Some(130), "{err}");
        programs.into_iter().for_each(wait_until_gone);
    }
}

#[test]
fn the_timeout_kills_the_program() {
    let script = "echo $$; exec sleep 1000";
    let mut running =
        Running::start(&["run", "popen", "--timeout", "5s", "--", "sh", "-c", script]);
    let line = running.first_line();
    let (status, err) = running.finish();
    assert_eq!(status, Some(124), "{err}");
    assert!(err.contains("timed out after 5s"), "{err}");
    // On a busy machine the worker may not have started it in time.
    if !line.is_empty() {
        wait_until_gone(line.parse().unwrap());
    }
}

/// As JSON, what the program writes to standard error is on standard output too.
#[test]
fn a_closed_standard_output_ends_the_program_quietly() {
    let script = |stream| {
        format!(
            "trap '' PIPE; echo $$ >&{stream}; while :; do echo x >&{stream} 2>/dev/null || sleep 1000; done"
        )
    };
    for (stream, more) in [(1, &[][..]), (1, &["--json"]), (2, &["--json"])] {
        let script = script(stream);
        let arguments = [&["run", "popen"], more, &["--", "sh", "-c", &script]].concat();
        let mut running = Running::start(&arguments);
        let line = running.first_line();
        let mut numbers = line.rsplit(|c: char| !c.is_ascii_digit());
        let program = numbers.find(|number| !number.is_empty()).unwrap();
        let program = program.parse().unwrap();
        drop(running.0.stdout.take());
        assert_eq!(running.finish(), (Some(141), String::new()));
        wait_until_gone(program);
    }
}

#[test]
fn lines_of_several_targets_have_their_ids() {
    let script = "cat; echo err >&2; printf end; exit $CODE";
    let targets = [
        "--on",
        "popen//env:CODE=0",
        "--on",
        "popen//env:CODE=3//id=web",
    ];
    let arguments = [&["run"], &targets[..], &["--", "sh", "-c", script]].concat();
    let finished = run_with(&arguments, b"in\n", 3);
    let mut lines: Vec<_> = finished.out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["[gw0] end", "[gw0] in", "[web] end", "[web] in"]);
    let finished = finished.tells("[gw0] err\n").tells("[web] err\n");
    let finished = finished.tells("execnet: 1 of 2 targets succeeded\n");
    finished.tells("execnet: web (popen//env:CODE=3//id=web): the program exited with status 3\n");
}

#[test]
fn json_has_lines_and_the_end() {
    let script = "echo \"a $1\"; kill -KILL $$";
    let arguments = [
        "run", "popen", "--json", "--", "sh", "-c", script, "sh", "\u{f6}",
    ];
    let finished = run(&arguments, 137);
    let expected =
        "{\"id\":\"gw0\",\"stdout\":\"a \u{f6}\"}\n{\"id\":\"gw0\",\"status\":137,\"signal\":9}\n";
    assert_eq!(finished.out, expected);
    let arguments = [
        "run",
        "popen",
        "--json",
        "--",
        "sh",
        "-c",
        "printf '\\377' >&2",
    ];
    let expected = "{\"id\":\"gw0\",\"stderr\":\"\u{fffd}\"}\n{\"id\":\"gw0\",\"status\":0}\n";
    assert_eq!(run(&arguments, 0).out, expected);
}

#[test]
fn control_characters_are_escaped_on_a_terminal_only() {
    let arguments = ["run", "popen", "--", "printf", "\\033[2J\\303\\266 \\303"];
    assert_eq!(run(&arguments, 0).stdout, b"\x1b[2J\xc3\xb6 \xc3");
    let shown = in_terminal(&arguments, None).out;
    assert_eq!(shown, "\\u{1b}[2J\u{f6} \u{fffd}");
}

#[test]
fn usage_errors() {
    run(&["run", "popen"], 2).tells("<COMMAND>");
    run(&["run", "--", "true"], 2).tells("SPEC");
    run(&["run", "popen", "ls", "/"], 2).tells("come after --");
    run(&["run", "popn", "--", "true"], 2).tells("did you mean \"popen\"?");
}

/// A character at a boundary became two U+FFFD.
#[test]
fn a_long_line_is_cut_between_characters_and_its_pieces_are_marked() {
    let script = "printf x; printf \"$TEXT%.0s\" $(seq 100000); printf '\\nnext'";
    let spec = "popen//env:TEXT=\u{f6}";
    let line = format!("x{}", "\u{f6}".repeat(100_000));
    let arguments = ["run", spec, "--json", "--", "sh", "-c", script];
    let out = run(&arguments, 0).out;
    let documents = out.lines().map(serde_json::from_str);
    let mut documents: Vec<serde_json::Value> = documents.map(Result::unwrap).collect();
    assert_eq!(documents.pop().unwrap()["status"], 0);
    assert_eq!(documents.pop().unwrap()["stdout"], "next");
    // Where it is cut depends on how much each read gets, and that it is cut does not.
    let (last, cut) = documents.split_last().unwrap();
    assert_ne!(last["continued"], true);
    assert!(!cut.is_empty() && cut.iter().all(|one| one["continued"] == true));
    let pieces = documents.iter().map(|one| one["stdout"].as_str().unwrap());
    assert!(pieces.collect::<String>() == line);

    let targets = [spec, "popen//env:TEXT=y", "--parallel", "1"];
    let arguments = [&["run"], &targets[..], &["--", "sh", "-c", script]].concat();
    let out = run(&arguments, 0).out;
    let other = format!("x{}", "y".repeat(100_000));
    let expected = format!("[gw0] {line}\n[gw0] next\n[gw1] {other}\n[gw1] next\n");
    assert!(
        out == expected,
        "{} bytes, {} lines",
        out.len(),
        out.lines().count()
    );
}

/// It was taken for its end.
#[test]
fn a_standard_input_that_cannot_be_read_is_an_error() {
    for (more, expected) in [
        (&[][..], ""),
        (
            &["--json"],
            "{\"id\":\"gw0\",\"status\":2,\"error\":\"standard input: Is a directory (os error 21)\"}\n",
        ),
    ] {
        let arguments = [&["run", "popen"], more, &["--", "cat"]].concat();
        let directory = std::fs::File::open("/").unwrap();
        let mut running = Running::start_with_stdin(&arguments, directory);
        let output: String = running.lines().map(|line| line + "\n").collect();
        assert_eq!(output, expected);
        let expected = "execnet: standard input: Is a directory (os error 21)\n";
        assert_eq!(running.finish(), (Some(2), expected.to_owned()));
    }
}

/// Targets without an end were missing in the output.
#[test]
fn json_has_the_end_of_programs_and_workers_that_cannot_be_started() {
    let end = |arguments: &[&str], status| -> serde_json::Value {
        let out = run(&[&["run", "--json"], arguments].concat(), status).out;
        serde_json::from_str(&out).unwrap()
    };
    let program = end(&["popen", "--", "/no/such/program"], 127);
    assert_eq!(
        (&program["id"], &program["status"]),
        (&"gw0".into(), &127.into())
    );
    let error = program["error"].as_str().unwrap();
    assert!(error.contains("/no/such/program: No such file"), "{error}");
    let worker = end(&["popen//python=/no/such/python//id=w", "--", "true"], 3);
    assert_eq!((&worker["id"], &worker["status"]), (&"w".into(), &3.into()));
    let error = worker["error"].as_str().unwrap();
    assert!(error.contains("no interpreter found"), "{error}");
}

#[test]
fn control_characters_of_an_id_are_escaped_in_prefixes() {
    let id = "popen//id=a\u{1b}\nb";
    let script = "echo out; echo err >&2";
    let finished = run(&["run", id, "popen", "--", "sh", "-c", script], 0);
    assert!(
        finished.out.contains("[a\\u{1b}\\nb] out\n"),
        "{}",
        finished.out
    );
    finished.tells("[a\\u{1b}\\nb] err\n");
    let finished = run(&["exec", id, "print(1); raise ValueError"], 1);
    finished.tells("[a\\u{1b}\\nb] 1\n");
}
