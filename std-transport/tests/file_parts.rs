//! Items of which a part is in a file, over pipes of the system: whatever happens to the file, and whatever the peer
//! does, the stream of frames stays whole. core-sync tests other contents and content writers, over links in memory.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

use alloc::sync::Arc;
use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::thread;

use execnet::link::{Content, FileRange, Link, NoControl, PipeOutput};
use execnet::serializer::{Bytes, DumpOptions, Encoder, FromStd};
use execnet::{Channel, DisconnectReason, Gateway, GatewayConfig, Role, SendError};
use execnet_core_sync::frame::FrameReader;
use execnet_test_support::{LONG, within};
use rustix::event::{PollFd, PollFlags, poll};

/// More than any pipe here holds.
const MANY: usize = 1 << 20;

/// A gateway, what its peer reads, and what keeps its own reader waiting.
struct Scene {
    gateway: Gateway,
    reads: PipeReader,
    _writes: PipeWriter,
}

impl Scene {
    fn new() -> Self {
        let (reads, to_peer) = io::pipe().unwrap();
        let (from_peer, writes) = io::pipe().unwrap();
        let writer = PipeOutput::new(OwnedFd::from(to_peer));
        let content_writer = writer.content_writer();
        assert!(content_writer.is_some());
        let link = Link::from_std(from_peer, writer, Arc::new(NoControl))
            .with_content_writer(content_writer);
        let config = GatewayConfig::new("gw0", Role::Initiator);
        Self {
            gateway: Gateway::new(link, config).unwrap(),
            reads,
            _writes: writes,
        }
    }
}

/// Content in memory, which no system call takes.
struct Memory(Vec<u8>);

impl Content for Memory {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn read_at(&self, offset: usize, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.0[offset..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

fn content() -> Vec<u8> {
    (0..MANY).map(|n| (n % 251) as u8).collect()
}

/// A file of this content, in a directory of its own.
fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf, Arc<File>) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("f");
    fs::write(&path, content).unwrap();
    let file = File::open(&path).unwrap();
    (place, path, Arc::new(file))
}

fn range(file: &Arc<File>, offset: u64, len: usize) -> FileRange {
    let file = file.clone();
    FileRange { file, offset, len }
}

/// Sends the tuple of a number and the content.
fn send(channel: &Channel, content: &impl Content) -> Result<io::Result<()>, SendError> {
    let mut head = Encoder::new(Vec::new());
    head.int(7).unwrap();
    head.begin_bytes(content.size()).unwrap();
    let mut tail = Encoder::new(Vec::new());
    tail.tuple(2).unwrap();
    tail.stop().unwrap();
    channel.send_with_content(&head.into_inner(), content, &tail.into_inner())
}

fn item(content: &[u8]) -> Vec<u8> {
    DumpOptions::wire().dumps(&(7, Bytes(content))).unwrap()
}

fn payloads(reads: PipeReader, count: usize) -> Vec<Vec<u8>> {
    let mut frames = FrameReader::new(FromStd::new(reads), usize::MAX);
    let mut next = || frames.next_frame().unwrap().unwrap().payload;
    (0..count).map(|_| next()).collect()
}

fn await_bytes(reads: &PipeReader) {
    poll(&mut [PollFd::new(reads, PollFlags::IN)], None).unwrap();
}

/// Sends from the file while nobody reads, and changes it meanwhile. Returns the item that the peer then reads, and the
/// result of reading the file.
fn send_and_change(change: impl FnOnce(&PathBuf)) -> (Vec<u8>, io::Result<()>) {
    let Scene {
        gateway,
        reads,
        _writes,
    } = Scene::new();
    let (_place, path, file) = file(&content());
    let channel = gateway.new_channel().unwrap();
    let sending = thread::spawn(move || {
        let said = send(&channel, &range(&file, 0, MANY)).unwrap();
        channel.send("after").unwrap();
        said
    });
    // It has begun, and cannot finish.
    await_bytes(&reads);
    change(&path);
    let mut payloads = payloads(reads, 2);
    assert_eq!(
        payloads.pop().unwrap(),
        DumpOptions::wire().dumps("after").unwrap()
    );
    (payloads.pop().unwrap(), sending.join().unwrap())
}

#[test]
fn a_part_of_a_file_is_an_item_like_any_other() {
    within("a part of a file is an item like any other", LONG, || {
        let scene = Scene::new();
        let (content, channel) = (content(), scene.gateway.new_channel().unwrap());
        let (_place, _, file) = file(&content);
        assert!(channel.has_content_writer());
        let reading = thread::spawn(move || payloads(scene.reads, 4));
        for (offset, len) in [(0, MANY), (5000, 700_000), (MANY - 1, 1), (3, 0)] {
            let content = range(&file, offset as u64, len);
            send(&channel, &content).unwrap().unwrap();
        }
        let read = reading.join().unwrap();
        assert!(read[0] == item(&content));
        assert!(read[1] == item(&content[5000..705_000]));
        assert_eq!(read[2], item(&content[MANY - 1..]));
        assert_eq!(read[3], item(b""));
    });
}

#[test]
fn content_that_is_not_a_file_is_copied_through_memory() {
    within("content that is not a file", LONG, || {
        let scene = Scene::new();
        let channel = scene.gateway.new_channel().unwrap();
        let reading = thread::spawn(move || payloads(scene.reads, 1));
        send(&channel, &Memory(content())).unwrap().unwrap();
        assert!(reading.join().unwrap()[0] == item(&content()));
    });
}

#[test]
fn a_pipe_grows_when_a_large_frame_goes_through() {
    within("a pipe grows when a large frame goes through", LONG, || {
        let (_reads, pipe) = io::pipe().unwrap();
        let size = pipe.try_clone().unwrap();
        let size = || rustix::pipe::fcntl_getpipe_size(&size).unwrap();
        let usual = size();
        let mut wide = PipeOutput::new(OwnedFd::from(pipe));
        wide.write_all(b"small").unwrap();
        assert_eq!(size(), usual);
        // Not all of it: nobody reads.
        assert!(wide.write(&[0; 100_000]).unwrap() > 0);
        assert!(size() > usual, "{} bytes", size());

        let (_reads, pipe) = io::pipe().unwrap();
        let size = pipe.try_clone().unwrap();
        let size = || rustix::pipe::fcntl_getpipe_size(&size).unwrap();
        let (_place, _, file) = file(&content());
        let mut writer = PipeOutput::new(OwnedFd::from(pipe))
            .content_writer()
            .unwrap();
        let small = range(&file, 3, 60_000);
        assert_eq!(writer.write_content(&small, 1000).unwrap(), 59_000);
        assert_eq!(size(), usual);
        let large = range(&file, 3, 100_000);
        assert!(writer.write_content(&large, 0).unwrap() > 0);
        assert!(size() > usual, "{} bytes", size());
    });
}

#[test]
fn only_a_pipe_takes_parts_of_files() {
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    assert!(
        PipeOutput::new(OwnedFd::from(socket))
            .content_writer()
            .is_none()
    );
    let file = tempfile::tempfile().unwrap();
    assert!(
        PipeOutput::new(OwnedFd::from(file))
            .content_writer()
            .is_none()
    );
}

#[test]
fn a_file_that_is_shorter_leaves_the_stream_whole() {
    within(
        "a file that is shorter leaves the stream whole",
        LONG,
        || {
            let scene = Scene::new();
            let channel = scene.gateway.new_channel().unwrap();
            let (_place, _, file) = file(b"short");
            let said = send(&channel, &range(&file, 2, 10)).unwrap();
            assert_eq!(said.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            channel.send("after").unwrap();
            let read = payloads(scene.reads, 2);
            assert_eq!(read[0], item(b"ort\0\0\0\0\0\0\0"));
            assert_eq!(read[1], DumpOptions::wire().dumps("after").unwrap());
        },
    );
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_stream_whole() {
    within(
        "a file that cannot be read leaves the stream whole",
        LONG,
        || {
            let scene = Scene::new();
            let channel = scene.gateway.new_channel().unwrap();
            // It can be opened, but not read.
            let directory = Arc::new(File::open("/").unwrap());
            assert!(send(&channel, &range(&directory, 0, 3)).unwrap().is_err());
            channel.send("after").unwrap();
            let read = payloads(scene.reads, 2);
            assert_eq!(read[0], item(b"\0\0\0"));
            assert_eq!(read[1], DumpOptions::wire().dumps("after").unwrap());
        },
    );
}

#[test]
fn a_file_truncated_on_the_way_leaves_the_stream_whole() {
    within(
        "a file truncated on the way leaves the stream whole",
        LONG,
        || {
            let truncate =
                |path: &PathBuf| File::options().write(true).open(path).unwrap().set_len(0);
            let (read, said) = send_and_change(|path| truncate(path).unwrap());
            assert_eq!(said.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            assert_eq!(read.len(), item(&content()).len());
        },
    );
}

#[test]
fn a_file_that_grows_on_the_way_is_sent_as_far_as_it_was_announced() {
    within(
        "a file that grows on the way is sent as far as it was announced",
        LONG,
        || {
            let grow = |path: &PathBuf| {
                File::options()
                    .append(true)
                    .open(path)
                    .unwrap()
                    .write_all(b"more")
            };
            let (read, said) = send_and_change(|path| grow(path).unwrap());
            said.unwrap();
            assert!(read == item(&content()));
        },
    );
}

#[test]
fn a_file_replaced_on_the_way_is_sent_as_it_was() {
    within("a file replaced on the way is sent as it was", LONG, || {
        let (read, said) = send_and_change(|path| {
            let other = path.with_extension("new");
            fs::write(&other, "other").unwrap();
            fs::rename(other, path).unwrap();
        });
        said.unwrap();
        assert!(read == item(&content()));
    });
}

#[test]
fn a_send_to_a_peer_that_stops_reading_blocks_until_the_peer_ends() {
    within("a peer that stops reading", LONG, || {
        let scene = Scene::new();
        let (_place, _, file) = file(&content());
        let channel = scene.gateway.new_channel().unwrap();
        let other = scene.gateway.new_channel().unwrap();
        let sending = channel.clone();
        let sending = thread::spawn(move || send(&sending, &range(&file, 0, MANY)));
        await_bytes(&scene.reads);
        // These do not wait for the link.
        other.close();
        assert!(!sending.is_finished());
        // In the middle of the frame.
        drop(scene.reads);
        let Err(SendError::Disconnected(lost)) = sending.join().unwrap() else {
            panic!("it was sent");
        };
        // The gateway's reader has nothing to say: the peer still holds the other direction.
        assert!(
            matches!(lost.reason(), DisconnectReason::Write(_)),
            "{lost}"
        );
        assert!(channel.send("after").is_err());
    });
}
