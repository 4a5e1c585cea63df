//! `execnet inspect`, run as the real program.

use crate::support::{run, run_with};

#[test]
fn each_opcode_has_its_offset_and_is_indented_by_depth() {
    let bytes = run(&["dumps", "[(1, 'a'), {'k': set()}]"], 0).stdout;
    let shown = run_with(&["inspect"], &bytes, 0).out;
    assert_eq!(
        shown,
        "       0  VERSION 2
       1  NEWLIST 2
       6    INT 0
      11      INT 1
      16      PY3STRING 'a'
      22    BUILDTUPLE 2
      27  SETITEM
      28    INT 1
      33    NEWDICT
      34      PY3STRING 'k'
      40      SET 0
      45    SETITEM
      46  SETITEM
      47  STOP
"
    );
}

#[test]
fn json_has_an_object_for_each_opcode() {
    let shown = run_with(&["inspect", "--json"], b"\x02K\0\0\0\x01LQ", 1).out;
    let expected = [
        r#"{"offset":0,"depth":0,"opcode":"VERSION","operand":"2"}"#,
        r#"{"offset":1,"depth":0,"opcode":"NEWLIST","operand":"1"}"#,
        r#"{"offset":6,"depth":0,"opcode":"NONE","operand":null}"#,
        r#"{"offset":7,"depth":0,"opcode":"STOP","operand":null}"#,
    ];
    assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn the_valid_part_of_malformed_data_is_printed_before_the_error() {
    let cut = run_with(&["inspect"], b"\x02F\0\0\0\x01N\0\0\0\x05ab", 1);
    assert_eq!(cut.out, "       0  VERSION 2\n       1  INT 1\n");
    cut.tells("byte 11: unexpected end of input: expected 5 bytes, found 2");
    let unknown = run_with(&["inspect"], b"LUQ", 1);
    assert_eq!(unknown.out, "       0  NONE\n");
    unknown.tells("byte 1: unknown opcode 0x55");
}

#[test]
fn opcodes_that_form_no_value_are_all_printed() {
    let odd = run_with(&["inspect"], b"LP@\0\0\0\x09Q", 1);
    assert_eq!(odd.out.lines().count(), 4);
    odd.tells("byte 1: stack underflow: expected 3 values, found 1");
}

#[test]
fn all_values_of_a_stream_are_printed() {
    let shown = run_with(&["inspect"], b"\x02LQ\x01RQ", 0).out;
    let names: Vec<_> = shown.lines().map(str::trim).collect();
    assert_eq!(
        names,
        [
            "0  VERSION 2",
            "1  NONE",
            "2  STOP",
            "3  VERSION 1",
            "4  TRUE",
            "5  STOP"
        ]
    );
}

#[test]
fn long_operands_are_shortened_and_control_characters_escaped() {
    let long = format!("'{}'", "x".repeat(500));
    let bytes = run(&["dumps", &long], 0).stdout;
    let shown = run_with(&["inspect"], &bytes, 0).out;
    assert!(shown.contains("... (500 bytes)"), "{shown}");
    let bytes = run(&["dumps", "'\\x1b[2J'"], 0).stdout;
    let shown = run_with(&["inspect"], &bytes, 0).out;
    assert!(shown.contains("'\\x1b[2J'") && !shown.contains('\x1b'));
}

#[test]
fn empty_input_and_a_missing_file_are_errors() {
    run_with(&["inspect"], b"", 1).tells("byte 0: unexpected end of input");
    run(&["inspect", "/no/such/file"], 2).tells("/no/such/file");
}
