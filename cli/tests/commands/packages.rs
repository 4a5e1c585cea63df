//! What packages install: completions and manual pages.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::support::{DEADLINE, Running, run};

/// What each line becomes when Tab is typed in the shell, which runs this first.
fn completed(shell: &[&str], name: &str, setup: &str) -> Option<Vec<String>> {
    if Command::new(shell[0]).arg("--version").output().is_err() {
        println!("skipped: completion in {name}, which is not installed");
        return None;
    }
    let place = tempfile::tempdir().unwrap();
    let script = run(&["completions", name], 0).stdout;
    fs::write(place.path().join("_execnet"), script).unwrap();
    fs::write(place.path().join("code.py"), "").unwrap();
    fs::create_dir(place.path().join("inner")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_execnet")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/complete.py");
    let lines = LINES.iter().map(|(line, _)| {
        let output = assert_cmd::Command::new("python3")
            .timeout(DEADLINE)
            .arg(driver)
            .args(shell)
            .args(["--", setup, line])
            .current_dir(place.path())
            .env("PATH", &path)
            .env("HOME", place.path())
            .assert()
            .success();
        let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        // The shell expands what is not escaped.
        text.trim_end()
            .replace(&*place.path().to_string_lossy(), "HOME")
    });
    Some(lines.collect())
}

/// Lines, and what Tab makes of them.
const LINES: [(&str, &str); 10] = [
    ("execnet loads ~/co", "execnet loads HOME/code.py"),
    ("execnet she", "execnet shell"),
    ("execnet trace rec", "execnet trace record"),
    ("execnet exec --hos", "execnet exec --hosts"),
    ("execnet exec --file co", "execnet exec --file code.py"),
    ("execnet exec --hosts=co", "execnet exec --hosts=code.py"),
    ("execnet exec pop", "execnet exec popen"),
    ("execnet run --on soc", "execnet run --on socket="),
    (
        "execnet status ssh=a//execm",
        "execnet status ssh=a//execmodel=",
    ),
    (
        "execnet shell popen//chdir=in",
        "execnet shell popen//chdir=inner/",
    ),
];

#[test]
fn shells_complete_commands_options_files_and_specs() {
    let zsh = "autoload -U compinit; compinit -D; source ./_execnet";
    for (shell, name, setup) in [
        (&["bash", "--norc", "-i"][..], "bash", "source ./_execnet"),
        (&["zsh", "-f", "-i"], "zsh", zsh),
        (&["fish", "--private"], "fish", "source ./_execnet"),
    ] {
        if let Some(completed) = completed(shell, name, setup) {
            let expected: Vec<_> = LINES.iter().map(|(_, line)| *line).collect();
            assert_eq!(completed, expected, "{name}");
        }
    }
}

#[test]
fn there_is_a_script_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell], 0).out;
        assert!(script.contains("_EXECNET_COMPLETE"), "{shell}");
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
