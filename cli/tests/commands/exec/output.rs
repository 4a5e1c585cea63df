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
