//! What remote code writes to its standard output and standard error, and the escapes of control characters.

use crate::support::{Running, run};

#[test]
fn control_characters_in_a_traceback_are_escaped() {
    let finished = run(&["exec", "popen", "raise ValueError('\\x1b[2J\\rX')"], 1);
    assert!(
        !finished.err.contains(['\u{1b}', '\r']),
        "{:?}",
        finished.err
    );
    finished.tells("ValueError").tells("[2J");
}

/// It was not shown at all.
#[test]
fn output_of_remote_code_goes_to_standard_error() {
    let finished = run(&["exec", "popen", "print('hello'); channel.send(2)"], 0);
    assert_eq!(finished.out, "2\n");
    assert_eq!(finished.err, "[gw0] hello\n");
}

#[test]
fn output_of_remote_code_is_shown_immediately() {
    let mut running = Running::start(&["exec", "popen", "print('hello'); channel.receive()"]);
    assert_eq!(running.error_lines().next().unwrap(), "[gw0] hello");
}

/// With several targets the lines of others may come in between.
#[test]
fn each_piece_of_a_long_line_has_the_id() {
    let code = "print('x' * 200_000); print('end')";
    let targets = ["--on", "popen//id=a", "--on", "popen//id=b"];
    let finished = run(&[&["exec"], &targets[..], &[code, "-q"]].concat(), 0);
    for id in ["[a] ", "[b] "] {
        let lines = finished.err.lines();
        let lines: Vec<_> = lines.filter_map(|line| line.strip_prefix(id)).collect();
        let (end, pieces) = lines.split_last().unwrap();
        assert_eq!(*end, "end");
        assert!(pieces.iter().all(|piece| piece.len() < 2 * 64 * 1024));
        assert!(pieces.concat() == "x".repeat(200_000), "{}", pieces.len());
    }
    let other = |line: &&str| !line.starts_with("[a] ") && !line.starts_with("[b] ");
    assert_eq!(finished.err.lines().find(other), None);
}

/// Control characters and direction marks, in items, output and tracebacks.
#[test]
fn control_characters_of_a_worker_are_escaped_everywhere() {
    let code = "import sys\nbad = chr(27) + '[2J' + chr(0x202e) + chr(0x2066) + chr(13) + 'X'\n\
                print(bad); sys.stderr.write(bad)\nchannel.send({bad: bad})\nraise ValueError(bad)";
    for json in [&[][..], &["--json"]] {
        let arguments = [
            &["exec", "popen//env:PYTHONIOENCODING=utf-8", code][..],
            json,
        ];
        let finished = run(&arguments.concat(), 1);
        for text in [&finished.out, &finished.err] {
            let controls =
                |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2066}".contains(c));
            assert!(!text.contains(controls), "{text:?}");
        }
        // One printed, one written to stderr, one in the traceback.
        assert!(finished.err.matches("[2J").count() >= 3, "{}", finished.err);
        assert_eq!(finished.out.matches("[2J").count(), 2, "{}", finished.out);
    }
}
