//! `execnet rsync`.

mod arguments;
mod names;
mod reports;
mod transfers;

use std::fs;
use std::path::PathBuf;

use crate::support::run;

fn place() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let place = tempfile::tempdir().unwrap();
    let root: PathBuf = place.path().into();
    let path = move |name: &str| root.join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("from")).unwrap();
    fs::write(path("from/a.txt"), "a").unwrap();
    fs::write(path("from/b.pyc"), "b").unwrap();
    (place, path)
}

fn json(arguments: &[&str], status: i32) -> serde_json::Value {
    serde_json::from_str(&run(arguments, status).out).unwrap()
}
