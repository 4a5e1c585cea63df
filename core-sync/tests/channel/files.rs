//! Channels as files that are written to and read from.

use std::io::{BufRead, ErrorKind, LineWriter, Read, Write};

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelCloseError, ChannelData};
use execnet_serializer::{Bytes, DumpOptions, LoadOptions, Value};

use crate::support::{exec, expect, with_gateway};

#[test]
fn each_write_is_one_item_and_the_channel_stays_open() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let mut file = channel.make_file_write();
        file.write_all(b"hello world\n").unwrap();
        file.write_all(b"").unwrap();
        file.flush().unwrap();
        drop(file);
        channel.send(42).unwrap();
        for expected in [Value::Bytes(b"hello world\n".to_vec()), Value::from(42)] {
            let frame = expect(&mut peer, ChannelData, channel.id());
            assert_eq!(LoadOptions::wire().loads(&frame.payload).unwrap(), expected);
        }
    });
}

#[test]
fn text_is_sent_as_text_in_whole_characters() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let mut file = channel.make_file_write().text();
        let euro = "€".as_bytes();
        for piece in [&b"10 "[..], &euro[..1], &euro[1..2], &euro[2..], b"!"] {
            file.write_all(piece).unwrap();
        }
        for expected in ["10 ", "€", "!"] {
            let frame = expect(&mut peer, ChannelData, channel.id());
            assert_eq!(
                LoadOptions::wire().loads(&frame.payload).unwrap(),
                Value::from(expected)
            );
        }
        let error = file.write_all(b"\xff").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    });
}

#[test]
fn lines_of_a_formatting_macro_are_one_item_each_behind_a_line_writer() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let mut file = LineWriter::new(channel.make_file_write().text());
        writeln!(file, "{} of {}", 1, 2).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.id());
        assert_eq!(
            LoadOptions::wire().loads(&frame.payload).unwrap(),
            Value::from("1 of 2\n")
        );
    });
}

#[test]
fn writing_to_a_closed_channel_is_a_broken_pipe() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close().unwrap();
        let error = channel.make_file_write().write_all(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_file_with_proxyclose_closes_its_channel() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        drop(channel.make_file_write().proxy_close());
        expect(&mut peer, ChannelClose, channel.id());
        let channel = exec(&gateway, &mut peer);
        drop(channel.make_file_read().proxy_close());
        expect(&mut peer, ChannelClose, channel.id());
    });
}

#[test]
fn reading_joins_items_of_bytes_and_of_text() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), "xyab").unwrap();
        peer.send(channel.id(), "").unwrap();
        peer.send(channel.id(), Bytes(b"cde\n45")).unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        let mut file = channel.make_file_read();
        let mut two = [0; 2];
        file.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"xy");
        let mut line = String::new();
        file.read_line(&mut line).unwrap();
        assert_eq!(line, "abcde\n");
        line.clear();
        file.read_line(&mut line).unwrap();
        assert_eq!(line, "45");
        for _ in 0..3 {
            assert_eq!(file.read(&mut two).unwrap(), 0, "the end is the end");
        }
    });
}

#[test]
fn an_item_that_is_not_text_is_an_error_of_that_read_alone() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), 42).unwrap();
        peer.send(channel.id(), "after").unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        let mut file = channel.make_file_read();
        let mut all = String::new();
        let error = file.read_to_string(&mut all).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        file.read_to_string(&mut all).unwrap();
        assert_eq!(all, "after");
    });
}

#[test]
fn the_kind_of_an_error_of_a_file_is_that_of_its_cause() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        assert_eq!(
            format!("{:?}", channel.make_file_read()),
            "<ChannelFileRead <Channel id=1 open>>"
        );
        assert_eq!(
            format!("{:?}", channel.make_file_write()),
            "<ChannelFileWrite <Channel id=1 open>>"
        );
        let mut file = channel.make_file_read();
        peer.write(ChannelData, channel.id(), b"no value").unwrap();
        let error = file.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        peer.hang_up();
        let error = file.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_remote_error_is_an_error_of_the_file() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let text = DumpOptions::wire().dumps("boom").unwrap();
        peer.write(ChannelCloseError, channel.id(), &text).unwrap();
        let error = channel.make_file_read().read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.to_string(), "remote code failed: boom");
    });
}
