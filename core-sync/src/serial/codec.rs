//! The bytes on a serial line: those of frames, and marks.

use execnet_serializer::heapless;

/// Begins a mark. In data it is escaped.
const MARK: u8 = 0xC0;

/// The byte after it is [`ESCAPED_MARK`] or [`ESCAPED_ESCAPE`].
const ESCAPE: u8 = 0xDB;
const ESCAPED_MARK: u8 = 0xDC;
const ESCAPED_ESCAPE: u8 = 0xDD;

/// Bytes of a mark behind [`MARK`]: kind, number, check.
const CONTENT: usize = 6;

/// So that a mark of zeros is not valid.
const CHECK: u8 = 0xA5;

/// Maximal length of an encoded mark, in bytes: all bytes of its content may be escaped.
pub const MAX_MARK: usize = 1 + 2 * CONTENT;

/// The beginning or the end of a connection. Each connection has a number, which its controller chooses at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The controller begins a connection. Earlier ones have ended.
    Begin(u32),
    /// The device accepts the connection: its frames follow.
    Accept(u32),
    /// The sender has ended the connection. The number is 0 if the device has restarted.
    End(u32),
}

impl Mark {
    fn parts(self) -> (u8, u32) {
        match self {
            Self::Begin(number) => (b'B', number),
            Self::Accept(number) => (b'A', number),
            Self::End(number) => (b'E', number),
        }
    }

    fn content(self) -> [u8; CONTENT] {
        let (kind, number) = self.parts();
        let [a, b, c, d] = number.to_be_bytes();
        [kind, a, b, c, d, CHECK ^ kind ^ a ^ b ^ c ^ d]
    }

    fn from_content(content: [u8; CONTENT]) -> Option<Self> {
        let [kind, a, b, c, d, _] = content;
        let number = u32::from_be_bytes([a, b, c, d]);
        let mark = match kind {
            b'B' => Self::Begin(number),
            b'A' => Self::Accept(number),
            b'E' => Self::End(number),
            _ => return None,
        };
        (mark.content() == content).then_some(mark)
    }
}

/// The encoded mark.
#[must_use]
pub fn encode_mark(mark: Mark) -> heapless::Vec<u8, MAX_MARK> {
    let mut bytes = heapless::Vec::new();
    // There is room for all of it, see `MAX_MARK`.
    let _ = bytes.push(MARK);
    for byte in mark.content() {
        let _ = bytes.extend_from_slice(escaped(&byte));
    }
    bytes
}

/// Encodes bytes of frames into `output`, as many as fit: returns their number, and the encoded bytes.
///
/// ```
/// let mut output = [0; 8];
/// let (taken, encoded) = execnet_core_sync::serial::encode(b"a\xC0b", &mut output);
/// assert_eq!((taken, encoded), (3, &b"a\xDB\xDCb"[..]));
/// ```
pub fn encode<'o>(bytes: &[u8], output: &'o mut [u8]) -> (usize, &'o [u8]) {
    let (mut taken, mut filled) = (0, 0);
    for byte in bytes {
        let encoded = escaped(byte);
        let Some(room) = output.get_mut(filled..filled + encoded.len()) else {
            break;
        };
        room.copy_from_slice(encoded);
        filled += encoded.len();
        taken += 1;
    }
    (taken, output.get(..filled).unwrap_or_default())
}

/// The bytes that stand for this one.
pub(super) fn escaped(byte: &u8) -> &[u8] {
    match *byte {
        MARK => &[ESCAPE, ESCAPED_MARK],
        ESCAPE => &[ESCAPE, ESCAPED_ESCAPE],
        _ => core::slice::from_ref(byte),
    }
}

/// Separates the bytes of frames from marks. It keeps at most one mark in memory.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    is_escaped: bool,
    mark: Option<heapless::Vec<u8, CONTENT>>,
}

/// What a [`Decoder`] has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Number of bytes that were taken from the input.
    pub read: usize,
    /// Number of bytes that were written to the output: they came before the event.
    pub written: usize,
    /// Why decoding stopped, if not because the input ends or the output is full.
    pub event: Option<Event>,
}

/// What a line carries beside data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A mark.
    Mark(Mark),
    /// Bytes that are neither data nor a mark: noise, or bytes were lost.
    Malformed,
}

enum Symbol {
    Data(u8),
    Event(Event),
}

impl Decoder {
    /// A decoder at the beginning of a line.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            is_escaped: false,
            mark: None,
        }
    }

    /// Decodes as much of `input` as fits into `output`, up to the first event.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Decoded {
        let mut done = Decoded::default();
        for &byte in input {
            let Some(room) = output.get_mut(done.written) else {
                break;
            };
            done.read += 1;
            match self.push(byte) {
                None => {}
                Some(Symbol::Data(byte)) => {
                    *room = byte;
                    done.written += 1;
                }
                Some(Symbol::Event(event)) => {
                    done.event = Some(event);
                    break;
                }
            }
        }
        done
    }

    fn push(&mut self, byte: u8) -> Option<Symbol> {
        let byte = match (core::mem::take(&mut self.is_escaped), byte) {
            // Wherever it comes: a side that has restarted cuts off what it was sending.
            (_, MARK) => {
                self.mark = Some(heapless::Vec::new());
                return None;
            }
            (false, ESCAPE) => {
                self.is_escaped = true;
                return None;
            }
            (false, byte) => byte,
            (true, ESCAPED_MARK) => MARK,
            (true, ESCAPED_ESCAPE) => ESCAPE,
            (true, _) => {
                self.mark = None;
                return Some(Symbol::Event(Event::Malformed));
            }
        };
        let Some(mut mark) = self.mark.take() else {
            return Some(Symbol::Data(byte));
        };
        // Fits, as a complete mark is not put back.
        let _ = mark.push(byte);
        match mark.into_array() {
            Ok(content) => {
                let mark = Mark::from_content(content);
                Some(Symbol::Event(mark.map_or(Event::Malformed, Event::Mark)))
            }
            Err(incomplete) => {
                self.mark = Some(incomplete);
                None
            }
        }
    }
}
