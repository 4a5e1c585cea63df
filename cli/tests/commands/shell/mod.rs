//! `execnet shell`: a prompt on a terminal, and lines from a pipe.

use std::process::{Command, Stdio};

use crate::support::{DEADLINE, run, run_with};

/// Runs the shell in a terminal. For each pair it waits for the text, then types the answer. Returns the rest of the output,
/// with the exit status in the last line.
fn typed(arguments: &[&str], steps: &[(&str, &str)]) -> String {
    let driver = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/commands/shell/driver.py"
    );
    let output = Command::new("timeout")
        .args([&DEADLINE.as_secs().to_string(), "python3", driver])
        .arg(serde_json::to_string(steps).unwrap())
        .args([env!("CARGO_BIN_EXE_execnet"), "shell"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    String::from_utf8(output.stdout).unwrap()
}

const LEAVE: (&str, &str) = (">>> ", "\x04");

#[test]
fn lines_are_run_as_python_does_and_names_stay() {
    let rest = typed(
        &[],
        &[
            ("Python 3", ""),
            (">>> ", "x = 6\r"),
            (">>> ", "x * 7\r"),
            ("\r\n42\r\n", ""),
            (">>> ", "def double(n):\r"),
            ("... ", "    return n * 2\r"),
            ("... ", "\r"),
            (">>> ", "double(_)\r"),
            ("\r\n84\r\n", ""),
            (">>> ", "None\r"),
            LEAVE,
        ],
    );
    assert!(rest.ends_with("status 0\n"), "{rest:?}");
}

#[test]
fn a_traceback_has_no_frames_of_the_shell() {
    let out = run_with(&["shell"], b"def f():\n    1/0\n\nf()\n)\n", 0);
    let expected = "Traceback (most recent call last):\n  File \"<stdin>\", line 1, in <module>\n  File \"<stdin>\", line 2, in f\n\
                    ZeroDivisionError: division by zero\n";
    assert!(out.err.starts_with(expected), "{}", out.err);
    assert!(out.err.contains("SyntaxError"), "{}", out.err);
    assert_eq!(out.out, "");
}

#[test]
fn ctrl_c_interrupts_the_code_and_the_prompt_stays() {
    let rest = typed(
        &[],
        &[
            (">>> ", "import time; print('begun'); time.sleep(1000)\r"),
            ("\r\nbegun\r\n", "\x03"),
            ("KeyboardInterrupt", ""),
            (">>> ", "'still ' + 'here'\r"),
            ("'still here'", ""),
            (">>> ", "while True: pass\r"),
            ("... ", "\x03"),
            ("KeyboardInterrupt", ""),
            (">>> ", "'half' + '-typed\x03"),
            ("KeyboardInterrupt", ""),
            (">>> ", "3 * 3\r"),
            ("\r\n9\r\n", ""),
            LEAVE,
        ],
    );
    assert!(rest.ends_with("status 0\n"), "{rest:?}");
}

#[test]
fn output_is_shown_while_the_code_runs() {
    let rest = typed(
        &[],
        &[
            (">>> ", "import os; os.system('echo from a child')\r"),
            ("\r\nfrom a child\r\n0\r\n", ""),
            // Each line is answered, so that it must have been shown before.
            (">>> ", "print(len(input('name: ') + input('again: ')))\r"),
            ("name: ", "abc\r"),
            ("again: ", "de\r"),
            ("\r\n5\r\n", ""),
            (">>> ", "input('q' + ': ')\r"),
            // Written by the editor: from here on Ctrl-D is a key, and no affair of the terminal.
            ("\x1b[Kq: ", "\x04"),
            ("EOFError", ""),
            LEAVE,
        ],
    );
    assert!(rest.ends_with("status 0\n"), "{rest:?}");
}

#[test]
fn the_history_and_the_tab_key_help_to_type() {
    let rest = typed(
        &[],
        &[
            (">>> ", "unusual_name = 'first'\r"),
            (">>> ", "unus\t\r"),
            ("\r\n'first'\r\n", ""),
            (">>> ", "\x1b[A\x1b[A\x7f\x7f\x7fthen'\r"),
            (">>> ", "unusual_name\r"),
            ("\r\n'firthen'\r\n", ""),
            (">>> ", "if True:\r"),
            ("... ", "\tunusual_name\r"),
            ("... ", "\r"),
            ("\r\n'firthen'\r\n", ""),
            LEAVE,
        ],
    );
    assert!(rest.ends_with("status 0\n"), "{rest:?}");
}

#[test]
fn pasted_and_early_lines_are_run_one_by_one() {
    let pasted = "def f(n):\r    return n + 1\r\rimport time; time.sleep(0.5)\rf(7) * 10\r'x'\r";
    let rest = typed(
        &[],
        &[(">>> ", pasted), ("\r\n80\r\n", ""), ("'x'\r\n", ""), LEAVE],
    );
    assert!(rest.ends_with("status 0\n"), "{rest:?}");
}

#[test]
fn exit_ends_the_shell_with_its_status() {
    let rest = typed(&["--quiet"], &[("", "exit(7)\r")]);
    assert!(rest.ends_with("status 7\n"), "{rest:?}");
    assert!(!rest.contains("Python"), "it has a banner: {rest:?}");
    for (line, status, err) in [
        ("exit()", 0, ""),
        ("import sys; sys.exit('wrong')", 1, "wrong\n"),
        ("exit(3)", 3, ""),
    ] {
        let out = run_with(
            &["shell", "popen"],
            format!("{line}\nprint(1)\n").as_bytes(),
            status,
        );
        assert_eq!((&*out.out, &*out.err), ("", err), "{line}");
    }
}

#[test]
fn the_end_of_the_worker_is_told() {
    let rest = typed(&[], &[(">>> ", "import os; os._exit(9)\r")]);
    assert!(
        rest.contains("exited with status 9") && rest.ends_with("status 3\n"),
        "{rest:?}"
    );
    let rest = typed(
        &[],
        &[
            (
                ">>> ",
                "import os, threading; threading.Timer(0.1, os._exit, [9]).start()\r",
            ),
            ("the worker is gone", "\r"),
        ],
    );
    assert!(rest.ends_with("status 3\n"), "{rest:?}");
}

/// The terminal stayed as the editor of the line had set it.
#[test]
fn the_terminal_is_as_before_after_a_signal() {
    let kill = "import os, threading; threading.Timer(0.3, os.kill, [os.getppid(), 15]).start()\r";
    let rest = typed(&[], &[(">>> ", kill), (">>> ", "")]);
    assert!(rest.ends_with("\necho\nstatus 143\n"), "{rest:?}");
}

#[test]
fn lines_come_from_a_pipe_without_prompts() {
    let lines = b"import sys\nx = 2\nprint('out', x)\nif x:\n    print('block')\n\nprint('err', file=sys.stderr)\n\
                  x + 1\nfor i in range(2):\n    i";
    let out = run_with(&["shell"], lines, 0);
    assert_eq!(out.out, "out 2\nblock\n3\n0\n1\n");
    assert_eq!(out.err, "err\n");
}

/// The shell waits until a line has run before it reads the next, which code may read instead.
#[test]
fn code_reads_lines_of_the_pipe() {
    let out = run_with(&["shell"], b"x = input()\nsecond line\nx.upper()\n", 0);
    assert_eq!(out.out, "'SECOND LINE'\n");
}

#[test]
fn output_of_a_worker_cannot_control_the_terminal() {
    let rest = typed(
        &[],
        &[
            (">>> ", "print(chr(27) + ']0;title' + chr(7))\r"),
            ("\\u{1b}]0;title\\u{7}", ""),
            LEAVE,
        ],
    );
    assert!(rest.ends_with("status 0\n"), "{rest:?}");
}

#[test]
fn a_wrong_spec_is_a_usage_error() {
    run(&["shell", "popn"], 2).tells("popn");
    run(&["shell", "popen//python=/nonexistent"], 3).tells("/nonexistent");
}
