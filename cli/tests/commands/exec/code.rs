//! Where `exec` reads the code from.

use crate::support::{run, run_with};

#[test]
fn a_file_is_decoded_as_python_does() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let text = "channel.send('\u{f6}')\n\nraise ValueError('here')\n";
    let latin = |coding: &str| {
        let text = text.chars().map(|c| u8::try_from(c).unwrap());
        [coding.as_bytes(), &text.collect::<Vec<_>>()].concat()
    };
    for (source, line) in [
        (format!("\u{feff}{text}").into_bytes(), 3),
        (format!("# coding: utf-8\n{text}").into_bytes(), 4),
        (latin("# coding: latin-1\n"), 4),
        (latin("#!python\n# vim: fileencoding=cp1252\n"), 5),
    ] {
        std::fs::write(path, source).unwrap();
        let finished = run(&["exec", "popen", "--file", path], 1);
        assert_eq!(finished.out, "'\u{f6}'\n");
        finished.tells(&format!("File \"{path}\", line {line}"));
    }
    std::fs::write(path, latin("")).unwrap();
    run(&["exec", "popen", "--file", path], 2).tells(path);
}

#[test]
fn reads_the_code_from_standard_input() {
    assert_eq!(
        run_with(&["exec", "popen", "-"], b"channel.send(7)\n", 0).out,
        "7\n"
    );
}

#[test]
fn reads_the_code_from_a_file_that_tracebacks_name() {
    let file = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
    std::fs::write(file.path(), "channel.send(7)\n\nraise ValueError('here')\n").unwrap();
    let path = file.path().to_str().unwrap();
    let finished = run(&["exec", "popen", "--file", path], 1);
    assert_eq!(finished.out, "7\n");
    finished
        .tells(&format!("File \"{path}\", line 3"))
        .tells("ValueError: here");
}

/// Python took it for an expression: NameError.
#[test]
fn the_name_of_a_script_is_a_usage_error_that_shows_the_option() {
    let file = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
    let path = file.path().to_str().unwrap();
    run(&["exec", "popen", path], 2).tells("write --file before it");
}
