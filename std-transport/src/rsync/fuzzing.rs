//! Both sides of a sync under arbitrary messages: for fuzz targets, and not part of the API.
//!
//! An input is a sequence of messages: a byte for the kind, two for a length, and that many bytes of records.

use alloc::sync::Arc;
use std::path::Path;

use super::beneath::{Kind, Meta};
use super::content_cache::ContentCache;
use super::data_message::DataMessage;
use super::protocol::{Content, FromSource, FromTarget, ProtocolError, Settings, Unpacker};
use super::receiver::{Receiver, Rules};
use super::sender::Sender;
use super::walk::{Links, Walk};

/// Lets a receiver for `root` take the messages, until it refuses one or has had all.
///
/// # Errors
/// The message that was refused, by its place in the input.
pub fn receive(root: &Path, input: &[u8]) -> Result<(), usize> {
    let folder = Meta {
        kind: Kind::Directory,
        mode: 0o755,
        size: 0,
        mtime: 0,
    };
    let (settings, rules) = (
        settings(input),
        Rules {
            entries: 1_000,
            ..Rules::default()
        },
    );
    let receiver = Receiver::new(root, &folder, settings, rules, ());
    let Ok(mut receiver) = receiver else {
        return Ok(());
    };
    let mut out = Vec::new();
    receiver.begin(&mut out);
    for (place, (kind, records)) in messages(input).enumerate() {
        let message = match kind % 4 {
            0 | 1 => FromSource::List(Arc::new(records.to_vec())),
            2 => {
                let (segments, body) = split(records);
                FromSource::Data(Content::new(segments, &body))
            }
            _ => FromSource::Finish,
        };
        receiver.handle(message, &mut out).map_err(|_| place)?;
        out.clear();
    }
    Ok(())
}

/// Lets a sender of `tree` take the messages, and gives the content that it sent in return.
#[must_use]
pub fn send(tree: &Path, input: &[u8]) -> Vec<u8> {
    let settings = settings(input);
    let Ok(walk) = Walk::open(tree, Links::Keep, ()) else {
        return Vec::new();
    };
    let mut walk = walk.with_hard_links(settings.hard_links);
    walk.list_all(&mut |_| {});
    let cache = Arc::new(ContentCache::new(
        Arc::clone(walk.index()),
        input.len().is_multiple_of(2),
    ));
    let mut sender = Sender::new(cache, settings, ());
    let (mut message, mut sent) = (DataMessage::new(false), Vec::new());
    for (kind, records) in messages(input) {
        if sender
            .handle(&from_target(kind, records), &mut Vec::new())
            .is_err()
        {
            break;
        }
        while sender.can_send() {
            sender.fill(&mut message);
            sent.extend_from_slice(message.body());
        }
    }
    sent
}

fn from_target(kind: u8, records: &[u8]) -> FromTarget {
    let records = records.to_vec();
    match kind % 5 {
        0 => FromTarget::Want(records),
        1 => FromTarget::Ask(records),
        2 => {
            let taken = records
                .first_chunk()
                .map_or(0, |bytes| u64::from_be_bytes(*bytes));
            FromTarget::Ack {
                taken,
                outcomes: records.get(8..).unwrap_or_default().to_vec(),
            }
        }
        3 => FromTarget::Note(records),
        _ => FromTarget::Done,
    }
}

/// The last two bytes decide.
fn settings(input: &[u8]) -> Settings {
    let mut last = input.iter().rev().copied();
    let (bits, more) = (last.next().unwrap_or(0), last.next().unwrap_or(0));
    Settings {
        delete: bits & 1 != 0,
        checksum: bits & 2 != 0,
        dry_run: bits & 4 != 0,
        special_modes: bits & 8 != 0,
        sparse: more & 1 != 0,
        hard_links: more & 2 != 0,
        fsync: more & 4 != 0,
        window: 1 << (bits >> 4),
    }
}

fn messages(input: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut unpacker = Unpacker::new(input);
    let mut next = move || -> Result<_, ProtocolError> { Ok((unpacker.u8()?, unpacker.short()?)) };
    core::iter::from_fn(move || next().ok())
}

/// Segments in front, as many as the first byte says, and the body.
fn split(records: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let count = records.first().map_or(0, |&count| usize::from(count));
    let rest = records.get(1..).unwrap_or_default();
    let len = rest.len().min(count * super::protocol::Segment::SIZE);
    let (segments, body) = rest.split_at(len);
    (segments.to_vec(), body.to_vec())
}
