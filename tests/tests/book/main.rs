//! The blocks of the documentation: each is compiled, run, parsed, or plain text. Blocks of kind `console` are run by
//! the tests of the command.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod errors;

use alloc::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use execnet::XSpec;
use execnet_test_support::root;
use serde_json::Value as Json;

/// A fenced block of a page.
struct Block {
    page: PathBuf,
    kind: String,
    text: String,
}

impl Block {
    fn place(&self) -> String {
        let page = self.page.strip_prefix(root()).unwrap();
        format!("{}, {}: {}", page.display(), self.kind, self.text)
    }

    /// The files that the block consists of, if it includes all that it shows.
    fn included(&self) -> Option<Vec<PathBuf>> {
        let folder = self.page.parent().unwrap();
        let paths = self.text.lines().map(|line| {
            let path = line.strip_prefix("{{#include ")?.strip_suffix("}}")?;
            folder.join(path).canonicalize().ok()
        });
        paths.collect()
    }
}

/// README.md and the like, and all pages of the book.
fn pages() -> Vec<PathBuf> {
    let mut folders = vec![root().join("docs")];
    let top = ["README.md", "SECURITY.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    let crates = ["serializer", "core-sync", "std-transport", "cli"];
    let mut pages: Vec<_> = top
        .into_iter()
        .chain(crates.map(|name| root().join(name).join("README.md")))
        .collect();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        for path in entries {
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "md" => pages.push(path),
                _ => {}
            }
        }
    }
    pages
}

fn blocks() -> Vec<Block> {
    let of_page = |page: PathBuf| {
        let text = fs::read_to_string(&page).unwrap();
        let mut blocks = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(kind) = line.trim_start().strip_prefix("```") {
                let inner: Vec<_> = lines
                    .by_ref()
                    .take_while(|line| !line.trim_start().starts_with("```"))
                    .collect();
                blocks.push(Block {
                    page: page.clone(),
                    kind: kind.to_owned(),
                    text: inner.join("\n"),
                });
            }
        }
        blocks
    };
    pages().into_iter().flat_map(of_page).collect()
}

/// Whether the file is a program that a test runs: an example that the tests build, or one in Python that they start.
fn is_run(path: &Path) -> bool {
    let named = |list: &str| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        fs::read_to_string(root().join(list))
            .unwrap()
            .contains(name)
    };
    named("tests/Cargo.toml")
        || named("tests/tests/rust_worker.rs")
        || path.starts_with(root().join("tests/tools"))
}

/// Whether the blocks of the page are documentation tests.
fn is_doctest(page: &Path) -> bool {
    let crates = ["tests", "serializer", "core-sync", "std-transport"];
    crates.iter().any(|name| {
        let folder = root().join(name).join("src");
        let source = fs::read_to_string(folder.join("lib.rs")).unwrap();
        let included = source.split('"').filter(|text| text.ends_with(".md"));
        let mut paths = included.map(|path| folder.join(path).canonicalize().unwrap());
        paths.any(|path| path == page)
    })
}

/// Whether Python compiles it.
fn is_python(source: &str) -> bool {
    let compile = [
        "-c",
        "import sys; compile(sys.argv[1], 'block', 'exec')",
        source,
    ];
    let compiled = Command::new("python3").args(compile).status();
    compiled.map_or_else(
        |error| {
            println!("skipped: compiling blocks of Python: {error}");
            true
        },
        |status| status.success(),
    )
}

#[test]
fn every_block_is_compiled_or_run() {
    let mut unchecked = Vec::new();
    let blocks = blocks();
    assert!(blocks.len() > 60, "found only {} blocks", blocks.len());
    for block in blocks {
        let checked = match block.kind.as_str() {
            "rust" | "rust,no_run" => is_doctest(&block.page),
            "python" if block.included().is_none() => is_python(&block.text),
            "rust,ignore" | "python" => block
                .included()
                .is_some_and(|files| files.iter().all(|file| is_run(file))),
            // By other tests of this file, the tests of the command and tests/layers.rs.
            "sh" | "toml" | "text" | "console" => true,
            kind => kind.starts_with("layers "),
        };
        if !checked {
            unchecked.push(block.place());
        }
    }
    assert!(unchecked.is_empty(), "{unchecked:#?}");
}

#[test]
fn shell_commands_can_be_parsed_and_their_scripts_exist() {
    for block in blocks().iter().filter(|block| block.kind == "sh") {
        let parsed = Command::new("sh")
            .args(["-n", "-c", &block.text])
            .status()
            .unwrap();
        assert!(parsed.success(), "{}", block.place());
        let words = block.text.split_whitespace();
        for script in words.filter(|word| word.starts_with("scripts/")) {
            let exists = script.contains('*') || root().join(script).exists();
            assert!(exists, "{script}: {}", block.place());
        }
    }
}

/// A line of a text block that is nothing but a spec.
fn as_spec(line: &str) -> bool {
    let transports = [
        "popen", "ssh=", "docker=", "podman=", "kubectl=", "cmd=", "tcp=", "tls=", "unix=",
        "serial=", "socket",
    ];
    transports.iter().any(|key| line.starts_with(key))
}

#[test]
fn specs_can_be_parsed() {
    let mut found = 0;
    for block in blocks().iter().filter(|block| block.kind == "text") {
        for line in block.text.lines().filter(|line| as_spec(line)) {
            found += 1;
            let spec = line
                .parse::<XSpec>()
                .and_then(|spec| spec.check_keys().map(|()| spec));
            assert!(spec.is_ok(), "{spec:?}: {}", block.place());
        }
    }
    assert!(found > 5, "found only {found} specs");
}

/// What cargo knows of a package, without its dependencies.
fn metadata(manifest: &Path) -> Json {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version=1",
        "--manifest-path",
    ]);
    let output = command.arg(manifest).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The features of each package that is published.
fn features() -> BTreeMap<String, Vec<String>> {
    let workspace = metadata(&root().join("Cargo.toml"));
    let packages = workspace["packages"].as_array().unwrap();
    let published = packages
        .iter()
        .filter(|package| package["publish"].is_null());
    let features = |package: &Json| {
        package["features"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    published
        .map(|package| (text(&package["name"]), features(package)))
        .collect()
}

fn text(json: &Json) -> String {
    json.as_str().unwrap().to_owned()
}

#[test]
fn dependencies_name_packages_and_features_that_exist() {
    let packages = features();
    let mut found = 0;
    for block in blocks()
        .iter()
        .filter(|block| block.kind == "toml" && block.text.contains("[dependencies]"))
    {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        let package = "[package]\nname = \"program\"\nedition = \"2024\"\n";
        fs::write(&manifest, format!("{package}\n{}", block.text)).unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        let program = metadata(&manifest);
        for dependency in program["packages"][0]["dependencies"].as_array().unwrap() {
            let name = text(&dependency["name"]);
            if !name.starts_with("execnet") {
                continue;
            }
            found += 1;
            let known = packages
                .get(&name)
                .unwrap_or_else(|| panic!("{name}: {}", block.place()));
            for feature in dependency["features"].as_array().unwrap() {
                assert!(
                    known.contains(&text(feature)),
                    "{feature}: {}",
                    block.place()
                );
            }
        }
    }
    assert!(found > 2, "found only {found} dependencies");
}
