//! Names of files that are not UTF-8 or have control characters.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use super::{json, place};
use crate::support::{self, run};

#[test]
fn paths_need_not_be_utf_8() {
    let (place, path) = place();
    let odd = |name: &[u8]| place.path().join(OsStr::from_bytes(name));
    fs::rename(path("from"), odd(b"from\xff")).unwrap();
    let mut push = support::execnet(&["rsync", "push", "--to", "popen"]);
    push.arg(odd(b"to\xff")).arg("--").arg(odd(b"from\xff"));
    push.assert().success();
    let mut pull = support::execnet(&["rsync", "pull", "popen"]);
    pull.arg(odd(b"to\xff")).arg(odd(b"back\xff"));
    pull.assert().success();
    assert_eq!(fs::read(odd(b"back\xff/a.txt")).unwrap(), b"a");
}

#[test]
fn control_characters_in_names_are_escaped() {
    let (_place, path) = place();
    fs::write(path("from/\u{1b}[2J\n"), "").unwrap();
    let finished = run(
        &["rsync", "push", &path("from"), "--to", "popen", &path("to")],
        0,
    );
    assert!(!finished.out.contains('\u{1b}'));
    assert_eq!(finished.out.lines().count(), 4, "{}", finished.out);
}

/// They showed U+FFFD.
#[test]
fn names_that_are_not_utf_8_are_escaped() {
    let (place, path) = place();
    let odd = place.path().join(OsStr::from_bytes(b"from/odd\xff"));
    fs::rename(path("from/a.txt"), odd).unwrap();
    let (from, to) = (path("from"), path("to"));
    let arguments = ["rsync", "push", &from, "--to", "popen", &to, "--dry-run"];
    let shown = run(&arguments, 0).out;
    assert!(shown.contains(r#"would send "odd\xFF""#), "{shown}");
    let document = json(&[&arguments[..], &["--json"]].concat(), 0);
    let bytes = serde_json::json!({"bytes": b"odd\xff"});
    assert_eq!(document["sent"], serde_json::json!(["b.pyc", bytes]));
}
