//! The commands in the README print the output that it shows.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::DEADLINE;

/// A command of a `console` block, and the output below it.
struct Example {
    command: String,
    output: String,
}

fn examples(readme: &str) -> Vec<Example> {
    let blocks = readme
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    blocks
        .flat_map(|block| block.split("$ ").skip(1))
        .map(example)
        .collect()
}

fn example(text: &str) -> Example {
    let (command, output) = text.split_once('\n').unwrap();
    Example {
        command: command.replace("cargo run --release -p execnet-cli --", "execnet"),
        output: output.to_owned(),
    }
}

#[test]
fn the_commands_print_the_output_of_the_readme() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let examples = examples(&std::fs::read_to_string(readme).unwrap());
    assert!(
        examples.len() >= 4,
        "the README shows fewer commands than it should"
    );
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_execnet")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    for Example { command, output } in examples {
        let run = Command::new("timeout")
            .args([&DEADLINE.as_secs().to_string(), "sh", "-c", &command])
            .current_dir(&folder)
            .env("PATH", &path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
        assert_eq!(String::from_utf8_lossy(&run.stdout), output, "{command}");
    }
}
