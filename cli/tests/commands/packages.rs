//! What packages install: completions and manual pages.

use std::fs::{self, File};
use std::process::Command;

use crate::support::{Running, run};

#[test]
fn the_script_for_bash_completes_commands_options_and_files() {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("execnet.bash");
    fs::write(&script, run(&["completions", "bash"], 0).stdout).unwrap();
    fs::write(place.path().join("code.py"), "").unwrap();
    let complete = |words: &[&str]| {
        let ask = r#"set -eu
            source ./execnet.bash
            # It works only while the shell completes.
            compopt() { :; }
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            _execnet "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}""#;
        let output = Command::new("bash")
            .args(["-c", ask, "bash"])
            .args(words)
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(complete(&["execnet", "she"]), "shell\n");
    assert_eq!(complete(&["execnet", "trace", "rec"]), "record\n");
    assert!(complete(&["execnet", "exec", "--se"]).contains("--send"));
    assert_eq!(
        complete(&["execnet", "exec", "popen", "--file", "co"]),
        "code.py\n"
    );
}

#[test]
fn there_is_a_script_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell], 0).out;
        assert!(script.contains("inspect"), "{shell}");
    }
    run(&["completions", "tcsh"], 2).tells("bash");
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let page = run(&["man"], 0).out;
    assert!(
        page.starts_with(".ie") || page.contains(".TH execnet 1"),
        "{page}"
    );
    assert!(
        page.contains("execnet\\-exec(1)") && page.contains("124"),
        "{page}"
    );
    let place = tempfile::tempdir().unwrap();
    run(&["man", "-o", place.path().to_str().unwrap()], 0);
    for name in ["execnet.1", "execnet-exec.1", "execnet-trace-show.1"] {
        let page = fs::read_to_string(place.path().join(name)).unwrap();
        assert!(page.contains(".SH"), "{name}: {page}");
    }
    run(&["man", "-o", "/nonexistent/directory"], 2).tells("cannot write");
}

/// Help and the version exited with status 0.
#[test]
fn help_that_cannot_be_written_is_an_error() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["exec", "--help"],
        &["help", "rsync", "push"],
        &["man"],
        &["completions", "fish"],
    ] {
        let full = File::create("/dev/full").unwrap();
        let (status, err) = Running::start_with(arguments, full).finish();
        assert_eq!(status, Some(1), "{arguments:?}: {err}");
        assert!(err.contains("execnet: standard output: "), "{err}");
        let (reader, closed) = std::io::pipe().unwrap();
        drop(reader);
        let (status, err) = Running::start_with(arguments, closed).finish();
        assert_eq!((status, &*err), (Some(141), ""), "{arguments:?}");
    }
}
