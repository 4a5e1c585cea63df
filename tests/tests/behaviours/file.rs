//! Channels as files.

use std::io::{BufRead as _, Read as _, Write as _};

use execnet::Value;
use execnet_test_support::{LONG, receive};

use super::{gw, remote_error};

#[test]
fn test_channel_file_write() {
    gw(|gateway| {
        let source = "
            f = channel.makefile()
            f.write('hello world\\n')
            f.close()
            channel.send(42)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        assert_eq!(receive(&channel), Value::from("hello world\n"));
        assert_eq!(receive(&channel), Value::from(42));
    });
}

#[test]
fn test_channel_file_write_error() {
    gw(|gateway| {
        let channel = gateway.remote_exec("pass").unwrap();
        channel.wait_close_timeout(LONG).unwrap();
        let error = channel.make_file_write().write(b"hello").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn test_channel_file_proxyclose() {
    gw(|gateway| {
        let source = "
            f = channel.makefile(proxyclose=True)
            f.write('hello world')
            f.close()
            channel.send(42)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        assert_eq!(receive(&channel), Value::from("hello world"));
        let error = remote_error(channel.receive_timeout(LONG));
        assert!(error.text().contains("explicit"), "{error}");
    });
}

/// The same from this side, where the file may close its channel.
#[test]
fn a_file_with_proxyclose_ends_the_remote_file() {
    gw(|gateway| {
        let source = "
            inner = channel.receive()
            channel.send(''.join(inner.makefile('r')))
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let inner = gateway.new_channel().unwrap();
        channel.send(&inner).unwrap();
        let mut file = inner.make_file_write().text().proxy_close();
        file.write_all("snow: \u{2744}\nsecond".as_bytes()).unwrap();
        drop(file);
        assert_eq!(receive(&channel), Value::from("snow: \u{2744}\nsecond"));
    });
}

#[test]
fn test_channel_file_read() {
    gw(|gateway| {
        let channel = gateway.remote_exec("channel.send('xyabcde')").unwrap();
        let mut file = channel.make_file_read();
        let (mut two, mut five) = ([0; 2], [0; 5]);
        file.read_exact(&mut two).unwrap();
        file.read_exact(&mut five).unwrap();
        assert_eq!((&two, &five), (b"xy", b"abcde"));
    });
}

/// As above, read on the other side.
#[test]
fn text_written_to_a_channel_file_is_read_remotely() {
    gw(|gateway| {
        let source = "
            f = channel.makefile(mode='r')
            channel.send(f.read(2))
            channel.send(f.read(5))
        ";
        let channel = gateway.remote_exec(source).unwrap();
        channel
            .make_file_write()
            .text()
            .write_all(b"xyabcde")
            .unwrap();
        assert_eq!(receive(&channel), Value::from("xy"));
        assert_eq!(receive(&channel), Value::from("abcde"));
    });
}

#[test]
fn test_channel_file_read_empty() {
    gw(|gateway| {
        let channel = gateway.remote_exec("pass").unwrap();
        let mut file = channel.make_file_read();
        assert_eq!(file.read(&mut [0; 3]).unwrap(), 0);
        assert_eq!(file.read(&mut [0; 5]).unwrap(), 0);
    });
}

#[test]
fn test_channel_file_readline_remote() {
    gw(|gateway| {
        let channel = gateway.remote_exec("channel.send('123\\n45')").unwrap();
        let mut file = channel.make_file_read();
        let mut lines = [String::new(), String::new()];
        for line in &mut lines {
            file.read_line(line).unwrap();
        }
        assert_eq!(lines, ["123\n", "45"]);
    });
}
