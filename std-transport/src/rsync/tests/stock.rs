//! Stock execnet's protocol for syncs, item by item.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::thread;

use execnet_serializer::{Dict, Value, value};

use super::support::{LONG, Pipe, pipe};
use crate::rsync::protocol::ProtocolError;
use crate::rsync::receiver::Rules;
use crate::rsync::stock;
use crate::rsync::sync_channel::{SyncChannel, SyncErrorKind};

fn start(to: &Path, delete: bool) -> Value {
    let options = if delete {
        value!({"delete": true})
    } else {
        Value::Dict(Dict::new())
    };
    Value::Tuple(vec![Value::from(to.to_str().unwrap()), options])
}

/// Runs the receiver against items that are all sent ahead, and gives what came back.
fn run(items: Vec<Value>) -> (Result<(), SyncErrorKind>, Vec<Value>) {
    run_within(items, Rules::default())
}

fn run_within(items: Vec<Value>, rules: Rules) -> (Result<(), SyncErrorKind>, Vec<Value>) {
    let (here, there): (Pipe, Pipe) = pipe();
    items.into_iter().for_each(|item| here.send(item).unwrap());
    let served = thread::scope(|scope| {
        let serving = scope.spawn(move || stock::serve_within(&there, rules));
        serving.join().unwrap()
    });
    let mut answers = Vec::new();
    while let Ok(answer) = here.receive(Some(LONG)) {
        answers.push(answer);
    }
    (served, answers)
}

#[test]
fn stock_execnet_on_python_2_asks_for_deletion_in_bytes() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("to");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("old"), "").unwrap();
    let key = Value::Bytes(b"delete".to_vec());
    let options = Dict::from_iter([(key, Value::Bool(true))]);
    let target = Value::Bytes(to.to_str().unwrap().into());
    let start = Value::Tuple(vec![target, Value::Dict(options)]);
    let (served, _) = run(vec![start, value!([0o755]), value!(42)]);
    served.unwrap();
    assert!(!to.join("old").exists());
}

fn file(mode: i64, mtime: f64, size: i64) -> Value {
    Value::from((mode, mtime, size))
}

#[test]
fn a_tree_is_taken_as_stock_execnet_sends_it() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("to");
    fs::create_dir_all(to.join("d/extra")).unwrap();
    let (served, answers) = run(vec![
        start(&to, true),
        value!([0o755, "a", "d", "l", "m"]),
        file(0o100_640, 1_500_000_000.25, 3),
        value!([0o500, "b"]),
        file(0o644, 1.0, 0),
        Value::None,
        Value::None,
        Value::Bytes(b"abc".to_vec()),
        Value::Bytes(Vec::new()),
        value!(("link", "l", "d/b")),
        value!(("linkbase", "m", "d/b")),
        value!(42),
    ]);
    served.unwrap();
    let expected = [
        value!(("send", (["a"], None))),
        value!(("send", (["d", "b"], None))),
        value!(("list_done", None)),
        value!(("ack", "a")),
        value!(("ack", "d/b")),
        value!(("links", None)),
        value!(("done", None)),
    ];
    assert_eq!(answers, expected);
    let meta = fs::metadata(to.join("a")).unwrap();
    assert_eq!(
        (meta.mode() & 0o7777, meta.mtime(), meta.mtime_nsec()),
        (0o640, 1_500_000_000, 250_000_000)
    );
    assert_eq!(
        fs::metadata(to.join("d")).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(fs::read_link(to.join("l")).unwrap(), Path::new("d/b"));
    assert_eq!(fs::read_link(to.join("m")).unwrap(), to.join("d/b"));
    assert!(!to.join("d/extra").exists());
}

#[test]
fn unchanged_files_are_not_requested_and_touched_ones_are_compared() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("f");
    fs::write(&to, "abc").unwrap();
    let mtime = fs::metadata(&to).unwrap();
    let seconds = mtime.mtime() as f64 + 1e-9 * mtime.mtime_nsec() as f64;
    let (served, answers) = run(vec![start(&to, false), file(0o604, seconds, 3), value!(42)]);
    served.unwrap();
    assert_eq!(answers[0], value!(("list_done", None)));
    assert_eq!(fs::metadata(&to).unwrap().mode() & 0o7777, 0o604);
    let (served, answers) = run(vec![
        start(&to, false),
        file(0o604, 5.5, 3),
        Value::None,
        value!(42),
    ]);
    served.unwrap();
    let digest = b"\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72";
    let path = Value::List(Vec::new());
    let asked = Value::Tuple(vec![path, Value::Bytes(digest.to_vec())]);
    assert_eq!(answers[0], Value::Tuple(vec![Value::from("send"), asked]));
    assert_eq!(answers[2], value!(("ack", "")));
    assert_eq!(fs::metadata(&to).unwrap().mtime(), 5);
}

#[test]
fn a_sender_that_cheats_writes_nothing_outside() {
    for names in [
        &[".."][..],
        &["../x"],
        &["/etc"],
        &["a", "a"],
        &[""],
        &["a\0"],
    ] {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("to");
        let mut list = vec![Value::from(0o755)];
        list.extend(names.iter().map(|name| Value::from(*name)));
        let items = vec![
            start(&to, true),
            Value::List(list),
            file(0o644, 1.0, 1),
            Value::None,
        ];
        assert!(
            matches!(run(items).0, Err(SyncErrorKind::ProtocolError(_))),
            "{names:?}"
        );
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
    for link in [
        value!(("link", "../out", "t")),
        value!(("link", "d/x", "t")),
        value!(("linkbase", "l", "../../etc")),
        value!(("link", "", "t")),
        value!(("other", "l", "t")),
    ] {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("to");
        fs::create_dir(&to).unwrap();
        symlink(place.path(), to.join("d")).unwrap();
        let (served, _) = run(vec![
            start(&to, false),
            value!([0o755, "l"]),
            Value::None,
            link,
        ]);
        assert!(served.is_err());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_link_in_the_way_is_replaced_and_not_written_through() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("to");
    fs::create_dir(&to).unwrap();
    fs::write(place.path().join("outside"), "outside").unwrap();
    symlink("../outside", to.join("f")).unwrap();
    let items = vec![
        start(&to, false),
        value!([0o755, "f"]),
        file(0o644, 1.0, 3),
        Value::Bytes(b"new".to_vec()),
        value!(42),
    ];
    run(items).0.unwrap();
    assert_eq!(fs::read(place.path().join("outside")).unwrap(), b"outside");
    assert_eq!(fs::read(to.join("f")).unwrap(), b"new");
}

#[test]
fn a_file_that_vanished_at_the_source_stays_as_it_is_here() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("f"), "old").unwrap();
    let gone = Value::from(((), 0, 0));
    let items = vec![
        start(place.path(), false),
        value!([0o755, "f"]),
        gone,
        value!(42),
    ];
    run(items).0.unwrap();
    assert_eq!(fs::read(place.path().join("f")).unwrap(), b"old");
}

#[test]
fn a_tree_of_more_entries_than_the_limit_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let rules = Rules {
        entries: 2,
        ..Rules::default()
    };
    let items = vec![
        start(place.path(), false),
        value!([0o755, "d", "f"]),
        value!([0o755, "g"]),
    ];
    let (served, _) = run_within(items, rules);
    let refused = matches!(
        served,
        Err(SyncErrorKind::ProtocolError(ProtocolError::TooMany))
    );
    assert!(refused, "{served:?}");
}
