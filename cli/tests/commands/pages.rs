//! The commands in the `console` blocks of the documentation print the output that is shown there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{DEADLINE, execnet};

/// A command of a `console` block, and the output below it.
struct Example {
    command: String,
    output: String,
}

/// The blocks of a kind.
fn blocks<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let fence = format!("\n```{kind}\n");
    let rests = page.split(&fence).skip(1);
    rests.filter_map(|rest| rest.split("```").next()).collect()
}

/// The commands of a page. A host that is reached over ssh is this machine.
fn examples(page: &str) -> Vec<Example> {
    let blocks = blocks(page, "console").into_iter();
    let commands = blocks.flat_map(|block| {
        let mut parts = block.split("$ ").peekable();
        assert_eq!(
            parts.next(),
            Some(""),
            "a block begins with a command: {block}"
        );
        parts
    });
    commands.map(example).collect()
}

fn example(text: &str) -> Example {
    let (command, output) = text.split_once('\n').unwrap();
    let command = command.replace("cargo run --release -p execnet-cli --", "execnet");
    let words = command
        .split(' ')
        .map(|word| match word.strip_prefix("ssh=") {
            Some(host) => format!("popen{}", &host[host.find("//").unwrap_or(host.len())..]),
            None => word.to_owned(),
        });
    Example {
        command: words.collect::<Vec<_>>().join(" "),
        output: output.to_owned(),
    }
}

/// Whether a line is as the page shows it, where `...` stands for anything.
fn is_shown_as(line: &str, shown: &str) -> bool {
    let mut parts = shown.split("...");
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    for part in parts {
        match rest.rfind(part) {
            Some(position) => rest = &rest[position + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// README.md, that of the command, and all pages of the book.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md"), root.join("cli/README.md")];
    for folder in ["docs", "docs/guide"] {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        pages.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    pages
}

#[test]
fn the_commands_print_the_output_that_the_pages_show() {
    let program = Path::new(env!("CARGO_BIN_EXE_execnet")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut count = 0;
    for page in pages() {
        // The commands of a page use the files of its earlier commands.
        let folder = tempfile::tempdir().unwrap();
        for Example { command, output } in examples(&fs::read_to_string(&page).unwrap()) {
            count += 1;
            let place = format!("{}: {command}", page.display());
            let run = Command::new("timeout")
                .args([&DEADLINE.as_secs().to_string(), "sh", "-c", &command])
                .current_dir(&folder)
                .env("PATH", &path)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success(), "{place}: {errors}");
            let printed = String::from_utf8_lossy(&run.stdout);
            let same = printed.lines().count() == output.lines().count()
                && printed
                    .lines()
                    .zip(output.lines())
                    .all(|(line, shown)| is_shown_as(line, shown));
            assert!(same, "{place}: printed\n{printed}{errors}");
        }
    }
    assert!(count >= 10, "the pages show only {count} commands");
}

#[test]
fn the_options_in_the_pages_exist() {
    let help = |command: &[&str]| {
        let output = execnet(&[command, &["--help"]].concat()).output().unwrap();
        assert!(output.status.success(), "there is no command {command:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let lines = ["sh", "console"].map(|kind| blocks(&text, kind)).concat();
        let lines = lines.iter().flat_map(|block| block.lines());
        for line in lines.map(|line| line.trim_start_matches("$ ")) {
            let Some(command) = line.strip_prefix("execnet ") else {
                continue;
            };
            let words: Vec<_> = command.split(' ').collect();
            let len = if ["rsync", "trace"].contains(&words[0]) {
                2
            } else {
                1
            };
            let (name, words) = words.split_at(len);
            let help = help(name);
            // Options behind these are those of another program.
            for option in words
                .iter()
                .take_while(|word| !["--", "|"].contains(word))
                .filter(|word| word.starts_with("--"))
            {
                let name = option.split('=').next().unwrap();
                assert!(help.contains(name), "{name}: {}: {line}", page.display());
            }
        }
    }
}
