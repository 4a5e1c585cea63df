//! Frames without a heap: one call at a time, `sum` and `echo`, with nothing but the codec and the headers.
//!
//! The memory is one frame, and what the stack needs.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embedded_io::{Read, Write};
use execnet_core_sync::frame::{Header, MessageCode, encode_to_slice};
use execnet_core_sync::serial::{Decoder, Event, Mark, encode, encode_mark};
use execnet_firmware::uart::{self, Rx, Tx};
use execnet_serializer::{ChannelId, Dump, LoadOptions, NodeKind};

/// The longest payload that is accepted.
const PAYLOAD: usize = 1100;
/// Values in one item: a list of so many ints, without one for the list.
const NODES: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Echo,
    Sum,
}

/// A call, until its channel is closed.
type Call = Option<(ChannelId, Function)>;

#[entry]
fn main() -> ! {
    let (rx, tx) = uart::start();
    let mut line = Line {
        rx,
        tx,
        decoder: Decoder::new(),
        number: None,
        is_new: false,
    };
    line.mark(Mark::End(0));
    loop {
        let mut call = None;
        while frame(&mut line, &mut call).is_some() {}
        // Another connection has begun, or the peer or an error of it has ended this one.
        let is_new = core::mem::take(&mut line.is_new);
        if let Some(number) = line.number.take_if(|_| !is_new) {
            line.mark(Mark::End(number));
        }
    }
}

/// The serial line, with the connection on it.
struct Line {
    rx: Rx,
    tx: Tx,
    decoder: Decoder,
    /// The number of the connection; `None` between two of them.
    number: Option<u32>,
    /// It has just begun.
    is_new: bool,
}

impl Line {
    fn mark(&mut self, mark: Mark) {
        // Writing to this UART does not fail.
        let _ = self.tx.write_all(&encode_mark(mark));
    }

    /// Reads a byte of frames. `None` if the connection has ended.
    fn byte(&mut self) -> Option<u8> {
        loop {
            let (mut input, mut output) = ([0], [0]);
            if self.rx.read(&mut input).is_err() {
                return None;
            }
            let decoded = self.decoder.decode(&input, &mut output);
            match decoded.event {
                Some(Event::Mark(Mark::Begin(number))) => {
                    self.is_new = self.number.replace(number) != Some(number);
                    self.mark(Mark::Accept(number));
                    if self.is_new {
                        return None;
                    }
                }
                Some(Event::Mark(Mark::End(number))) if self.number == Some(number) => {
                    self.number = None;
                    return None;
                }
                Some(Event::Malformed) if self.number.is_some() => return None,
                _ if decoded.written == 1 && self.number.is_some() => return Some(output[0]),
                _ => {}
            }
        }
    }

    fn fill(&mut self, room: &mut [u8]) -> Option<()> {
        for place in room {
            *place = self.byte()?;
        }
        Some(())
    }

    fn write(&mut self, mut bytes: &[u8]) {
        let mut encoded = [0; 32];
        while !bytes.is_empty() {
            let (taken, encoded) = encode(bytes, &mut encoded);
            let _ = self.tx.write_all(encoded);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    fn reply(&mut self, code: MessageCode, channel: ChannelId, value: &(impl Dump + ?Sized)) {
        let mut buffer = [0; 128];
        // No reply of this program is longer.
        if let Ok(frame) = encode_to_slice(code, channel, value, &mut buffer) {
            self.write(frame);
        }
    }

    fn close(&mut self, channel: ChannelId) {
        if let Some(header) = Header::new(MessageCode::ChannelClose, channel, 0) {
            self.write(&header.to_bytes());
        }
    }
}

/// Reads a frame, and answers it. `None` ends the connection.
fn frame(line: &mut Line, call: &mut Call) -> Option<()> {
    let mut header = [0; Header::SIZE];
    line.fill(&mut header)?;
    let header = Header::from_bytes(header);
    let mut buffer = [0; PAYLOAD];
    let len = header.payload_len(i32::MAX as usize).ok()?;
    let Some(payload) = buffer.get_mut(..len) else {
        for _ in 0..len {
            line.byte()?;
        }
        let text = "the frame is longer than the device accepts";
        line.reply(MessageCode::ChannelCloseError, header.channel, text);
        return Some(());
    };
    line.fill(payload)?;
    answer(line, call, &header, payload)
}

fn answer(line: &mut Line, call: &mut Call, header: &Header, payload: &[u8]) -> Option<()> {
    let channel = header.channel;
    match header.code {
        MessageCode::ChannelExec => match function(payload) {
            _ if call.is_some() => {
                line.reply(MessageCode::ChannelCloseError, channel, "a call is running");
            }
            None => {
                let text = "there is no such function; there are: echo, sum";
                line.reply(MessageCode::ChannelCloseError, channel, text);
            }
            Some(function) => *call = Some((channel, function)),
        },
        MessageCode::ChannelData => match *call {
            Some((id, Function::Echo)) if id == channel => {
                line.write(&header.to_bytes());
                line.write(payload);
            }
            Some((id, Function::Sum)) if id == channel => {
                *call = None;
                match sum(payload) {
                    Some(sum) => {
                        line.reply(MessageCode::ChannelData, channel, &sum);
                        line.close(channel);
                    }
                    None => {
                        let text = "the item is no list of at most 63 ints";
                        line.reply(MessageCode::ChannelCloseError, channel, text);
                    }
                }
            }
            // Of a channel that was closed meanwhile.
            _ => {}
        },
        MessageCode::ChannelClose
        | MessageCode::ChannelCloseError
        | MessageCode::ChannelLastMessage => {
            if call.is_some_and(|(id, _)| id == channel) {
                *call = None;
                if header.code == MessageCode::ChannelLastMessage {
                    line.close(channel);
                }
            }
        }
        MessageCode::GatewayTerminate => return None,
        MessageCode::Reconfigure => {}
        _ => return None,
    }
    Some(())
}

/// The function that a call names: the second but last of (source, file, name, arguments), or the source itself.
fn function(payload: &[u8]) -> Option<Function> {
    let document = LoadOptions::wire().document::<16>(payload).ok()?;
    let mut parts = document.root().items();
    let source = parts.next()?;
    let name = parts.nth(1).and_then(|name| name.as_str());
    match name.or_else(|| source.as_str())?.trim() {
        "echo" => Some(Function::Echo),
        "sum" => Some(Function::Sum),
        _ => None,
    }
}

fn sum(payload: &[u8]) -> Option<i64> {
    let document = LoadOptions::wire().document::<NODES>(payload).ok()?;
    let NodeKind::List(items) = document.root().kind() else {
        return None;
    };
    let mut sum: i64 = 0;
    for item in items {
        sum = sum.checked_add(item.as_i64()?)?;
    }
    Some(sum)
}
