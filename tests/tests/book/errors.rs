//! The page of errors, beside the error types in the sources.

use std::fs;
use std::path::{Path, PathBuf};

use execnet_test_support::root;

/// An error type of the public API.
struct ErrorType {
    name: String,
    /// Of an enum.
    variants: Vec<String>,
}

/// What the names of error types end with.
const ENDINGS: [&str; 6] = [
    "Error",
    "Errors",
    "ErrorKind",
    "DisconnectReason",
    "Disconnected",
    "WorkerExit",
];

/// The error types that a source file declares.
fn error_types(source: &str) -> Vec<ErrorType> {
    let mut found = Vec::new();
    let mut hidden = false;
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let is_enum = line.starts_with("pub enum ");
        let declared = line.strip_prefix("pub enum ");
        let declared = declared.or_else(|| line.strip_prefix("pub struct "));
        if let Some(name) = declared.map(identifier)
            && !hidden
            && ENDINGS.iter().any(|ending| name.ends_with(ending))
        {
            let body = lines.by_ref().take_while(|line| is_enum && *line != "}");
            let variants = body.filter_map(variant).collect();
            found.push(ErrorType { name, variants });
        }
        hidden = line == "#[doc(hidden)]" || (hidden && line.starts_with("#["));
    }
    found
}

/// The name of the variant that the line declares.
fn variant(line: &str) -> Option<String> {
    let name = identifier(line.strip_prefix("    ")?);
    name.starts_with(|c: char| c.is_ascii_uppercase())
        .then_some(name)
}

/// The letters and digits at the beginning.
fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_ascii_alphanumeric())
        .collect()
}

/// The source files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    };
    paths.flat_map(below).collect()
}

#[test]
fn the_page_of_errors_has_every_error_and_its_variants() {
    let page = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let sections: Vec<_> = page.split("\n### ").skip(1).collect();
    let crates = ["serializer", "core-sync", "std-transport"];
    let files = crates.map(|name| sources(&root().join(name).join("src")));
    let mut found = 0;
    let mut missing = Vec::new();
    for file in files.iter().flatten() {
        for ErrorType { name, variants } in error_types(&fs::read_to_string(file).unwrap()) {
            found += 1;
            let is_of_it = |section: &&&str| {
                let title = section.lines().next().unwrap_or_default();
                title.contains(&format!("`{name}`"))
            };
            let Some(section) = sections.iter().find(is_of_it) else {
                missing.push(name);
                continue;
            };
            let absent = variants.iter();
            let absent = absent.filter(|variant| !section.contains(&format!("`{variant}`")));
            missing.extend(absent.map(|variant| format!("{name}::{variant}")));
        }
    }
    assert!(found > 30, "found only {found} errors");
    assert!(missing.is_empty(), "not in docs/errors.md: {missing:#?}");
}
