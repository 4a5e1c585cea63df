//! Both roles of a sync, and what neither may ever do for its peer.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use execnet::rsync::fuzzing;

const SECRET: &[u8] = b"kept from every peer";

/// The size of a file that is nothing else.
const HOLE: u64 = 64 << 10;

/// Whatever a source sends, nothing beside the root changes, and nothing unfinished stays in it.
pub fn rsync_receiver(input: &[u8]) {
    let place = tempfile::tempdir().expect("a temporary directory");
    let root = place.path().join("root");
    fs::create_dir_all(root.join("d")).expect("a root");
    fs::write(place.path().join("outside"), SECRET).expect("a file");
    symlink("..", root.join("l")).expect("a link");
    symlink("../outside", root.join("f")).expect("a link");
    let _ = fuzzing::receive(&root, input);
    assert_eq!(names(place.path()), ["outside", "root"]);
    let outside = fs::read(place.path().join("outside")).expect("what is outside");
    assert_eq!(outside, SECRET, "it was written to");
    let links = fs::metadata(place.path().join("outside")).expect("what is outside");
    assert_eq!(links.nlink(), 1, "it was given another name");
    let unfinished = names(&root)
        .into_iter()
        .find(|name| name.starts_with(".execnet-rsync."));
    assert_eq!(unfinished, None);
}

/// Whatever a target asks for, it gets the listed files at most, each once at most, and nothing else.
pub fn rsync_sender(input: &[u8]) {
    let place = tempfile::tempdir().expect("a temporary directory");
    let tree = place.path().join("tree");
    fs::create_dir_all(tree.join("d")).expect("a tree");
    fs::write(place.path().join("outside"), SECRET).expect("a file");
    fs::write(tree.join("a"), "<a>").expect("a file");
    fs::write(tree.join("d/b"), "<b>").expect("a file");
    let sparse = fs::File::create(tree.join("d/s")).expect("a file");
    sparse.set_len(HOLE).expect("a hole");
    fs::hard_link(tree.join("d/s"), tree.join("d/t")).expect("another name");
    symlink("../outside", tree.join("l")).expect("a link");
    let sent = fuzzing::send(&tree, input);
    let count = |what: &[u8]| {
        sent.windows(what.len())
            .filter(|window| *window == what)
            .count()
    };
    assert!(
        count(b"<a>") <= 1 && count(b"<b>") <= 1,
        "a file was sent twice"
    );
    let zeros = sent.iter().filter(|byte| **byte == 0).count();
    assert!(zeros as u64 <= 2 * HOLE, "{zeros} zeros were sent");
    let others = sent.len() - zeros;
    assert!(others <= 6, "something else was sent: {sent:?}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    names
}
