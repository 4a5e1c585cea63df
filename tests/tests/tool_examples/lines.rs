//! The table of numbers of lines in the book.

use std::fs;

use execnet_test_support::root;

const TOOLS: [(&str, &str); 5] = [
    ("inventory", "inventory"),
    ("task farm", "farm"),
    ("log tailer", "tailer"),
    ("file server", "file_server"),
    ("worker and its caller", "worker"),
];

/// Number of lines that are neither empty nor a comment.
fn code_lines(path: &str) -> usize {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let lines = text.lines().map(str::trim);
    let is_code =
        |line: &&str| !(line.is_empty() || line.starts_with("//") || line.starts_with('#'));
    lines.filter(is_code).count()
}

#[test]
fn the_book_has_the_numbers_of_lines() {
    let page = fs::read_to_string(root().join("docs/guide/tools.md")).unwrap();
    let missing: Vec<_> = TOOLS
        .iter()
        .map(|(title, tool)| row(title, tool))
        .filter(|row| !page.contains(row))
        .collect();
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
}

fn row(title: &str, tool: &str) -> String {
    let mut rust = code_lines(&format!("std-transport/examples/{tool}.rs"));
    if tool == "worker" {
        // The caller is in Python.
        rust += code_lines("std-transport/examples/worker.py");
    }
    let python = ["execnet", "mitogen"]
        .map(|package| code_lines(&format!("tests/tools/{package}/{tool}.py")));
    format!("| {title} | {rust} | {} | {} |", python[0], python[1])
}
