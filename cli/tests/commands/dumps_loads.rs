//! `execnet dumps` and `execnet loads`, run as the real program.

use crate::support::{execnet, run, run_with};

/// `execnet.dumps((1, "a"))` as Python execnet 2.1 writes it.
const TUPLE: &[u8] = b"\x02F\0\0\0\x01N\0\0\0\x01a@\0\0\0\x02Q";

#[test]
fn dumps_writes_what_stock_writes() {
    assert_eq!(run(&["dumps", "(1, 'a')"], 0).stdout, TUPLE);
}

#[test]
fn dumps_reads_a_literal_from_standard_input() {
    assert_eq!(run_with(&["dumps", "-"], b" (1, 'a')\n", 0).stdout, TUPLE);
}

#[test]
fn dumps_accepts_literals_that_start_with_a_hyphen() {
    for literal in ["-1", "-inf", "-1.5e3", "-2147483649", "-1j"] {
        let bytes = run(&["dumps", literal], 0).stdout;
        let printed = run_with(&["loads"], &bytes, 0).out;
        assert_eq!(
            printed.trim_end().trim_matches(['(', ')']),
            literal.replace("1.5e3", "1500.0")
        );
    }
}

#[test]
fn an_invalid_literal_is_a_usage_error() {
    run(&["dumps", "[1, "], 2).tells("literal");
    run(&["dumps", "__import__('os')"], 2);
    run_with(&["dumps", "-"], b"\xff", 2).tells("utf-8");
    run(&["dumps"], 2).tells("LITERAL");
}

#[test]
fn loads_prints_the_literal() {
    assert_eq!(run_with(&["loads"], TUPLE, 0).out, "(1, 'a')\n");
    assert_eq!(run_with(&["loads", "-"], TUPLE, 0).out, "(1, 'a')\n");
}

#[test]
fn loads_reads_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), TUPLE).unwrap();
    assert_eq!(
        run(&["loads", file.path().to_str().unwrap()], 0).out,
        "(1, 'a')\n"
    );
}

#[test]
fn a_missing_file_is_a_usage_error_that_names_it() {
    run(&["loads", "/no/such/file"], 2).tells("/no/such/file");
}

#[test]
fn loads_prints_json() {
    let bytes = run(&["dumps", "{'a': [1, 2.5, None, True], 'b': 'ö\\x1b'}"], 0).stdout;
    let json = run_with(&["loads", "--json"], &bytes, 0).out;
    let expected = serde_json::json!({"a": [1, 2.5, null, true], "b": "ö\u{1b}"});
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&json).unwrap(),
        expected
    );
    assert_eq!(json.lines().count(), 1);
}

#[test]
fn loads_converts_strings_as_the_options_say() {
    let py2 = b"\x02M\0\0\0\x02a\xe9Q";
    assert_eq!(run_with(&["loads"], py2, 0).out, "b'a\\xe9'\n");
    assert_eq!(
        run_with(&["loads", "--py2str-as-py3str"], py2, 0).out,
        "'aé'\n"
    );
    let py3 = b"\x02N\0\0\0\x02\xc3\xa9Q";
    assert_eq!(run_with(&["loads"], py3, 0).out, "'é'\n");
    assert_eq!(
        run_with(&["loads", "--py3str-as-py2str"], py3, 0).out,
        "b'\\xc3\\xa9'\n"
    );
}

/// `execnet.dumps({u'a': 'b\xe9', 'c': 5L})` of execnet 1.9 on Python 2.7.
const PYTHON_2: &[u8] = b"\x01JS\0\0\0\x01aM\0\0\0\x02b\xe9PM\0\0\0\x01cG\0\0\0\x05PQ";

#[test]
fn loads_reads_data_of_execnet_on_python_2() {
    let loads = |switch| run_with(switch, PYTHON_2, 0).out;
    assert_eq!(loads(&["loads"]), "{'a': b'b\\xe9', b'c': 5}\n");
    assert_eq!(
        loads(&["loads", "--py2str-as-py3str"]),
        "{'a': 'bé', 'c': 5}\n"
    );
    assert_eq!(
        loads(&["loads", "--py3str-as-py2str"]),
        "{'a': b'b\\xe9', b'c': 5}\n"
    );
}

#[test]
fn loads_and_inspect_agree_on_every_version_byte() {
    for version in 0..b'@' {
        let bytes = [version, b'L', b'Q'];
        let status = u8::from(![1, 2].contains(&version));
        let loaded = run_with(&["loads"], &bytes, status.into());
        let inspected = run_with(&["inspect"], &bytes, status.into());
        assert_eq!(loaded.err, inspected.err);
        if status == 1 {
            loaded.tells(&format!(
                "byte 0: not an execnet dump: expected version byte 0x02, found {version:#04x}"
            ));
        }
    }
}

#[test]
fn input_that_is_not_a_dump_is_reported_as_such() {
    run_with(&["loads"], b"root:x:0:0", 1).tells("expected version byte 0x02, found 0x72");
    run_with(&["loads"], b"", 1).tells("byte 0: unexpected end of input");
}

#[test]
fn malformed_data_is_an_error_with_its_offset() {
    run_with(&["loads"], b"\x02F\0\0", 1).tells("byte 2");
    run_with(&["loads"], b"\x02@\xff\xff\xff\xffQ", 1).tells("byte 2");
}

/// It was ignored.
#[test]
fn data_after_the_value_is_an_error() {
    let finished = run_with(&["loads"], b"\x02LQ\x02RQ", 1);
    assert_eq!(finished.out, "None\n");
    finished.tells("execnet: byte 3: more data begins here, after the value; `execnet inspect`");
}

#[test]
fn an_error_in_a_file_names_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"\x02F\0\0").unwrap();
    let file = file.path().to_str().unwrap();
    for command in ["loads", "inspect"] {
        run(&[command, file], 1).tells(&format!("execnet: {file}: byte 2: "));
    }
}

#[test]
fn control_characters_in_strings_are_escaped() {
    let bytes = b"\x02N\0\0\0\x06\x1b[2J\xc2\x9bQ";
    assert_eq!(run_with(&["loads"], bytes, 0).out, "'\\x1b[2J\\x9b'\n");
    assert_eq!(
        run_with(&["loads", "--json"], bytes, 0).out,
        "\"\\u001b[2J\\u009b\"\n"
    );
}

/// clap took the value for an option, and proposed to pass it after `--`.
#[test]
fn a_negative_number_is_an_invalid_value() {
    for (option, more) in [
        ("--timeout", &["exec", "popen", "1"][..]),
        ("--grace", &["exec", "popen", "1"]),
        (
            "--max-file-size",
            &["rsync", "push", "a", "--to", "popen", "b"],
        ),
        (
            "--idle-timeout",
            &["rsync", "push", "a", "--to", "popen", "b"],
        ),
        ("--max-entries", &["rsync", "pull", "popen", "a", "b"]),
        ("--max-connections", &["serve", "--unix", "s"]),
        ("--max-unauthenticated", &["serve", "--unix", "s"]),
        ("--handshake-timeout", &["serve", "--unix", "s"]),
    ] {
        let expected = format!("invalid value '-1' for '{option} <");
        run(&[more, &[option, "-1"]].concat(), 2).tells(&expected);
    }
}

#[test]
fn bounds_of_numbers_are_said_in_words() {
    for number in ["0", "-1", "1.5", "many"] {
        let arguments = ["exec", "--parallel", number, "popen", "1"];
        run(&arguments, 2).tells("expected a whole number, at least 1");
    }
    for (time, expected) in [
        ("-1", "the time must not be negative"),
        ("0", "the time must not be zero"),
        ("1e30h", "the time is too long"),
    ] {
        run(&["exec", "--timeout", time, "popen", "1"], 2).tells(expected);
    }
}

#[test]
fn help_and_version_succeed() {
    assert!(run(&["--help"], 0).out.contains("Exit status"));
    assert!(run(&["--version"], 0).out.starts_with("execnet "));
    run(&[], 2);
    run(&["no-such-command"], 2);
    execnet(&["loads", "--no-such-option"]).assert().code(2);
}
