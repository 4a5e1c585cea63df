//! The documentation: links lead to files, the book has every page, the tests that a page names exist, and each
//! benchmark on a page can be started.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use execnet_test_support::root;
use std::process::Command;

/// README.md and the like, and everything below docs/.
fn pages() -> Vec<PathBuf> {
    let mut folders = vec![root().join("docs")];
    let mut pages: Vec<_> = markdown_in(&root()).collect();
    while let Some(folder) = folders.pop() {
        pages.extend(markdown_in(&folder));
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        folders.extend(entries.filter(|path| path.is_dir()));
    }
    pages
}

fn markdown_in(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "md"))
}

/// The targets of a page's links to other files, without anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    files.filter_map(|target| target.split('#').next())
}

#[test]
fn every_link_leads_to_a_file() {
    let mut broken = Vec::new();
    let mut checked = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            checked += 1;
            if !page.parent().unwrap().join(link).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(
        checked > 10,
        "found only {checked} links: the search itself is broken"
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_book_has_every_page() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: Vec<_> = links(&summary).map(|link| docs.join(link)).collect();
    let missing: Vec<_> = pages()
        .into_iter()
        .filter(|page| {
            page.starts_with(&docs) && !page.ends_with("SUMMARY.md") && !listed.contains(page)
        })
        .collect();
    assert!(missing.is_empty(), "not in SUMMARY.md: {missing:#?}");
}

/// The tests that a page names, as a file in back quotes and a name in back quotes behind it.
fn tests_named(text: &str) -> Vec<(&str, &str)> {
    let quoted: Vec<_> = text.split('`').collect();
    let pairs = quoted.windows(3);
    pairs
        .filter(|parts| parts[0].ends_with(".rs") && parts[1] == " ")
        .map(|parts| (parts[0], parts[2]))
        .collect()
}

#[test]
fn tests_that_stand_for_behaviours_exist() {
    let page = fs::read_to_string(root().join("docs/behaviours.md")).unwrap();
    let named = tests_named(&page);
    assert!(named.len() > 80, "only {} are named", named.len());
    let missing: Vec<_> = named
        .into_iter()
        .filter(|(file, name)| {
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            !source.contains(&format!("#[test]\nfn {name}() {{"))
        })
        .collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
}

#[test]
fn the_compatibility_table_has_every_behaviour() {
    let table = fs::read_to_string(root().join("docs/compatibility.md")).unwrap();
    let behaviours = fs::read_to_string(root().join("tests/stock/behaviours.tsv")).unwrap();
    let listed = behaviours.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<_> = listed.filter_map(|line| line.split('\t').nth(1)).collect();
    let rows = table.lines().filter(|line| line.starts_with("| **"));
    assert_eq!(
        rows.count(),
        names.len(),
        "make it anew with scripts/compatibility"
    );
    for name in names {
        assert!(table.contains(&format!("| **{name}**: ")), "{name}");
    }
}

#[test]
fn every_benchmark_starts_and_has_its_place_on_the_page() {
    let page = fs::read_to_string(root().join("docs/benchmarks.md")).unwrap();
    let python = Command::new("python3").arg("--version").output().is_ok();
    if !python {
        println!("skipped: starting the benchmarks' scripts: no python3");
    }
    let mut checked = 0;
    for script in fs::read_dir(root().join("scripts")).unwrap() {
        let script = script.unwrap().path();
        let name = script.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("bench") || name.contains('.') {
            continue;
        }
        checked += 1;
        let table = page.split_once(&format!("<!-- scripts/{name} -->"));
        let table = table.and_then(|(_, rest)| rest.split_once("<!-- up to here -->"));
        let table = table.unwrap_or_else(|| panic!("no place for {name}")).0;
        assert!(table.contains("|---"), "{name} has written no table");
        if python {
            let output = Command::new("python3").arg(&script).arg("--help").output();
            let output = output.unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}: {errors}");
        }
    }
    assert!(checked > 3, "found only {checked} benchmarks");
}
