//! The Python interpreters of this machine.

use alloc::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use execnet::{Gateway, Group, GroupOptions};

use crate::{LONG, quiet, within};

/// The versions that the Python worker supports. The tests print those that are not installed.
const WANTED: [&str; 13] = [
    "2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t",
    "PyPy",
];

/// Where to get this version, for the line about a skipped one.
fn provider(version: &str) -> &'static str {
    match version {
        "PyPy" => "Debian's package pypy3",
        "3.13t" | "3.14t" => "a build with --disable-gil, such as pyenv's",
        _ => "pyenv, or a package of the system",
    }
}

/// An interpreter on this machine.
#[derive(Debug)]
pub struct Python {
    /// Such as "3.11", "3.14t" and "PyPy".
    pub version: String,
    /// The program.
    pub path: PathBuf,
    /// Further keys of its spec: empty, or each behind two slashes.
    pub keys: &'static str,
}

impl Python {
    /// A spec that starts it.
    #[must_use]
    pub fn spec(&self) -> String {
        format!("popen//python='{}'{}", self.path.display(), self.keys)
    }

    /// Whether it is Python 2.
    #[must_use]
    pub fn is_2(&self) -> bool {
        self.version == "2.7"
    }
}

/// Runs `test` with each installed interpreter, with a new gateway and a deadline for each.
pub fn each_python(test: fn(&Python, &Gateway)) {
    each_python_with("", quiet(), test);
}

/// As [`each_python`], with additional keys for the spec and with options for the group.
pub fn each_python_with(keys: &'static str, options: GroupOptions, test: fn(&Python, &Gateway)) {
    for python in pythons() {
        let options = options.clone();
        within(&format!("Python {}", python.version), LONG, move || {
            println!("Python {}", python.version);
            let group = Group::with_options(options);
            let gateway = group.make_gateway(python.spec() + keys).unwrap();
            test(python, &gateway);
        });
    }
}

/// A spec that starts one of them, for tests that do not depend on its version.
#[must_use]
pub fn popen() -> String {
    pythons().last().unwrap().spec()
}

/// The installed interpreters. The missing ones are printed once.
#[must_use]
pub fn pythons() -> &'static [Python] {
    static PYTHONS: OnceLock<Vec<Python>> = OnceLock::new();
    PYTHONS.get_or_init(|| {
        let mut found = find();
        let all: Vec<Python> = WANTED
            .iter()
            .filter_map(|&version| match found.remove(version) {
                Some(path) => Some(Python {
                    version: version.to_owned(),
                    path,
                    keys: "",
                }),
                None => {
                    println!(
                        "skipped: Python {version}: no such interpreter on the path or below PYENV_ROOT (from: {})",
                        provider(version)
                    );
                    None
                }
            })
            .collect();
        assert!(
            !all.is_empty(),
            "no Python at all: the worker cannot be tested"
        );
        all
    })
}

fn find() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for directory in directories() {
        for version in WANTED {
            let name = match version {
                "PyPy" => "pypy3".to_owned(),
                version => format!("python{version}"),
            };
            let path = directory.join(name);
            if path.is_file() {
                found.entry(version.to_owned()).or_insert(path);
            }
        }
    }
    found
}

/// The directories with interpreters under names with their versions: those of pyenv, and the path. The shims of pyenv
/// on the path are left out: a shim may have no interpreter behind it.
fn directories() -> Vec<PathBuf> {
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or(home);
    let versions = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let installed = versions.into_iter().flatten().flatten();
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).filter(|directory| !directory.ends_with("shims"));
    installed
        .map(|version| version.path().join("bin"))
        .chain(on_path)
        .collect()
}
