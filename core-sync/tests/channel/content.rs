//! Items of which a part is not in memory: whatever the content and the content writer of the link do, the peer gets a
//! whole frame.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::io::{self, ErrorKind};
use std::sync::mpsc;

use embedded_io_adapters::std::FromStd;
use execnet_core_sync::frame::FrameReader;
use execnet_core_sync::link::{Content, ContentWriter, Link, NoControl};
use execnet_core_sync::testing::{PIPE_CAPACITY, PipeWriter, pipe};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, Role};

/// More than is copied at once.
const MANY: usize = 200_000;

/// The writing end of a link that takes everything at once, so that the test needs no thread that reads.
#[derive(Clone)]
struct Sink(mpsc::Sender<Vec<u8>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Scene {
    channel: Channel,
    written: mpsc::Receiver<Vec<u8>>,
    /// Keeps the gateway's reader waiting.
    _peer: PipeWriter,
}

impl Scene {
    fn new(content_writer: impl FnOnce(Sink) -> Option<Box<dyn ContentWriter>>) -> Self {
        let (peer, reader) = pipe(PIPE_CAPACITY);
        let (sink, written) = mpsc::channel();
        let sink = Sink(sink);
        let link = Link::from_std(reader, sink.clone(), Arc::new(NoControl))
            .with_content_writer(content_writer(sink));
        let gateway = Gateway::new(link, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
        Self {
            channel: gateway.new_channel().unwrap(),
            written,
            _peer: peer,
        }
    }

    /// Sends the content between two bytes, then checks that the next frame follows it. Returns the bytes that the peer
    /// gets instead of the content, and the result of reading the content.
    fn send(&self, content: &dyn Content) -> (Vec<u8>, io::Result<()>) {
        let result = self.channel.send_with_content(b"<", content, b">").unwrap();
        self.channel.send(7).unwrap();
        let bytes: Vec<u8> = self.written.try_iter().flatten().collect();
        let mut frames = FrameReader::new(FromStd::new(&bytes[..]), usize::MAX);
        let mut next = || frames.next_frame().unwrap().unwrap().payload;
        let item = next();
        assert_eq!(next(), b"F\0\0\0\x07Q");
        let content = item
            .strip_prefix(b"<")
            .and_then(|item| item.strip_suffix(b">"));
        (content.unwrap().to_vec(), result)
    }
}

/// Content in memory, and what goes wrong with it.
#[derive(Default)]
struct Memory {
    bytes: Vec<u8>,
    /// Number of bytes that it has less than its size.
    missing: usize,
    /// Reading fails from this offset on.
    fails_at: Option<usize>,
    /// The next read is interrupted, as by a signal.
    interrupted: AtomicBool,
}

impl Memory {
    fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            ..Self::default()
        }
    }
}

impl Content for Memory {
    fn size(&self) -> usize {
        self.bytes.len() + self.missing
    }

    fn read_at(&self, offset: usize, buffer: &mut [u8]) -> io::Result<usize> {
        if self.interrupted.swap(false, Ordering::SeqCst) {
            return Err(ErrorKind::Interrupted.into());
        }
        let end = self.fails_at.unwrap_or(self.bytes.len());
        if offset >= end && self.fails_at.is_some() {
            return Err(ErrorKind::PermissionDenied.into());
        }
        let rest = &self.bytes[offset..end];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

/// Writes a number of bytes, in short writes that are interrupted every other time, and then refuses the rest.
struct Limited {
    sink: Sink,
    left: usize,
    written: Arc<AtomicUsize>,
    interrupted: bool,
}

impl ContentWriter for Limited {
    fn write_content(&mut self, content: &dyn Content, offset: usize) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        let mut bytes = vec![0; self.left.min(1000)];
        if bytes.is_empty() {
            return Err(ErrorKind::Unsupported.into());
        }
        let read = content.read_at(offset, &mut bytes)?;
        bytes.truncate(read);
        self.left -= read;
        self.written.fetch_add(read, Ordering::SeqCst);
        io::Write::write(&mut self.sink, &bytes)
    }
}

/// Writes all of the content and reports more.
struct Boastful(Sink);

impl ContentWriter for Boastful {
    fn write_content(&mut self, content: &dyn Content, offset: usize) -> io::Result<usize> {
        let mut bytes = vec![0; content.size() - offset];
        let read = content.read_at(offset, &mut bytes)?;
        io::Write::write(&mut self.0, &bytes[..read])?;
        Ok(read + 3)
    }
}

/// Finds no content at all.
struct Empty;

impl ContentWriter for Empty {
    fn write_content(&mut self, _: &dyn Content, _: usize) -> io::Result<usize> {
        Ok(0)
    }
}

fn many() -> Vec<u8> {
    (0..MANY).map(|n| (n % 251) as u8).collect()
}

#[test]
fn bytes_that_the_content_writer_refuses_are_copied() {
    for able in [None, Some(0), Some(1), Some(70_001), Some(MANY)] {
        let written = Arc::new(AtomicUsize::new(0));
        let scene = Scene::new(|sink| {
            let limited = Limited {
                sink,
                left: able?,
                written: written.clone(),
                interrupted: false,
            };
            Some(Box::new(limited))
        });
        assert_eq!(scene.channel.has_content_writer(), able.is_some());
        let (content, result) = scene.send(&Memory::new(&many()));
        result.unwrap();
        assert!(content == many(), "{able:?}");
        assert_eq!(written.load(Ordering::SeqCst), able.unwrap_or(0));
    }
}

#[test]
fn a_content_writer_that_reports_more_than_it_wrote_writes_no_more() {
    let scene = Scene::new(|sink| Some(Box::new(Boastful(sink))));
    let (content, result) = scene.send(&Memory::new(b"0123456789"));
    result.unwrap();
    assert_eq!(content, b"0123456789");
}

#[test]
fn content_of_which_the_content_writer_finds_nothing_is_copied() {
    let scene = Scene::new(|_| Some(Box::new(Empty)));
    let (content, result) = scene.send(&Memory::new(b"0123456789"));
    result.unwrap();
    assert_eq!(content, b"0123456789");
}

#[test]
fn empty_content_is_an_item_like_any_other() {
    let scene = Scene::new(|_| None);
    let (content, result) = scene.send(&Memory::default());
    result.unwrap();
    assert_eq!(content, b"");
}

#[test]
fn content_that_ends_early_is_completed_with_zeros_and_reported() {
    let scene = Scene::new(|_| None);
    let short = Memory {
        missing: 3,
        ..Memory::new(b"short")
    };
    let (content, result) = scene.send(&short);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(content, b"short\0\0\0");
}

#[test]
fn content_that_cannot_be_read_is_completed_with_zeros_and_reported() {
    let scene = Scene::new(|_| None);
    let unreadable = Memory {
        fails_at: Some(2),
        ..Memory::new(b"secret")
    };
    let (content, result) = scene.send(&unreadable);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(content, b"se\0\0\0\0");
}

#[test]
fn an_interrupted_read_is_repeated() {
    let scene = Scene::new(|_| None);
    let interrupted = Memory {
        interrupted: true.into(),
        ..Memory::new(b"whole")
    };
    let (content, result) = scene.send(&interrupted);
    result.unwrap();
    assert_eq!(content, b"whole");
}
