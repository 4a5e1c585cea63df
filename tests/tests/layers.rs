//! The modules of each crate import only from layers below their own: docs/architecture.md has the layers, and these
//! tests hold its tables against the `crate::` paths of the code.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use execnet_test_support::root;

type Edges = BTreeMap<String, BTreeSet<String>>;

/// Code without comments and without the unit tests at its end.
fn code(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|character| !is_word(character));
    &text[..end.unwrap_or(text.len())]
}

/// The first words of the parts of `{a::b, c::{d, e}}`, which begins `text`: `a` and `c`.
fn heads(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut heads) = (0, 1, Vec::new());
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                heads.push(first_word(&text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            heads.push(first_word(&text[start..at]));
            break;
        }
    }
    heads
}

/// The names behind each `crate::` of a file.
fn imports(code: &str) -> impl Iterator<Item = &str> {
    let paths = code.match_indices("crate::");
    let paths = paths.filter(|(at, _)| !code[..*at].ends_with(|last| is_word(last) || last == '$'));
    paths.flat_map(|(at, found)| match &code[at + found.len()..] {
        rest if rest.starts_with('{') => heads(rest),
        rest => vec![first_word(rest)],
    })
}

/// What the crate's root calls by a shorter name: `Value` is of the module `value`.
fn reexports(lib: &str) -> BTreeMap<&str, &str> {
    let mut names = BTreeMap::new();
    for statement in lib.split("use ").skip(1) {
        let statement = statement.split(';').next().unwrap_or_default();
        let module = first_word(statement);
        for name in statement.split(|character| !is_word(character)) {
            names.insert(name, module);
        }
    }
    names
}

/// The modules at the top of a crate, each with those that it imports from.
fn modules(source: &Path) -> Edges {
    let lib = code(&fs::read_to_string(source.join("lib.rs")).unwrap());
    let declared = lib.split("mod ").skip(1).map(first_word);
    let declared: BTreeSet<_> = declared
        .filter(|name| {
            let file = source.join(format!("{name}.rs"));
            file.exists() || source.join(name).is_dir()
        })
        .collect();
    let names = reexports(&lib);
    let mut edges: Edges = declared
        .iter()
        .map(|name| ((*name).to_owned(), BTreeSet::new()))
        .collect();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests" {
                let inner = path.strip_prefix(source).unwrap().components().next();
                let module = Path::new(inner.unwrap().as_os_str()).file_stem().unwrap();
                let Some(found) = edges.get_mut(module.to_str().unwrap()) else {
                    continue;
                };
                let text = code(&fs::read_to_string(&path).unwrap());
                for import in imports(&text) {
                    let from = declared.get(import).or_else(|| names.get(import));
                    if let Some(from) = from.filter(|from| declared.contains(**from)) {
                        found.insert((*from).to_owned());
                    }
                }
            }
        }
    }
    for (module, from) in &mut edges {
        from.remove(module);
    }
    edges
}

/// A table of docs/architecture.md: the layer of each module, the lowest first.
struct Layers<'a> {
    folder: &'a str,
    of: BTreeMap<&'a str, usize>,
}

fn tables(page: &str) -> Vec<Layers<'_>> {
    let blocks = page.split("```layers ").skip(1);
    blocks.map(|block| table(block)).collect()
}

fn table(block: &str) -> Layers<'_> {
    let mut lines = block.lines().take_while(|line| *line != "```");
    let folder = lines.next().unwrap();
    let mut of = BTreeMap::new();
    for (layer, line) in lines.enumerate() {
        for module in line.split_whitespace() {
            let other = of.insert(module, layer);
            assert_eq!(other, None, "{module} stands twice in the table");
        }
    }
    Layers { folder, of }
}

/// What contradicts the table.
fn faults(edges: &Edges, table: &Layers<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for (module, from) in edges {
        let Some(layer) = table.of.get(module.as_str()) else {
            faults.push(format!("{module} is in no layer"));
            continue;
        };
        for import in from {
            let below = table.of.get(import.as_str());
            if below.is_none_or(|below| below >= layer) {
                faults.push(format!(
                    "{module} imports from {import}, which is not below it"
                ));
            }
        }
    }
    for module in table
        .of
        .keys()
        .filter(|module| !edges.contains_key(**module))
    {
        faults.push(format!("there is no module {module}"));
    }
    faults
}

#[test]
fn modules_import_from_lower_layers_only() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut checked = BTreeSet::new();
    for table in tables(&page) {
        let edges = modules(&root().join(table.folder));
        let faults = faults(&edges, &table);
        assert!(
            faults.is_empty(),
            "{}:\n{}",
            table.folder,
            faults.join("\n")
        );
        assert!(edges.values().any(|from| !from.is_empty()));
        checked.insert(table.folder);
    }
    let crates = ["core-sync/src", "serializer/src", "std-transport/src"];
    assert_eq!(checked, BTreeSet::from(crates));
}

/// Paths in backticks that start at the project's directory.
fn paths(page: &str) -> impl Iterator<Item = &str> {
    const FOLDERS: [&str; 9] = [
        "cli/",
        "core-sync/",
        "docs/",
        "fuzz/",
        "scripts/",
        "serializer/",
        "std-transport/",
        "tests/",
        ".ci/",
    ];
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.filter(|text| FOLDERS.iter().any(|folder| text.starts_with(folder)))
}

#[test]
fn the_files_that_the_page_on_the_architecture_names_exist() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut named = 0;
    for path in paths(&page).filter(|path| !path.contains(' ')) {
        // Within a paragraph about a package, paths start at that package.
        let exists = root().join(path).exists() || root().join("tests").join(path).exists();
        assert!(exists, "{path}");
        named += 1;
    }
    assert!(named > 100, "{named} paths");
}

#[test]
fn an_import_from_a_higher_layer_is_found() {
    let edges = |pairs: &[(&str, &[&str])]| -> Edges {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let pairs = pairs.iter();
        pairs
            .map(|(module, from)| ((*module).to_owned(), owned(from)))
            .collect()
    };
    let layers = table("src\nlow\nleft right\nhigh\n```");
    let sides: [(&str, &[&str]); 2] = [("left", &["low"]), ("right", &[])];
    let straight = [sides[0], sides[1], ("low", &[]), ("high", &["left", "low"])];
    assert_eq!(faults(&edges(&straight), &layers), [""; 0]);
    let turned = [sides[0], sides[1], ("low", &["high"]), ("high", &[])];
    assert_eq!(
        faults(&edges(&turned), &layers),
        ["low imports from high, which is not below it"],
    );
    let beside = [
        ("left", &["right"] as &[_]),
        sides[1],
        ("low", &[]),
        ("high", &[]),
    ];
    assert_eq!(
        faults(&edges(&beside), &layers),
        ["left imports from right, which is not below it"],
    );
    let missing = [sides[0], sides[1], ("low", &[]), ("new", &[])];
    assert_eq!(
        faults(&edges(&missing), &layers),
        ["new is in no layer", "there is no module high"],
    );
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "use crate::{a::b, c::{d, e}, f};\nlet x = crate::g(1); // crate::h\n$crate::i!();\npub(crate) mod j;";
    let found: Vec<_> = imports(&code(text)).map(str::to_owned).collect();
    assert_eq!(found, ["a", "c", "f", "g"]);
    let lib = "pub use value::{Dict, Value};\npub use dump::Dump;\n";
    let names = reexports(lib);
    assert_eq!((names["Dict"], names["Dump"]), ("value", "dump"));
}
