//! A malicious target: it gets only what was listed, and that once.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use alloc::sync::Arc;

use crate::rsync::beneath::ROOT;
use crate::rsync::content_cache::ContentCache;
use crate::rsync::data_message::{CHUNK, DIRECT, DataMessage};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{
    FileResult, FromTarget, Note, NoteKind, Outcome, ProtocolError, Segment, SegmentKind, Settings,
    Unpacker, Want,
};
use crate::rsync::sender::Sender;
use crate::rsync::walk::{Links, Walk};

/// Counts the files that are settled.
#[derive(Default)]
struct Counter {
    settled: usize,
}

impl Observer for Counter {
    fn settled(&mut self, _path: &dyn Fn() -> Vec<u8>, _bytes: u64, _result: FileResult<'_>) {
        self.settled += 1;
    }
}

struct Source {
    sender: Sender<Counter>,
}

impl Source {
    fn new(tree: &Path, settings: Settings) -> Self {
        let mut walk = Walk::open(tree, Links::Keep, Counter::default()).unwrap();
        walk.list_all(&mut |_| {});
        let cache = Arc::new(ContentCache::new(Arc::clone(walk.index()), false));
        Self {
            sender: Sender::new(cache, settings, Counter::default()),
        }
    }

    fn hear(&mut self, message: &FromTarget) -> Result<(), ProtocolError> {
        self.sender.handle(message, &mut Vec::new())
    }

    fn want(&mut self, files: &[u32]) -> Result<(), ProtocolError> {
        let mut wants = Vec::new();
        files
            .iter()
            .for_each(|&file| Want { file, digest: None }.pack(&mut wants));
        self.hear(&FromTarget::Want(wants))
    }

    fn ack(&mut self, taken: u64, files: &[u32]) -> Result<(), ProtocolError> {
        let mut outcomes = Vec::new();
        let result = FileResult::Written;
        files
            .iter()
            .for_each(|&file| Outcome { file, result }.pack(&mut outcomes));
        self.hear(&FromTarget::Ack { taken, outcomes })
    }

    fn message(&mut self) -> (Vec<Segment>, Vec<u8>) {
        self.message_of(DataMessage::new(false))
    }

    fn message_of(&mut self, mut message: DataMessage) -> (Vec<Segment>, Vec<u8>) {
        self.sender.fill(&mut message);
        let mut unpacker = Unpacker::new(&message.segments);
        let mut segments = Vec::new();
        while !unpacker.is_empty() {
            segments.push(Segment::unpack(&mut unpacker).unwrap());
        }
        (segments, message.body().to_vec())
    }
}

fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("d")).unwrap();
    fs::write(tree.path().join("a"), "aaaa").unwrap();
    fs::write(tree.path().join("d/b"), "bb").unwrap();
    symlink("/etc/passwd", tree.path().join("link")).unwrap();
    tree
}

#[test]
fn only_listed_files_are_given_and_each_once() {
    let tree = tree();
    for wrong in [&[2][..], &[u32::MAX], &[0, 0], &[1, 0], &[0, 1, 2]] {
        let mut source = Source::new(tree.path(), Settings::default());
        assert_eq!(source.want(wrong), Err(ProtocolError::Request), "{wrong:?}");
    }
    let mut source = Source::new(tree.path(), Settings::default());
    source.want(&[0]).unwrap();
    source.want(&[1]).unwrap();
    assert_eq!(source.message().1, b"aaaabb");
    assert_eq!(source.want(&[1]), Err(ProtocolError::Request));
}

#[test]
fn only_listed_folders_are_listed_and_each_once() {
    let tree = tree();
    let ask = |folders: &[u32]| {
        let packed: Vec<u8> = folders
            .iter()
            .flat_map(|folder| folder.to_be_bytes())
            .collect();
        Source::new(tree.path(), Settings::default()).hear(&FromTarget::Ask(packed))
    };
    assert_eq!(ask(&[ROOT, 1]), Ok(()));
    assert_eq!(ask(&[1, ROOT]), Ok(()));
    assert_eq!(ask(&[2]), Err(ProtocolError::Request));
    assert_eq!(ask(&[1, 1]), Err(ProtocolError::Request));
    assert_eq!(ask(&[1, ROOT, 1]), Err(ProtocolError::Request));
}

#[test]
fn a_file_that_became_a_link_is_not_read() {
    let (tree, elsewhere) = (tree(), tempfile::tempdir().unwrap());
    fs::write(elsewhere.path().join("b"), "secret").unwrap();
    let mut source = Source::new(tree.path(), Settings::default());
    fs::remove_file(tree.path().join("a")).unwrap();
    symlink(elsewhere.path().join("b"), tree.path().join("a")).unwrap();
    fs::rename(tree.path().join("d"), tree.path().join("e")).unwrap();
    symlink(elsewhere.path(), tree.path().join("d")).unwrap();
    source.want(&[0, 1]).unwrap();
    let (segments, body) = source.message();
    assert_eq!(segments[0].kind, SegmentKind::Failed);
    // The folder is the one that was listed, whatever its name is now: it was held open.
    assert!(body.ends_with(b"bb") && !body.windows(6).any(|window| window == b"secret"));
}

#[test]
fn a_file_that_shrinks_is_reported_and_not_sent_as_whole() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("f"), vec![1; 3 * CHUNK]).unwrap();
    let mut source = Source::new(tree.path(), Settings::default());
    source.want(&[0]).unwrap();
    let (segments, _) = source.message();
    assert!(matches!(segments[..], [Segment { last: false, .. }]));
    fs::write(tree.path().join("f"), "short").unwrap();
    let (segments, _) = source.message();
    assert!(matches!(
        segments[..],
        [Segment {
            kind: SegmentKind::Failed,
            last: true,
            ..
        }]
    ));
}

#[test]
fn a_file_whose_pieces_stay_in_it_is_not_settled_before_its_last_segment() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("f"), vec![1; DIRECT]).unwrap();
    for fails in [false, true] {
        let mut source = Source::new(tree.path(), Settings::default());
        source.want(&[0]).unwrap();
        let (segments, body) = source.message_of(DataMessage::new(true));
        assert!(!segments[0].last && body.is_empty());
        assert_eq!(source.ack(1, &[0]), Err(ProtocolError::Acknowledgement));
        source.sender.sent(match fails {
            true => Err(io::Error::other("gone")),
            false => Ok(()),
        });
        let (segments, body) = source.message_of(DataMessage::new(true));
        let (kind, text) = match fails {
            true => (SegmentKind::Failed, &b"gone"[..]),
            false => (SegmentKind::More, &b""[..]),
        };
        assert!(segments.len() == 1 && segments[0].last && segments[0].kind == kind);
        assert_eq!(body, text);
    }
}

#[test]
fn the_window_bounds_what_is_sent_ahead() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("f"), vec![1; 8 * CHUNK]).unwrap();
    let window = u64::try_from(2 * CHUNK).unwrap();
    let mut source = Source::new(
        tree.path(),
        Settings {
            window,
            ..Settings::default()
        },
    );
    source.want(&[0]).unwrap();
    let mut messages = 0;
    while source.sender.can_send() {
        source.message();
        messages += 1;
    }
    assert_eq!(messages, 2);
    source.ack(window / 2, &[]).unwrap();
    assert!(source.sender.can_send());
}

#[test]
fn what_was_not_sent_cannot_be_acknowledged() {
    let tree = tree();
    let ready = || {
        let mut source = Source::new(tree.path(), Settings::default());
        source.want(&[0, 1]).unwrap();
        source
    };
    assert_eq!(ready().ack(1, &[]), Err(ProtocolError::Acknowledgement));
    assert_eq!(ready().ack(0, &[0]), Err(ProtocolError::Acknowledgement));
    let mut source = ready();
    source.message();
    assert_eq!(
        source.ack(u64::MAX, &[]),
        Err(ProtocolError::Acknowledgement)
    );
    source.ack(2, &[0]).unwrap();
    assert_eq!(source.ack(1, &[]), Err(ProtocolError::Acknowledgement));
    source.ack(2, &[1]).unwrap();
    assert_eq!(source.ack(2, &[1]), Err(ProtocolError::Acknowledgement));
    assert_eq!(source.sender.into_observer().settled, 2);
}

#[test]
fn a_target_cannot_be_done_before_everything_is_settled() {
    let tree = tree();
    let mut source = Source::new(tree.path(), Settings::default());
    source.want(&[0]).unwrap();
    assert_eq!(
        source.hear(&FromTarget::Done),
        Err(ProtocolError::OutOfTurn)
    );
    source.message();
    assert_eq!(
        source.hear(&FromTarget::Done),
        Err(ProtocolError::OutOfTurn)
    );
    source.ack(1, &[0]).unwrap();
    source.hear(&FromTarget::Done).unwrap();
    assert_eq!(source.want(&[1]), Err(ProtocolError::OutOfTurn));
}

#[test]
fn notes_are_about_listed_folders() {
    let tree = tree();
    let mut source = Source::new(tree.path(), Settings::default());
    let mut notes = Vec::new();
    Note {
        kind: NoteKind::Deleted,
        folder: 9,
        name: b"x",
        text: b"",
    }
    .pack(&mut notes);
    assert_eq!(
        source.hear(&FromTarget::Note(notes)),
        Err(ProtocolError::Request)
    );
}
