//! `execnet trace`: recording a command, and the page about trace files.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Signal, kill_process};
use serde_json::Value as Json;

use crate::support::{DEADLINE, Finished, Running, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_execnet");

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Writes trace files, and returns the data of the page about them with the whole page.
fn shown(files: &[(&str, &[u8])], options: &[&str]) -> (Json, String) {
    let place = tempfile::tempdir().unwrap();
    let paths: Vec<_> = files
        .iter()
        .map(|(name, content)| {
            let path = place.path().join(name);
            fs::write(&path, content).unwrap();
            path
        })
        .collect();
    let paths: Vec<_> = paths.iter().map(|path| text(path)).collect();
    show(&paths, options)
}

fn show(paths: &[&str], options: &[&str]) -> (Json, String) {
    let page = run(&[&["trace", "show", "-o", "-"], options, paths].concat(), 0).out;
    let data = page.split_once("id=\"data\">").unwrap().1;
    let data = data.split_once("</script>").unwrap().0;
    (serde_json::from_str(data).unwrap(), page)
}

/// A frame of a page: to the worker or not, whether both ends have it, code, channel, length, payload.
type Frame<'a> = (bool, bool, &'a str, i64, u64, Option<&'a str>);

fn frames(data: &Json) -> Vec<Frame<'_>> {
    let rows = data["rows"].as_array().unwrap().iter();
    rows.filter(|row| row.as_array().unwrap().len() > 3)
        .map(|row| {
            let code = usize::try_from(row[5].as_u64().unwrap()).unwrap();
            (
                row[1].as_bool().unwrap(),
                row[4].as_bool().unwrap(),
                data["codes"][code].as_str().unwrap(),
                row[6].as_i64().unwrap(),
                row[7].as_u64().unwrap(),
                row[8].as_str(),
            )
        })
        .collect()
}

fn record(arguments: &[&str], status: i32) -> (tempfile::TempDir, PathBuf, String) {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("trace");
    let arguments = [
        &["trace", "record", "-o", text(&directory), "--"],
        arguments,
    ]
    .concat();
    let err = run(&arguments, status).err;
    (place, directory, err)
}

#[test]
fn a_recorded_command_is_shown_with_both_ends_of_its_gateway() {
    let code = "channel.send([channel.receive(), '<b>'])";
    let exec = [PROGRAM, "exec", "popen//id=box", code, "--send", "{'a': 1}"];
    let (_place, directory, err) = record(&exec, 0);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2, "{err}");
    for file in fs::read_dir(&directory).unwrap() {
        assert!(err.contains(text(&file.unwrap().path())), "{err}");
    }
    let (data, _) = show(&[text(&directory)], &[]);
    assert_eq!(data["lanes"].as_array().unwrap().len(), 2, "{data}");
    assert_eq!(data["links"][0][0], "box");
    assert_eq!(data["damage"], Json::Null, "{data}");
    let frames = frames(&data);
    let of_channel: Vec<_> = frames.iter().filter(|frame| frame.3 == 1).collect();
    let payloads: Vec<_> = of_channel
        .iter()
        .map(|frame| (frame.0, frame.2, frame.5))
        .collect();
    assert!(
        payloads.contains(&(true, "CHANNEL_EXEC", Some(code))),
        "{frames:?}"
    );
    assert!(
        payloads.contains(&(true, "CHANNEL_DATA", Some("{'a': 1}"))),
        "{frames:?}"
    );
    assert!(
        payloads.contains(&(false, "CHANNEL_DATA", Some("[{'a': 1}, '<b>']"))),
        "{frames:?}"
    );
    assert!(frames.iter().all(|frame| frame.1), "not joined: {frames:?}");
}

#[test]
fn a_worker_in_rust_is_traced_too() {
    let worker = format!("popen//python={PROGRAM} worker//id=box");
    let exec = [PROGRAM, "exec", &worker, "", "--timeout", "60"];
    // It runs no Python.
    let (_place, directory, _) = record(&exec, 1);
    let (data, _) = show(&[text(&directory)], &[]);
    assert_eq!(data["links"][0][3], true, "{data}");
    assert_eq!(data["lanes"][1][0], "box-worker", "{data}");
}

#[test]
fn the_status_of_a_recorded_command_is_passed_on() {
    let (_place, _, err) = record(&["sh", "-c", "exit 7"], 7);
    assert!(err.contains("the command made no gateway"), "{err}");
    record(&["sh", "-c", "kill -KILL $$"], 137);
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("trace");
    let without_dashes = [
        "trace",
        "record",
        "-o",
        text(&directory),
        "sh",
        "-c",
        "exit 8",
    ];
    run(&without_dashes, 8);
    let (_place, _, err) = record(&["/nonexistent/program"], 2);
    assert!(err.contains("cannot run"), "{err}");
}

#[test]
fn traces_of_two_runs_are_not_mixed() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("execnet-debug-1"), "").unwrap();
    let arguments = ["trace", "record", "-o", text(place.path()), "--", "true"];
    run(&arguments, 2).tells("not empty");
}

/// SIGINT and SIGQUIT of its own process id had no effect.
#[test]
fn a_signal_ends_the_recorded_command_and_its_trace_stays() {
    for signal in [Signal::INT, Signal::QUIT, Signal::TERM] {
        let place = tempfile::tempdir().unwrap();
        let code = "import time; channel.send(1); time.sleep(1000)";
        let directory = text(place.path());
        let exec = [PROGRAM, "exec", "popen", code];
        let mut running =
            Running::start(&[&["trace", "record", "-o", directory, "--"], &exec[..]].concat());
        running.first_number();
        kill_process(running.pid(), signal).unwrap();
        let (status, err) = running.finish();
        assert_eq!(status, Some(128 + signal.as_raw()), "{err}");
        assert!(err.contains("execnet-debug-"), "{err}");
    }
}

/// Counts its interrupts until SIGTERM, which is passed on after them.
const COUNTER: &str = "\
import signal, sys
interrupts = []
def terminate(*_):
    print(len(interrupts), 'interrupts', flush=True)
    sys.exit(0)
def interrupt(*_):
    interrupts.append(1)
    print('interrupted', flush=True)
signal.signal(signal.SIGINT, interrupt)
signal.signal(signal.SIGTERM, terminate)
print('ready', flush=True)
while True: signal.pause()
";

/// Runs the arguments in a terminal, types Ctrl-C, and then sends SIGTERM.
const TYPIST: &str = "\
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
def read_until(text):
    seen = b''
    while text not in seen: seen += os.read(terminal, 1000)
    return seen
read_until(b'ready')
os.write(terminal, b'\\x03')
read_until(b'interrupted')
os.kill(pid, signal.SIGTERM)
sys.stdout.buffer.write(read_until(b'interrupts'))
";

#[test]
fn an_interrupt_of_the_terminal_reaches_the_recorded_command_once() {
    let place = tempfile::tempdir().unwrap();
    let record = [PROGRAM, "trace", "record", "-o", text(place.path()), "--"];
    let words = [&["-c", TYPIST][..], &record, &["python3", "-c", COUNTER]].concat();
    let mut command = assert_cmd::Command::new("python3");
    let run = command.timeout(DEADLINE).args(words).assert().code(0);
    let shown = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    assert!(shown.contains("1 interrupts"), "{shown:?}");
}

const STOCK: &[u8] = b"\
gw0 sent <Message CHANNEL_EXEC channel=1 lendata=47>
gw0 [receiver-thread] RECEIVERTHREAD: starting to run
gw0 [receiver-thread] received <Message CHANNEL_DATA channel=1 lendata=50>
gw0 [receiver-thread] received <Message CHANNEL_CLOSE channel=1 lendata=0>
=== atexit cleanup <Group []> ===
";
const STOCK_WORKER: &[u8] = b"\
creating workergateway on <execnet.gateway_base.Popen2IO object at 0x7f2b8b1959d0>
gw0-worker [receiver-thread] received <Message CHANNEL_EXEC channel=1 lendata=47>
gw0-worker execution starts[1]: 'channel.send(1)'
gw0-worker sent <Message CHANNEL_DATA channel=1 lendata=50>
gw0-worker sent <Message CHANNEL_CLOSE channel=1 lendata=0>
";

#[test]
fn files_of_stock_execnet_are_shown_in_their_order() {
    let expected = [
        (true, true, "CHANNEL_EXEC", 1, 47, None),
        (false, true, "CHANNEL_DATA", 1, 50, None),
        (false, true, "CHANNEL_CLOSE", 1, 0, None),
    ];
    for names in [
        ["execnet-debug-7", "execnet-debug-8"],
        ["execnet-debug-8", "execnet-debug-7"],
    ] {
        let (data, _) = shown(&[(names[0], STOCK), (names[1], STOCK_WORKER)], &[]);
        assert_eq!(frames(&data), expected, "{data}");
        // An event of the worker stays between its frames.
        let rows = data["rows"].as_array().unwrap();
        let is = |text: &str| {
            rows.iter()
                .position(|row| row.to_string().contains(text))
                .unwrap()
        };
        let item = rows.iter().position(|row| row[7] == 50).unwrap();
        assert!(is("execution starts") < item, "{data}");
    }
}

#[test]
fn lines_of_several_processes_on_standard_error_are_told_apart() {
    let lines = |pid: u32, text: &[u8]| {
        let text = String::from_utf8(text.to_vec()).unwrap();
        let lines = text.lines().map(|line| format!("[{pid}] {line}\n"));
        lines.collect::<String>()
    };
    let text = format!(
        "{}other output\n{}",
        lines(7, STOCK),
        lines(8, STOCK_WORKER)
    );
    let (data, page) = shown(&[("err.txt", text.as_bytes())], &[]);
    assert_eq!(data["lanes"].as_array().unwrap().len(), 2, "{data}");
    assert!(frames(&data).iter().all(|frame| frame.1), "{data}");
    assert!(
        page.contains("left out 1 line that is damaged or not of a trace: err.txt:6"),
        "{data}"
    );
}

#[test]
fn damaged_lines_are_counted_and_named() {
    let damaged = [
        STOCK,
        b"gw0 sent <Message CHANNEL_DATA channel=x lendata=1>\n\xff\xfe\n\0\0\ngw0 sent <Mess",
    ]
    .concat();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a.txt");
    fs::write(&file, &damaged).unwrap();
    let page = place.path().join("page.html");
    let told = run(&["trace", "show", text(&file), "-o", text(&page)], 0);
    let told = told
        .tells("left out 3 lines that are damaged or not of a trace: a.txt:6, a.txt:7, a.txt:8");
    assert!(told.out.is_empty());
    assert!(fs::read_to_string(page).unwrap().contains("a.txt:7"));
}

#[test]
fn files_without_a_trace_are_an_error() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("noise");
    let noise: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    fs::write(&file, noise).unwrap();
    run(&["trace", "show", text(&file), "-o", "-"], 1).tells("no line of a trace");
    let missing = place.path().join("missing");
    run(&["trace", "show", text(&missing), "-o", "-"], 2).tells("cannot read");
    run(&["trace", "show", text(place.path()), "-o", "-"], 2).tells("no files execnet-debug-*");
    run(&["trace", "show"], 2).tells("<FILES>");
}

/// What peers send and print is text of the page, and never a part of it.
#[test]
fn a_payload_cannot_add_markup_to_the_page() {
    const ATTACK: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)><!--";
    let item = [
        &b"N"[..],
        &u32::try_from(ATTACK.len()).unwrap().to_be_bytes(),
        ATTACK.as_bytes(),
        b"Q",
    ]
    .concat();
    let digits: String = item.iter().map(|byte| format!("{byte:02x}")).collect();
    let len = item.len();
    let trace = format!(
        "1700000000.000000 {ATTACK} creating gateway on a link\n\
         1700000000.000000 {ATTACK} sent <Message {ATTACK} channel=1 lendata={len}> {digits}\n\
         1700000000.000001 {ATTACK} sent <Message CHANNEL_DATA channel=1 lendata={len}> {digits}\n\
         1700000000.000002 {ATTACK} receives no more: {ATTACK}\n"
    );
    let (data, page) = shown(&[(&"<b>".repeat(3), trace.as_bytes())], &[]);
    let template = include_str!("../../src/commands/trace/page.html");
    assert_eq!(page.matches('<').count(), template.matches('<').count());
    let payloads: Vec<_> = frames(&data).into_iter().map(|frame| frame.5).collect();
    assert!(payloads.contains(&Some(&*format!("'{ATTACK}'"))), "{data}");
}

#[test]
fn the_page_says_what_it_leaves_out() {
    let (data, _) = shown(&[("execnet-debug-1", STOCK)], &["--limit", "2"]);
    assert_eq!(
        (data["rows"].as_array().unwrap().len(), &data["left_out"]),
        (2, &3.into())
    );
}

/// Frames of two threads can be written in another order than their lines.
#[test]
fn ends_are_joined_whose_lines_are_in_another_order() {
    let near = b"gw0 sent <Message CHANNEL_DATA channel=1 lendata=6>\ngw0 sent <Message CHANNEL_DATA channel=3 lendata=7>\n";
    let far = b"gw0-worker received <Message CHANNEL_DATA channel=3 lendata=7>\n\
                gw0-worker received <Message CHANNEL_DATA channel=1 lendata=6>\n";
    let (data, _) = shown(&[("execnet-debug-1", near), ("execnet-debug-2", far)], &[]);
    assert_eq!(
        frames(&data)
            .iter()
            .map(|frame| (frame.1, frame.3))
            .collect::<Vec<_>>(),
        [(true, 1), (true, 3)]
    );
}

/// Of workers with one id, each belongs to the controller that has the same frames.
#[test]
fn ends_of_gateways_with_one_id_are_not_confused() {
    let line = |id: &str, verb: &str, len: u32| {
        format!("{id} {verb} <Message CHANNEL_DATA channel=1 lendata={len}>\n")
    };
    let near = |len| line("gw0", "sent", len).into_bytes();
    let far = |len| line("gw0-worker", "received", len).into_bytes();
    let files = [("a", near(1)), ("b", near(2)), ("c", far(2)), ("d", far(1))];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, &**text)).collect();
    let (data, _) = shown(&files, &[]);
    let lanes = data["lanes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lane| lane[1].as_str().unwrap());
    assert_eq!(lanes.collect::<Vec<_>>(), ["a", "d", "b", "c"]);
}

/// A thread was stopped for a second between sending a frame and writing its line.
#[test]
fn a_line_that_is_written_late_does_not_move_a_clock() {
    let near = b"1700000000.100000 gw0 sent <Message CHANNEL_EXEC channel=1 lendata=6>\n\
                 1700000001.200000 gw0 sent <Message CHANNEL_DATA channel=1 lendata=6>\n\
                 1700000001.300000 gw0 received <Message CHANNEL_DATA channel=1 lendata=7>\n";
    let far = b"1700000000.200000 gw0-worker received <Message CHANNEL_EXEC channel=1 lendata=6>\n\
                1700000000.200000 gw0-worker received <Message CHANNEL_DATA channel=1 lendata=6>\n\
                1700000001.250000 gw0-worker sent <Message CHANNEL_DATA channel=1 lendata=7>\n";
    let files = [("execnet-debug-1", &near[..]), ("execnet-debug-2", far)];
    let (data, _) = shown(&files, &[]);
    let rows = data["rows"].as_array().unwrap().iter();
    let received = rows.map(|row| row[3].as_i64().unwrap() - 1_700_000_000_000_000);
    assert_eq!(received.collect::<Vec<_>>(), [200_000, 200_000, 1_300_000]);
}

/// The clock of the worker is an hour ahead.
#[test]
fn clocks_of_two_machines_are_compared() {
    let near = b"1700000000.000000 gw0 sent <Message CHANNEL_DATA channel=1 lendata=6>\n\
                 1700000000.300000 gw0 received <Message CHANNEL_DATA channel=1 lendata=7>\n";
    let far = b"1700003600.100000 gw0-worker received <Message CHANNEL_DATA channel=1 lendata=6>\n\
                1700003600.200000 gw0-worker sent <Message CHANNEL_DATA channel=1 lendata=7>\n";
    let (data, _) = shown(&[("execnet-debug-1", near), ("execnet-debug-2", far)], &[]);
    let times = data["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[2].as_i64().unwrap() - 1_700_000_000_000_000);
    assert_eq!(times.collect::<Vec<_>>(), [0, 200_000]);
}

#[test]
fn a_page_does_not_overwrite_a_trace() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("execnet-debug-1");
    fs::write(&file, "trace").unwrap();
    let link = place.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for output in [&file, &link] {
        let arguments = ["trace", "show", "-o", text(output), text(&file)];
        run(&arguments, 2).tells("it is one of the trace files");
    }
    run(&["trace", "show", "-o", text(&file), text(place.path())], 2);
    assert_eq!(fs::read(&file).unwrap(), b"trace");
}

/// Runs `trace show` on what a shell command writes, with 64 MiB of memory.
fn show_piped(feed: &str, options: &str) -> Finished {
    let show = format!("exec {PROGRAM:?} trace show /dev/stdin -o - {options}");
    let script = format!("ulimit -v 65536; {feed} | {show}");
    let mut command = assert_cmd::Command::new("sh");
    Finished::new(command.timeout(DEADLINE).args(["-c", &script]).assert())
}

/// Files were read as a whole, and all their lines were kept.
#[test]
fn a_file_may_be_larger_than_the_memory() {
    let text = "gw0 sent <Message CHANNEL_DATA channel=1 lendata=512>";
    let frame = format!("{text} {}", "4e".repeat(512));
    let shown = show_piped(&format!("yes '{frame}' | head -n 100000"), "--limit 10");
    let data = shown.out.split_once("id=\"data\">").expect(&shown.err).1;
    let data = data.split_once("</script>").unwrap().0;
    let data: Json = serde_json::from_str(data).unwrap();
    assert_eq!(frames(&data).len(), 10);
    assert_eq!(data["left_out"], 99_990);
    // A line that does not end.
    let noise = show_piped("head -c 100000000 /dev/zero | tr '\\0' x", "");
    noise.tells("no line of a trace");
}
