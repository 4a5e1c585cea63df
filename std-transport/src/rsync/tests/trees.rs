//! Random trees, synced, changed, synced again.

use alloc::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::together::pull;
use crate::rsync::protocol::Settings;

/// What a tree is made of.
#[derive(Debug, Clone)]
enum Thing {
    File {
        content: Vec<u8>,
        mode: u32,
        mtime: i64,
    },
    Link(Vec<u8>),
    Folder {
        things: BTreeMap<Vec<u8>, Thing>,
        mode: u32,
    },
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => "[a-d]{1,2}".prop_map(String::into_bytes),
        1 => Just(b"-rf * $(x) \n'\"".to_vec()),
        1 => Just("\u{fc}\u{1f980}".as_bytes().to_vec()),
        1 => Just(b"\xff\xfe not utf-8".to_vec()),
        1 => Just(vec![b'n'; 255]),
        1 => Just(b"...".to_vec()),
    ]
}

fn thing() -> impl Strategy<Value = Thing> {
    let file = (
        vec(any::<u8>(), 0..2_000),
        0_u32..0o1000,
        -4_000_000_000_000_000_000_i64..4_000_000_000_000_000_000,
    )
        .prop_map(|(content, mode, mtime)| Thing::File {
            content,
            mode,
            mtime,
        });
    let target = prop_oneof![
        name(),
        Just(b"../..".to_vec()),
        Just(b"/nowhere/at all".to_vec()),
        Just(b"\xff".to_vec())
    ];
    let leaf = prop_oneof![3 => file, 1 => target.prop_map(Thing::Link)];
    leaf.prop_recursive(5, 40, 6, |inner| {
        (btree_map(name(), inner, 0..6), 0_u32..0o1000)
            .prop_map(|(things, mode)| Thing::Folder { things, mode })
    })
}

fn tree() -> impl Strategy<Value = BTreeMap<Vec<u8>, Thing>> {
    btree_map(name(), thing(), 0..8)
}

fn build(at: &Path, things: &BTreeMap<Vec<u8>, Thing>) {
    for (name, thing) in things {
        let path = at.join(OsStr::from_bytes(name));
        match thing {
            Thing::File {
                content,
                mode,
                mtime,
            } => {
                fs::write(&path, content).unwrap();
                let file = fs::File::open(&path).unwrap();
                let offset = core::time::Duration::from_nanos(mtime.unsigned_abs());
                let epoch = std::time::UNIX_EPOCH;
                let time = if *mtime < 0 {
                    epoch - offset
                } else {
                    epoch + offset
                };
                file.set_modified(time).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode | 0o400)).unwrap();
            }
            Thing::Link(target) => symlink(OsStr::from_bytes(target), &path).unwrap(),
            Thing::Folder { things, mode } => {
                fs::create_dir(&path).unwrap();
                build(&path, things);
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode | 0o700)).unwrap();
            }
        }
    }
}

/// Everything about a tree that a sync keeps.
fn portrait(root: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let (content, times) = if meta.is_dir() {
                folders.push(path.clone());
                (Vec::new(), (meta.mtime(), meta.mtime_nsec()))
            } else if meta.is_symlink() {
                (
                    fs::read_link(&path).unwrap().into_os_string().into_vec(),
                    (0, 0),
                )
            } else {
                (fs::read(&path).unwrap(), (meta.mtime(), meta.mtime_nsec()))
            };
            let mode = if meta.is_symlink() {
                0o120_000
            } else {
                meta.mode()
            };
            let key = path.strip_prefix(root).unwrap().to_path_buf();
            found.insert(key, (mode, times.0, times.1, content));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn trees_are_the_same_after_a_sync_and_after_the_next(before in tree(), after in tree()) {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        let settings = Settings { delete: true, ..Settings::default() };
        for things in [&before, &after] {
            let _ = fs::remove_dir_all(&from);
            fs::create_dir(&from).unwrap();
            build(&from, things);
            let report = pull(&from, &to, settings);
            prop_assert!(report.failed.is_empty(), "{:?}", report.failed);
            prop_assert_eq!(portrait(&from), portrait(&to));
            let again = pull(&from, &to, settings);
            prop_assert!(again.sent.is_empty() && again.linked.is_empty() && again.deleted.is_empty(), "{:?}", again);
        }
    }

    #[test]
    fn without_delete_the_other_things_stay(source in tree(), there in tree()) {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        for (path, things) in [(&from, &source), (&to, &there)] {
            fs::create_dir(path).unwrap();
            build(path, things);
        }
        let before = portrait(&to);
        pull(&from, &to, Settings::default());
        let (source, after) = (portrait(&from), portrait(&to));
        for (path, here) in &source {
            prop_assert_eq!(after.get(path).map(|there| (there.0, &there.3)), Some((here.0, &here.3)));
        }
        for path in before.keys().filter(|path| !after.contains_key(*path)) {
            // Only what was under something that changed its kind is gone.
            let changed = path.ancestors().any(|above| source.get(above).is_some_and(|(mode, ..)| mode & 0o170_000 != 0o040_000));
            prop_assert!(changed, "{:?} is gone", path);
        }
    }
}
