//! Random trees, written to disk and read back.

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// What is in a folder, by name.
pub(crate) type Tree = BTreeMap<Vec<u8>, Thing>;

/// What a tree is made of.
#[derive(Debug, Clone)]
pub(crate) enum Thing {
    File {
        content: Vec<u8>,
        mode: u32,
        /// In nanoseconds.
        mtime: i64,
    },
    Link(Vec<u8>),
    Folder {
        things: Tree,
        mode: u32,
    },
}

/// Half of them have a path that is deeper than a worker holds folders open, or that is long.
pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let chain = prop_oneof![
        2 => Just(None),
        1 => Just(Some((80, vec![b'd']))),
        1 => Just(Some((10, vec![b'l'; 255]))),
    ];
    (btree_map(name(), thing(), 0..8), chain, file()).prop_map(|(mut tree, chain, file)| {
        if let Some((depth, name)) = chain {
            let deep = (0..depth).fold(file, |inner, _| Thing::Folder {
                things: [(name.clone(), inner)].into(),
                mode: 0o755,
            });
            tree.insert(b"deep".to_vec(), deep);
        }
        tree
    })
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => "[a-d]{1,2}".prop_map(String::into_bytes),
        1 => Just(b"-rf * $(x) \n'\"\\".to_vec()),
        1 => Just("\u{fc}\u{1f980}".as_bytes().to_vec()),
        1 => Just(b"\xff\xfe not utf-8".to_vec()),
        1 => Just(vec![b'n'; 255]),
        1 => Just(b"...".to_vec()),
    ]
}

fn thing() -> impl Strategy<Value = Thing> {
    let target = prop_oneof![
        name(),
        Just(b"../..".to_vec()),
        Just(b"/nowhere/at all".to_vec()),
        Just(b"\xff".to_vec())
    ];
    let leaf = prop_oneof![3 => file(), 1 => target.prop_map(Thing::Link)];
    leaf.prop_recursive(5, 40, 6, |inner| {
        (btree_map(name(), inner, 0..6), 0_u32..0o1000)
            .prop_map(|(things, mode)| Thing::Folder { things, mode })
    })
}

fn file() -> impl Strategy<Value = Thing> {
    const FAR: i64 = 4_000_000_000_000_000_000;
    (vec(any::<u8>(), 0..2_000), 0_u32..0o1000, -FAR..FAR).prop_map(|(content, mode, mtime)| {
        Thing::File {
            content,
            mode,
            mtime,
        }
    })
}

/// Makes the tree; its owner can read the files and use the folders.
pub(crate) fn build(at: &Path, things: &Tree) {
    for (name, thing) in things {
        let path = at.join(OsStr::from_bytes(name));
        match thing {
            Thing::File {
                content,
                mode,
                mtime,
            } => {
                fs::write(&path, content).unwrap();
                set_time(&path, *mtime);
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

fn set_time(path: &Path, mtime: i64) {
    let offset = Duration::from_nanos(mtime.unsigned_abs());
    let time = match mtime < 0 {
        true => UNIX_EPOCH - offset,
        false => UNIX_EPOCH + offset,
    };
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

/// Everything about a thing that a sync keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// With what kind of thing it is.
    pub(crate) mode: u32,
    /// In nanoseconds; of links it is not kept.
    pub(crate) mtime: i64,
    /// Of a file, or the text of a link.
    pub(crate) content: Vec<u8>,
}

/// A whole tree, by path.
pub(crate) fn portrait(root: &Path) -> BTreeMap<PathBuf, Seen> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let key = path.strip_prefix(root).unwrap().to_path_buf();
            found.insert(key, see(&path));
            if fs::symlink_metadata(&path).unwrap().is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

fn see(path: &Path) -> Seen {
    let meta = fs::symlink_metadata(path).unwrap();
    let (mode, mtime) = (
        meta.mode(),
        meta.mtime() * 1_000_000_000 + meta.mtime_nsec(),
    );
    if meta.is_symlink() {
        let content = fs::read_link(path).unwrap().into_os_string().into_vec();
        let (mode, mtime) = (0o120_000, 0);
        return Seen {
            mode,
            mtime,
            content,
        };
    }
    let content = match meta.is_dir() {
        true => Vec::new(),
        false => fs::read(path).unwrap(),
    };
    Seen {
        mode,
        mtime,
        content,
    }
}
