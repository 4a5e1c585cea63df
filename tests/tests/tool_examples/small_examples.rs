//! The examples of the crates below `execnet`.

use super::Variant;

fn example(program: &str) -> Variant {
    Variant {
        spec: "",
        command: vec![program.into()],
    }
}

#[test]
fn the_worker_over_a_link_of_ones_own_echoes() {
    let lines = example(env!("CARGO_BIN_EXE_own_link")).lines(&[]);
    assert_eq!(lines, ["'hello'", "'again'"]);
}

#[test]
fn the_file_of_values_keeps_what_earlier_runs_have_appended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let stored = example(env!("CARGO_BIN_EXE_stored"));
    let run = |values: &[&str]| stored.lines(&[&[file.to_str().unwrap()], values].concat());
    assert_eq!(run(&["('t1', 21.5)"]), ["('t1', 21.5)"]);
    assert_eq!(run(&["{1, 2}", "None"]), ["('t1', 21.5)", "{1, 2}", "None"]);
    let refused = stored.run(&[file.to_str().unwrap(), "("]);
    assert!(!refused.status.success());
    assert_eq!(run(&[]).len(), 3, "a refused value was stored");
}

#[test]
fn the_device_without_a_heap_writes_and_reads() {
    let lines = example(env!("CARGO_BIN_EXE_no_heap")).lines(&[]);
    assert!(
        lines[0].contains(r"sensorN\x00\x00\x00\x02t1P"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "the next report is in 60 seconds");
}
