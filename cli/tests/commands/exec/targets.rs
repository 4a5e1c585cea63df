//! `exec` on several targets.

use std::fs;

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::support::{Running, in_terminal, run, run_with, wait_until_gone};

const DEAD: &str = "popen//python=/no/such/python";

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn each_line_begins_with_the_id_of_its_target() {
    let code = "print('printed'); channel.send(1); channel.send('two')";
    let targets = ["--on", "popen", "--on", "popen//id=web", "--on", "popen"];
    let finished = run(&[&["exec", code][..], &targets].concat(), 0);
    let expected = [
        "[gw0] 'two'",
        "[gw0] 1",
        "[gw1] 'two'",
        "[gw1] 1",
        "[web] 'two'",
        "[web] 1",
    ];
    assert_eq!(sorted(&finished.out), expected);
    let expected = [
        "[gw0] printed",
        "[gw1] printed",
        "[web] printed",
        "execnet: 3 of 3 targets succeeded",
    ];
    assert_eq!(sorted(&finished.err), expected);
}

#[test]
fn a_single_target_has_no_prefix_and_no_summary() {
    let finished = run(&["exec", "--on", "popen", "channel.send(1)"], 0);
    assert_eq!((&*finished.out, &*finished.err), ("1\n", ""));
}

#[test]
fn a_dead_target_does_not_stop_the_others() {
    let arguments = ["exec", "--on", DEAD, "--on", "popen", "channel.send(1)"];
    let finished = run(&arguments, 3);
    assert_eq!(finished.out, "[gw1] 1\n");
    let finished = finished.tells("execnet: 1 of 2 targets succeeded\n");
    let reason = "no interpreter found; tried /no/such/python; name an interpreter";
    finished.tells(&format!("execnet: gw0 ({DEAD}): {reason}"));
}

#[test]
fn the_highest_status_is_that_of_the_command() {
    let code =
        "import os\nif os.environ['KIND'] == 'bad': raise ValueError('bad one')\nchannel.send(1)";
    let good = ["exec", code, "--on", "popen//env:KIND=good"];
    let bad = ["--on", "popen//env:KIND=bad//id=bad"];
    let finished = run(&[&good[..], &bad].concat(), 1);
    assert_eq!(finished.out, "[gw0] 1\n");
    let finished = finished
        .tells("[bad] Traceback")
        .tells("[bad] ValueError: bad one\n");
    finished.tells("execnet: bad (popen//env:KIND=bad//id=bad): ValueError: bad one\n");
    run(&[&good[..], &bad, &["--on", DEAD]].concat(), 3).tells("1 of 3");
}

#[test]
fn json_lines_have_the_id() {
    let code = "channel.send({'k': 1})";
    let finished = run(&["exec", "--on", "popen//id=web", code, "--json"], 0);
    let expected = "{\"id\":\"web\",\"item\":{\"k\":1}}\n{\"id\":\"web\",\"status\":0}\n";
    assert_eq!(finished.out, expected);
}

/// The last object of each target of a run with `--json`, by its id.
fn ends(lines: impl Iterator<Item = String>) -> Vec<(String, i64, String)> {
    let documents = lines.map(|line| serde_json::from_str::<Json>(&line).unwrap());
    let ends = documents.filter_map(|one| {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        Some((text("id"), one["status"].as_i64()?, text("error")))
    });
    let mut ends: Vec<_> = ends.collect();
    ends.sort();
    ends
}

#[test]
fn json_has_the_end_of_each_target() {
    let code = "import os\nif os.environ.get('BAD'): raise ValueError('bad one')";
    let bad = ["--on", "popen//env:BAD=1//id=bad", "--on", DEAD];
    let arguments = [&["exec", "--json", code, "--on", "popen"], &bad[..]].concat();
    let out = run(&arguments, 3).out;
    let ends = ends(out.lines().map(str::to_owned));
    let short = |end: &(String, i64, String)| format!("{} {} {}", end.0, end.1, end.2);
    let ends: Vec<_> = ends.iter().map(short).collect();
    assert_eq!(ends[..2], ["bad 1 ValueError: bad one", "gw0 0 "]);
    assert!(
        ends[2].starts_with("gw1 3 no interpreter found"),
        "{ends:?}"
    );
}

/// Those that had not started had none.
#[test]
fn json_has_the_end_of_targets_that_an_interrupt_stops() {
    let code = "import time; channel.send(1); time.sleep(1000)";
    let targets = ["popen//id=a", "popen//id=b", "popen//id=c"];
    let exec = [
        "exec", code, "--on", targets[0], "--on", targets[1], "--on", targets[2],
    ];
    let run = [&["run"], &targets[..]].concat();
    let script = ["--", "sh", "-c", "echo 1; exec sleep 1000"];
    for (command, program) in [(&exec[..], &[][..]), (&run, &script)] {
        let options = ["--json", "--parallel", "2"];
        let mut running = Running::start(&[command, &options, program].concat());
        let mut lines = running.lines();
        let started: Vec<_> = lines.by_ref().take(2).collect();
        rustix::process::kill_process(running.pid(), Signal::INT).unwrap();
        let ends = ends(lines);
        let (status, err) = running.finish();
        assert_eq!(status, Some(130), "{started:?}: {err}");
        let ids: Vec<_> = ends.iter().map(|end| &*end.0).collect();
        assert_eq!(ids, ["a", "b", "c"], "{ends:?}");
        assert_eq!((ends[2].1, &*ends[2].2), (3, "not started"));
    }
}

/// It was chance which of them started first. The first one has to stay until the others end.
#[test]
fn targets_start_after_those_that_they_go_through() {
    let targets = ["popen//id=c//via=b", "popen//id=b//via=a", "popen//id=a"];
    let targets = targets.map(|spec| ["--on", spec]).concat();
    for parallel in ["1", "3"] {
        let code = ["exec", "channel.send(1)", "--parallel", parallel];
        let finished = run(&[&code[..], &targets].concat(), 0);
        assert_eq!(sorted(&finished.out), ["[a] 1", "[b] 1", "[c] 1"]);
    }
    let through = ["--on", "popen//id=a//via=b", "--on", "popen//id=b//via=a"];
    run(&[&["exec", "1"], &through[..]].concat(), 2)
        .tells("target popen//id=b//via=a: it goes through itself, or through targets");
}

/// The others cannot start.
#[test]
fn targets_that_go_through_one_that_does_not_start_fail() {
    let targets = ["--on", "popen//via=a", "--on"];
    let dead = format!("{DEAD}//id=a");
    let arguments = [&["exec", "1", "--parallel", "1"], &targets[..], &[&dead]].concat();
    run(&arguments, 3).tells("the group has no gateway \"a\"");
}

#[test]
fn a_file_has_a_spec_on_each_line() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hosts");
    fs::write(&file, "# comment\n\npopen//id=a\n  popen//id=b  \n").unwrap();
    let hosts = file.to_str().unwrap();
    let finished = run(
        &["exec", "--hosts", hosts, "--on", "popen", "channel.send(1)"],
        0,
    );
    assert_eq!(sorted(&finished.out), ["[a] 1", "[b] 1", "[gw0] 1"]);
    for (text, expected) in [
        ("popen\n\npopn\n", "hosts, line 3: unknown key \"popn\""),
        ("# nothing\n", "no spec in the file"),
    ] {
        fs::write(&file, text).unwrap();
        run(&["exec", "--hosts", hosts, "1"], 2).tells(expected);
    }
    fs::remove_file(&file).unwrap();
    run(&["exec", "--hosts", hosts, "1"], 2).tells("No such file");
}

#[test]
fn a_file_of_specs_is_small_text_with_or_without_a_byte_order_mark() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hosts");
    let hosts = file.to_str().unwrap();
    fs::write(&file, "\u{feff}popen//id=a\n").unwrap();
    let arguments = ["exec", "--json", "--hosts", hosts, "channel.send(1)"];
    let expected = "{\"id\":\"a\",\"item\":1}\n{\"id\":\"a\",\"status\":0}\n";
    assert_eq!(run(&arguments, 0).out, expected);
    fs::write(&file, b"popen\n\n#\xff\n").unwrap();
    run(&arguments, 2).tells("hosts, line 3: invalid utf-8");
    fs::write(&file, "#".repeat(1024 * 1024 + 1)).unwrap();
    run(&arguments, 2).tells("larger than the limit of 1048576 bytes");
    run(&["exec", "--hosts", "/dev/zero", "1"], 2).tells("larger than the limit");
    let twice = ["exec", "--hosts", "-", "--hosts", "-", "1"];
    run_with(&twice, b"popen\n", 2).tells("standard input: it can be read once");
}

#[test]
fn an_id_that_is_given_twice_is_reported_with_both_places() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hosts");
    let hosts = file.to_str().unwrap();
    fs::write(&file, "popen\npopen//id=a\n").unwrap();
    let options = ["--hosts", hosts, "--on", "popen//id=a"];
    let expected = format!("id=a: several targets have this id: --on; {hosts}, line 2");
    for command in [
        &["exec", "1"][..],
        &["status"],
        &["rsync", "push", "x", "y"],
    ] {
        run(&[command, &options].concat(), 2).tells(&expected);
    }
    fs::write(&file, "popen//id=a\n\npopen//id=a\n").unwrap();
    let expected = format!("{hosts}, line 1; {hosts}, line 3");
    run(&["exec", "--hosts", hosts, "1"], 2).tells(&expected);
}

/// The worker was started for it, and answered with a traceback.
#[test]
fn an_unknown_execution_model_is_a_usage_error_with_the_known_ones() {
    let expected =
        "execmodel=\"foo\" is unknown; expected one of thread, main_thread_only, gevent, eventlet";
    run(&["exec", "popen//execmodel=foo", "1"], 2).tells(expected);
}

/// Which of them started was chance.
#[test]
fn an_id_of_several_targets_is_a_usage_error() {
    let targets = ["--on", "popen//id=a", "--on", "popen//id=a"];
    let finished = run(&[&["exec", "channel.send(1)"][..], &targets].concat(), 2);
    assert_eq!(finished.out, "");
    finished.tells("id=a: several targets have this id");
}

/// Python took it for an expression: NameError.
#[test]
fn a_spec_in_place_of_the_code_is_a_usage_error() {
    let arguments = ["exec", "popen", "channel.send(1)", "--on", "popen"];
    run(&arguments, 2).tells("it is a spec; beside --on and --hosts, write --on before it");
}

#[test]
fn parallel_limits_the_targets_that_run_at_a_time() {
    let place = tempfile::tempdir().unwrap();
    let lock = place.path().join("lock");
    let code = format!(
        "import os\nos.close(os.open({lock:?}, os.O_CREAT | os.O_EXCL))\nos.remove({lock:?})"
    );
    let arguments = [
        "exec",
        &code,
        "--parallel",
        "1",
        "--on",
        "popen",
        "--on",
        "popen",
        "--on",
        "popen",
    ];
    run(&arguments, 0).tells("3 of 3");
}

#[test]
fn a_closed_standard_output_ends_all_targets_quietly() {
    let code = "import os, time\nchannel.send(os.getpid())\nif os.environ['KIND'] == 'quiet': time.sleep(1000)\n\
                while True: channel.send('x' * 1000)";
    let (quiet, loud) = ("popen//env:KIND=quiet", "popen//env:KIND=loud");
    let mut running = Running::start(&["exec", code, "--on", quiet, "--on", quiet, "--on", loud]);
    let mut lines = running.lines();
    let mut workers = Vec::new();
    while workers.len() < 3 {
        let line = lines.next().unwrap();
        let item = line.split_once(' ').unwrap().1.to_owned();
        workers.extend(item.parse::<i32>());
    }
    drop(lines);
    let (code, err) = running.finish();
    assert_eq!((code, err.as_str()), (Some(141), ""));
    workers.into_iter().for_each(wait_until_gone);
}

#[test]
fn an_interrupt_stops_all_targets_and_starts_no_others() {
    let code = "import os, time; channel.send(os.getpid()); time.sleep(1000)";
    let targets = [
        "--on",
        "popen",
        "--on",
        "popen",
        "--on",
        "popen",
        "--parallel",
        "2",
    ];
    let mut running = Running::start(&[&["exec", code][..], &targets].concat());
    let lines = running.lines().take(2);
    let pid = |line: String| line.split_once(' ').unwrap().1.parse::<i32>().unwrap();
    let workers: Vec<_> = lines.map(pid).collect();
    rustix::process::kill_process(running.pid(), Signal::INT).unwrap();
    let (code, err) = running.finish();
    assert_eq!(code, Some(130), "{err}");
    workers.into_iter().for_each(wait_until_gone);
    assert!(err.contains("execnet: interrupted\n"), "{err}");
    assert!(err.contains("0 of 3 targets succeeded"), "{err}");
    assert!(err.contains("gw0 (popen): stopped before its end"), "{err}");
    assert!(err.contains("gw2 (popen): not started"), "{err}");
}

#[test]
fn a_worker_that_does_not_start_in_time_is_given_up() {
    let hangs = "popen//python=sh -c 'exec sleep 1000'";
    let arguments = ["exec", "--on", hangs, "--start-timeout", "200ms", "1"];
    run(&arguments, 3).tells("no answer within 200ms");
}

#[test]
fn verbose_and_quiet() {
    let arguments = ["exec", "channel.send(1)", "--on", "popen", "--on", "popen"];
    let finished = run(&[&arguments[..], &["-q"]].concat(), 0);
    assert_eq!((finished.out.lines().count(), &*finished.err), (2, ""));
    let finished = run(&[&["-v"], &arguments[..]].concat(), 0);
    finished
        .tells("execnet: gw1 (popen): started after ")
        .tells("gw0 (popen): ended after ");
    // A failure is reported in any case.
    run(&["exec", "-q", "1/0", "--on", "popen", "--on", "popen"], 1)
        .tells("gw0 (popen): ZeroDivisionError");
    run(&["exec", "-q", "-v", "popen", "1"], 2).tells("cannot be used with");
}

#[test]
fn only_a_terminal_has_colours_and_no_color_turns_them_off() {
    let arguments = ["exec", "channel.send(1)", "--on", "popen", "--on", "popen"];
    assert!(!run(&arguments, 0).out.contains('\u{1b}'));
    let coloured = in_terminal(&arguments, None).out;
    assert!(
        coloured.contains("\u{1b}[36m[gw0]\u{1b}[0m 1"),
        "{coloured:?}"
    );
    let plain = in_terminal(&arguments, Some(("NO_COLOR", "1"))).out;
    assert!(
        plain.contains("[gw0] 1") && !plain.contains('\u{1b}'),
        "{plain:?}"
    );
}
