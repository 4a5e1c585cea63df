//! The text and the source of each public error. No text repeats that of the source.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use core::error::Error;
use core::fmt;
use std::io;

use execnet_serializer::{
    ChannelId, Dump, DumpError, EncodeError, Encoder, LoadError, dumps, loads,
};

use crate::frame::{Header, HeaderError, MessageCode, ReadError, TooLong};
use crate::session::{EncodeFrameError, OpenError, ProtocolError};
use crate::testing::{PIPE_CAPACITY, scripted};
use crate::{
    CallbackError, DisconnectReason, Disconnected, Gateway, GatewayConfig, InboxOverflow,
    ItemError, LinkError, MultiError, ReceiveError, RefusedId, RemoteError, Role, SendError,
    ServeError, SetCallbackError, SharedError, StatusError, TypeError, WaitCloseError,
};

const TRACEBACK: &str =
    "Traceback (most recent call last):\n  File \"<remote exec>\", line 1\nKeyError: 'x'\n";

/// The cause that a transport reports.
#[derive(Debug)]
struct Cause(&'static str);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Cause {}

/// A list with more elements than the format can represent.
struct Wide;

impl Dump for Wide {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.list(1 << 31)
    }
}

#[track_caller]
fn check(error: impl Error + 'static, text: &str, source: Option<&str>) {
    assert_eq!(error.to_string(), text);
    let found = error.source().map(ToString::to_string);
    assert_eq!(found.as_deref(), source, "the source of '{text}'");
    let mut link: &dyn Error = &error;
    while let Some(next) = link.source() {
        let (outer, inner) = (link.to_string(), next.to_string());
        assert!(!outer.contains(&inner), "'{outer}' repeats '{inner}'");
        link = next;
    }
}

/// The same, for an error that `main` may return: its `Debug` is for people to read.
#[track_caller]
fn check_top(error: impl Error + 'static, text: &str, source: Option<&str>) {
    let shown = format!("{error:?}");
    let mut expected = String::from(text);
    if let Some(source) = source {
        expected.push_str("\n\nCaused by:");
        for line in source.lines() {
            expected.push_str("\n    ");
            expected.push_str(line);
        }
    }
    assert_eq!(shown, expected);
    check(error, text, source);
}

fn io_error() -> io::Error {
    io::Error::other("the link broke")
}

/// The inner error of an I/O error, with a source.
#[derive(Debug)]
struct Inner;

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the link broke")
    }
}

impl Error for Inner {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Cause("the cable is cut"))
    }
}

fn load_error() -> LoadError {
    loads(b"").unwrap_err()
}

fn dump_error() -> DumpError {
    dumps(&Wide).unwrap_err()
}

fn lost(reason: DisconnectReason, cause: Option<&'static str>) -> Disconnected {
    let cause = cause.map(|text| Arc::new(Cause(text)) as SharedError);
    Disconnected::new(reason, cause)
}

#[test]
fn errors_of_receiving() {
    let remote = || RemoteError::new(TRACEBACK);
    let whole = Some(TRACEBACK.trim_end());
    check_top(remote(), "remote code failed: KeyError: 'x'", whole);
    check_top(
        ReceiveError::Remote(remote()),
        "remote code failed: KeyError: 'x'",
        whole,
    );
    check_top(
        WaitCloseError::Remote(remote()),
        "remote code failed: KeyError: 'x'",
        whole,
    );
    check_top(
        ReceiveError::Remote(RemoteError::new("boom")),
        "remote code failed: boom",
        None,
    );
    let load = load_error();
    let text = format!("cannot decode the item: {load}");
    check_top(ItemError::Load(load.clone()), &text, None);
    check_top(
        ReceiveError::Item(ItemError::Load(load.clone())),
        &text,
        None,
    );
    let callback = CallbackError::Item(ItemError::Load(load));
    let text = format!("the callback was not called: {text}");
    check_top(callback.clone(), &text, None);
    check_top(WaitCloseError::Callback(callback), &text, None);
    let refused = ItemError::Channel(RefusedId::NotPositive(ChannelId(0)));
    let text = "the item was refused: channel id 0 is not positive";
    check_top(ReceiveError::Item(refused), text, None);
    let text = "cannot decode the item: no memory is left beside it";
    check_top(ReceiveError::Item(ItemError::Memory), text, None);
    let overflow = InboxOverflow { limit: 7 };
    let text = "the channel was closed: more than 7 bytes wait to be received";
    check_top(ReceiveError::Overflow(overflow), text, None);
    check_top(WaitCloseError::Overflow(overflow), text, None);
    check_top(ReceiveError::Timeout, "no item arrived in time", None);
    check_top(ReceiveError::Closed, "the channel is closed", None);
    check_top(
        ReceiveError::HasCallback,
        "cannot receive: the channel has a callback",
        None,
    );
    check_top(
        WaitCloseError::Timeout,
        "the channel was not closed in time",
        None,
    );
}

#[cfg(feature = "serde")]
#[test]
fn errors_of_types() {
    let error = || TypeError::new("at .free: expected u64, found str".into());
    check(error(), "at .free: expected u64, found str", None);
    check_top(
        ReceiveError::Item(ItemError::Type(error())),
        "the item has another type: at .free: expected u64, found str",
        None,
    );
    check_top(
        SendError::Type(error()),
        "at .free: expected u64, found str",
        None,
    );
}

#[test]
fn errors_of_a_lost_connection() {
    use DisconnectReason::{
        EndOfStream, Exited, Panicked, Protocol, Read, Terminated, Thread, Write,
    };
    let cut = || Read(ReadError::HeaderCut { got: 3 });
    let broken = || Read(ReadError::Link(LinkError::from(io_error())));
    let cut_text = "unexpected end of stream inside a frame's header, after 3 of 9 bytes";
    let broken_text = "cannot read from the link: the link broke";
    let write_text = "cannot write to the link: the link broke";
    let thread_text = "cannot start a thread: the link broke";
    for (reason, text) in [
        (Terminated, "the peer is shutting down"),
        (EndOfStream, "the peer closed the link"),
        (cut(), cut_text),
        (broken(), broken_text),
        (Write(LinkError::from(io_error())), write_text),
        (
            Protocol(ProtocolError::NoSettings(ChannelId(1))),
            "malformed RECONFIGURE of channel 1",
        ),
        (Thread(io_error()), thread_text),
        (Panicked, "a thread of the gateway panicked"),
    ] {
        assert_eq!(reason.to_string(), text);
        check_top(
            lost(reason, None),
            &format!("connection lost: {text}"),
            None,
        );
    }
    check(broken(), broken_text, None);
    check_top(lost(Exited, None), "the gateway was exited", None);
    let exit = "connection lost: the worker exited with status 7";
    check_top(
        lost(EndOfStream, Some("the worker exited with status 7")),
        exit,
        None,
    );
    let cause = "the worker exited with status 7\n  command: python";
    check_top(lost(EndOfStream, Some(cause)), exit, Some(cause));
    let text = format!("{exit} ({cut_text})");
    check_top(lost(cut(), Some(cause)), &text, Some(cause));
    for error in [
        ReceiveError::Disconnected(lost(EndOfStream, Some(cause))).into(),
        WaitCloseError::Disconnected(lost(EndOfStream, Some(cause))).into(),
    ] as [Box<dyn Error>; 2]
    {
        assert_eq!(error.to_string(), exit);
        assert_eq!(error.source().unwrap().to_string(), cause);
    }
    check_top(
        SendError::Disconnected(lost(EndOfStream, Some(cause))),
        &format!("cannot send: {exit}"),
        Some(cause),
    );
    check_top(
        ServeError::Disconnected(lost(EndOfStream, None)),
        "connection lost: the peer closed the link",
        None,
    );
}

#[test]
fn an_io_error_with_a_source_gives_its_source() {
    use DisconnectReason::{Read, Thread, Write};
    let with_source = || io::Error::other(Inner);
    let link = || LinkError::from(with_source());
    let cause = Some("the cable is cut");
    check(link(), "the link broke", cause);
    let read = || Read(ReadError::Link(link()));
    let read_text = "cannot read from the link: the link broke";
    let write_text = "cannot write to the link: the link broke";
    let thread_text = "cannot start a thread: the link broke";
    check(read(), read_text, cause);
    check(Write(link()), write_text, cause);
    check(Thread(with_source()), thread_text, cause);
    let text = format!("connection lost: {read_text}");
    check_top(lost(read(), None), &text, cause);
    check_top(
        ServeError::Start(with_source()),
        "cannot start serving: the link broke",
        cause,
    );
    check_top(
        ServeError::Bootstrap(with_source()),
        "no controller has started this worker: the link broke",
        cause,
    );
    check_top(ServeError::Disconnected(lost(read(), None)), &text, cause);
    check_top(
        SetCallbackError::Thread(with_source()),
        "cannot start the callback thread: the link broke",
        cause,
    );
}

#[test]
fn equal_disconnects_have_the_same_kind_and_text() {
    use DisconnectReason::{EndOfStream, Read, Terminated};
    let exit = || lost(EndOfStream, Some("exit 1\n  command: a"));
    assert_eq!(exit(), exit());
    assert_ne!(exit(), lost(EndOfStream, Some("exit 1\n  command: b")));
    assert_ne!(exit(), lost(Terminated, Some("exit 1\n  command: a")));
    let cut = |got| lost(Read(ReadError::HeaderCut { got }), Some("exit 1"));
    assert_eq!(cut(3), cut(3));
    assert_ne!(cut(3), cut(4));
    assert_eq!(
        ReceiveError::Disconnected(exit()),
        ReceiveError::Disconnected(exit())
    );
    assert_ne!(ReceiveError::Disconnected(exit()), ReceiveError::Timeout);
}

#[test]
fn errors_of_sending_status_and_serving() {
    let dump = dump_error();
    let text = format!("cannot encode the value: {dump}");
    check(EncodeFrameError::Dump(dump.clone()), &text, None);
    check_top(SendError::from(dump), &text, None);
    let long = TooLong { len: 1 << 31 };
    let text = "payload of 2147483648 bytes is longer than a frame can carry";
    check(long, text, None);
    check(EncodeFrameError::TooLong(long), text, None);
    check(
        EncodeFrameError::Memory,
        "no memory for the encoded value",
        None,
    );
    check_top(
        SendError::Closed,
        "cannot send: the channel is closed",
        None,
    );
    let text = "all channel ids of this gateway are used up";
    check_top(SendError::IdsUsedUp, text, None);
    check(OpenError::IdsUsedUp, text, None);
    check(OpenError::LinkEnd, "the link ended", None);
    check_top(
        StatusError::Send(SendError::Closed),
        "the status was not requested: cannot send: the channel is closed",
        None,
    );
    check_top(
        StatusError::Receive(ReceiveError::Remote(RemoteError::new(TRACEBACK))),
        "no status was received: remote code failed: KeyError: 'x'",
        Some(TRACEBACK.trim_end()),
    );
    check_top(StatusError::Answer, "the answer is not a status", None);
    check_top(
        ServeError::Start(io_error()),
        "cannot start serving: the link broke",
        None,
    );
    check_top(
        ServeError::Bootstrap(io_error()),
        "no controller has started this worker: the link broke",
        None,
    );
    check_top(
        ServeError::StillRunning(vec!["a".into(), "b".into()]),
        "the controller is gone, and these functions still run: a, b",
        None,
    );
}

#[test]
fn errors_of_callbacks() {
    let text = "the callback failed: it was late";
    check_top(CallbackError::Failed("it was late".into()), text, None);
    let text = "the callback panicked: out of range";
    check_top(CallbackError::Panicked("out of range".into()), text, None);
    check_top(
        SetCallbackError::HasCallback,
        "the channel has a callback",
        None,
    );
    check_top(
        SetCallbackError::Thread(io_error()),
        "cannot start the callback thread: the link broke",
        None,
    );
}

#[test]
fn errors_of_several_channels() {
    let (link, _peer) = scripted(PIPE_CAPACITY);
    let config = GatewayConfig::new("gw\n0", Role::Initiator);
    let channel = Gateway::new(link, config).unwrap().new_channel().unwrap();
    let error = ReceiveError::Remote(RemoteError::new(TRACEBACK));
    check_top(
        MultiError { channel, error },
        "channel 1 of gateway 'gw\\n0': remote code failed: KeyError: 'x'",
        Some(TRACEBACK.trim_end()),
    );
}

#[test]
fn errors_of_frames_and_ids() {
    let negative = HeaderError::NegativeLength(-2);
    let text = "frame announces a payload of -2 bytes";
    check(negative, text, None);
    check(ReadError::<io::Error>::Header(negative), text, None);
    check(
        HeaderError::TooLong { len: 9, limit: 8 },
        "frame announces a payload of 9 bytes, above the limit of 8",
        None,
    );
    check(
        ReadError::<io::Error>::PayloadCut {
            expected: 5,
            got: 2,
        },
        "unexpected end of stream inside a frame's payload, after 2 of 5 bytes",
        None,
    );
    check(
        ReadError::<io::Error>::Memory { len: 5 },
        "no memory for a payload of 5 bytes",
        None,
    );
    check(
        ReadError::Link(io_error()),
        "cannot read from the link",
        Some("the link broke"),
    );
    check(LinkError::from(io_error()), "the link broke", None);
    let no_std = LinkError::of(&embedded_io::ErrorKind::BrokenPipe);
    assert_eq!(format!("{no_std:?}").matches("BrokenPipe").count(), 2);
    check(no_std, "BrokenPipe", None);
    let id = ChannelId(3);
    for (refused, text) in [
        (RefusedId::NotPositive(id), "channel id 3 is not positive"),
        (
            RefusedId::NotAllocated(id),
            "channel id 3 was never allocated",
        ),
        (
            RefusedId::TooMany { id, limit: 2 },
            "channel id 3 is beyond the limit of 2 channels made by the peer",
        ),
        (RefusedId::InUse(id), "channel id 3 is in use"),
        (RefusedId::Memory(id), "no memory for the channel of id 3"),
    ] {
        check(refused, text, None);
    }
    let banner = Header::from_bytes(*b"Welcome\x1b\n");
    check(
        ProtocolError::UnknownCode(banner),
        r#"unknown message code 87 (is this text on the link: "Welcome\x1b\n"?)"#,
        None,
    );
    check(
        ProtocolError::UnknownCode(Header::from_bytes(*b"\x0b\0\0\0\0\0\0\0\x02")),
        r#"unknown message code 11 (GATEWAY_CONFIG of execnet 3) (is this text on the link: "\x0b\x00\x00\x00\x00\x00\x00\x00\x02"?)"#,
        None,
    );
    let text = "malformed CREDIT of channel 3";
    check(ProtocolError::NoCredit(id), text, None);
    let text = "the peer does not read: 9 answers are unwritten";
    check(ProtocolError::TooManyReplies { limit: 9 }, text, None);
}

#[test]
fn message_codes_have_execnets_names() {
    let names = [
        "STATUS",
        "RECONFIGURE",
        "GATEWAY_TERMINATE",
        "CHANNEL_EXEC",
        "CHANNEL_DATA",
        "CHANNEL_CLOSE",
        "CHANNEL_CLOSE_ERROR",
        "CHANNEL_LAST_MESSAGE",
        "code 8 (GATEWAY_START_SOCKET of execnet 3)",
        "code 9 (GATEWAY_START_SUB of execnet 3)",
        "code 10 (GATEWAY_INFO of execnet 3)",
        "code 11 (GATEWAY_CONFIG of execnet 3)",
        "code 12 (GATEWAY_SERVICE of execnet 3)",
        "code 13",
    ];
    for (byte, name) in (0..).zip(names) {
        assert_eq!(MessageCode::from_wire(byte).to_string(), name);
    }
    assert_eq!(MessageCode::from_wire(64).to_string(), "CHANNEL_CREDIT");
}

#[test]
fn predicates_name_the_kind() {
    use DisconnectReason::EndOfStream;
    let gone = || lost(EndOfStream, None);
    let remote = || RemoteError::new("boom");
    let receive = [
        (ReceiveError::Timeout, [true, false, false, false]),
        (ReceiveError::Closed, [false, true, false, false]),
        (
            ReceiveError::Disconnected(gone()),
            [false, false, true, false],
        ),
        (ReceiveError::Remote(remote()), [false, false, false, true]),
        (ReceiveError::HasCallback, [false; 4]),
    ];
    for (error, expected) in receive {
        let found = [
            error.is_timeout(),
            error.is_closed(),
            error.is_disconnected(),
            error.as_remote() == Some(&remote()),
        ];
        assert_eq!(found, expected, "{error}");
        let status = StatusError::Receive(error.clone());
        let found = [status.is_timeout(), status.is_disconnected()];
        assert_eq!(found, [error.is_timeout(), error.is_disconnected()]);
    }
    for (error, expected) in [
        (WaitCloseError::Timeout, [true, false, false]),
        (WaitCloseError::Disconnected(gone()), [false, true, false]),
        (WaitCloseError::Remote(remote()), [false, false, true]),
    ] {
        let remote = error.as_remote() == Some(&remote());
        let found = [error.is_timeout(), error.is_disconnected(), remote];
        assert_eq!(found, expected, "{error}");
    }
    for (error, expected) in [
        (SendError::Closed, [true, false]),
        (SendError::Disconnected(gone()), [false, true]),
        (SendError::IdsUsedUp, [false, false]),
    ] {
        assert_eq!([error.is_closed(), error.is_disconnected()], expected);
        let status = StatusError::Send(error.clone());
        assert_eq!(status.is_disconnected(), error.is_disconnected());
    }
    assert!(!StatusError::Answer.is_disconnected() && !StatusError::Answer.is_timeout());
}
