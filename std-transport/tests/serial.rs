//! Devices behind a serial port, which is a pseudo terminal here.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::thread;

use execnet::{Group, GroupOptions, MakeGatewayError, ReceiveError, Value};
use execnet_core_sync::Role;
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::serial::{Decoder, Event, Listener, Mark, encode, encode_mark};
use execnet_serializer::FromStd;
use execnet_test_support::{LONG, bootstrap_error, group, receive, within};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// The device's end of a serial line.
struct Port {
    device: File,
    path: String,
    /// Open all the time: without it the device would read an error between two connections.
    _line: File,
}

impl Port {
    fn new() -> Self {
        let device = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&device).unwrap();
        unlockpt(&device).unwrap();
        let path = ptsname(&device, Vec::new()).unwrap().into_string().unwrap();
        let line = File::options().read(true).write(true).open(&path).unwrap();
        // As a serial port, it neither echoes nor changes bytes.
        let mut settings = rustix::termios::tcgetattr(&line).unwrap();
        settings.make_raw();
        let now = rustix::termios::OptionalActions::Now;
        rustix::termios::tcsetattr(&line, now, &settings).unwrap();
        Self {
            device: device.into(),
            path,
            _line: line,
        }
    }

    fn spec(&self) -> String {
        format!("serial={}//baud=57600", self.path)
    }

    /// Serves this many connections in a thread.
    fn serve(&self, connections: usize) -> thread::JoinHandle<()> {
        let (reader, writer) = (
            self.device.try_clone().unwrap(),
            self.device.try_clone().unwrap(),
        );
        thread::spawn(move || {
            let listener = Listener::new(FromStd::new(reader), FromStd::new(writer)).unwrap();
            for _ in 0..connections {
                let (reader, writer) = listener.accept().unwrap();
                let config = EndpointConfig::new(Role::Worker);
                let _ = Endpoint::new(reader, writer, config).serve(&functions());
            }
        })
    }

    /// Accepts a connection by hand. Returns its number.
    fn accept(&self) -> u32 {
        let (mut decoder, mut output) = (Decoder::new(), [0; 64]);
        loop {
            let mut byte = [0];
            (&self.device).read_exact(&mut byte).unwrap();
            let decoded = decoder.decode(&byte, &mut output);
            if let Some(Event::Mark(Mark::Begin(number))) = decoded.event {
                self.write(&encode_mark(Mark::Accept(number)));
                return number;
            }
        }
    }

    fn write(&self, bytes: &[u8]) {
        (&self.device).write_all(bytes).unwrap();
    }
}

fn functions() -> Functions {
    let mut functions = Functions::new();
    functions.register("echo", |channel: &EndpointChannel| {
        while let Ok(item) = channel.receive() {
            if channel.send(&*item).is_err() {
                return;
            }
        }
    });
    functions
}

#[test]
fn a_device_serves_one_connection_after_the_other() {
    within("serial port", LONG, || {
        let port = Port::new();
        let device = port.serve(3);
        for _ in 0..3 {
            let group = group();
            let gateway = group.make_gateway(port.spec()).unwrap();
            let channel = gateway.remote_exec("echo").unwrap();
            // All bytes, many times over: longer than the buffers on the way.
            let bytes: Vec<u8> = (0..=255).cycle().take(20_000).collect();
            for item in [Value::from(42), Value::from("\u{6c0}"), Value::Bytes(bytes)] {
                channel.send(&item).unwrap();
                assert_eq!(receive(&channel), item);
            }
            group.terminate_timeout(LONG);
        }
        device.join().unwrap();
    });
}

#[test]
fn noise_and_the_rest_of_an_earlier_connection_are_dropped() {
    within("noise", LONG, || {
        let port = Port::new();
        port.write(b"boot: ok\r\n\xC0\xC0B\xDB\xDB");
        port.write(&encode_mark(Mark::Accept(1)));
        port.write(b"\x04\0\0\0\x01\0\0\0\x06F\0");
        let device = port.serve(1);
        let group = group();
        let gateway = group.make_gateway(port.spec()).unwrap();
        let channel = gateway.remote_exec("echo").unwrap();
        channel.send(1).unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        group.terminate_timeout(LONG);
        device.join().unwrap();
    });
}

#[test]
fn a_device_that_restarts_within_a_frame_is_reported_and_can_be_reached_again() {
    within("restart", LONG, || {
        let port = Port::new();
        let group = group();
        let gateway = thread::scope(|scope| {
            let gateway = scope.spawn(|| group.make_gateway(port.spec()).unwrap());
            port.accept();
            gateway.join().unwrap()
        });
        let channel = gateway.new_channel().unwrap();
        let mut buffer = [0; 64];
        port.write(encode(b"\x04\0\0\0\x01\0\0\x10\0N\0", &mut buffer).1);
        port.write(&encode_mark(Mark::End(0)));
        let error = channel.receive().unwrap_err();
        let text = format!("{:#}", execnet::report(&error));
        assert!(matches!(error, ReceiveError::Disconnected(_)), "{text}");
        assert!(text.contains("the device has restarted"), "{text}");
        let device = port.serve(1);
        let gateway = group.make_gateway(port.spec()).unwrap();
        let channel = gateway.remote_exec("echo").unwrap();
        channel.send(1).unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        group.terminate_timeout(LONG);
        device.join().unwrap();
    });
}

#[test]
fn lost_bytes_that_show_are_reported() {
    within("lost bytes", LONG, || {
        let port = Port::new();
        let group = group();
        let gateway = thread::scope(|scope| {
            let gateway = scope.spawn(|| group.make_gateway(port.spec()).unwrap());
            port.accept();
            gateway.join().unwrap()
        });
        let channel = gateway.new_channel().unwrap();
        port.write(b"\xDB\x00");
        let error = channel.receive().unwrap_err();
        let text = format!("{:#}", execnet::report(&error));
        assert!(text.contains("lost or changed"), "{text}");
    });
}

#[test]
fn a_line_without_a_device_fails_at_the_deadline_and_shows_what_came() {
    let port = Port::new();
    let options = GroupOptions::new().with_bootstrap_timeout(Duration::from_secs(2));
    let group = Group::with_options(options);
    let text = thread::scope(|scope| {
        let attempt = scope.spawn(|| bootstrap_error(&group, &port.spec()));
        // The connection was begun, so that the port is open.
        let mut begun = [0; 7];
        (&port.device).read_exact(&mut begun).unwrap();
        port.write(b"U-Boot 2026.01\r\n");
        // And again.
        (&port.device).read_exact(&mut begun).unwrap();
        let error = attempt.join().unwrap();
        format!("{:#}", execnet::report(&*error))
    });
    assert!(text.contains("U-Boot"), "{text}");
}

#[test]
fn a_file_that_is_no_serial_port_is_refused() {
    let group = group();
    let error = bootstrap_error(&group, "serial=/dev/null");
    let text = format!("{:#}", execnet::report(&error));
    assert!(text.contains("it is not a serial port"), "{text}");
    let error = bootstrap_error(&group, "serial=/nonexistent/tty");
    assert!(error.to_string().contains("/nonexistent/tty"), "{error}");
}

#[test]
fn keys_of_other_transports_do_not_go_with_a_serial_line() {
    let group = group();
    for (spec, problem) in [
        (
            "serial=/dev/null//python=python3",
            "serial and python do not go together",
        ),
        (
            "serial=/dev/null//env:A=1",
            "serial and env do not go together",
        ),
        (
            "serial=/dev/null//popen",
            "popen and serial do not go together",
        ),
        (
            "serial=/dev/null//via=gw0",
            "serial and via do not go together",
        ),
        (
            "serial=/dev/null//baud=fast",
            "not a number of bits per second",
        ),
        (
            "serial=unix:/nonexistent//baud=9600",
            "a socket has no speed",
        ),
        ("serial=tcp:host", "is not HOST:PORT"),
        ("popen//baud=9600", "it goes with serial alone"),
    ] {
        match group.make_gateway(spec) {
            Err(MakeGatewayError::Spec(error)) => {
                assert!(error.to_string().contains(problem), "{spec}: {error}");
            }
            other => panic!("{spec}: {other:?}"),
        }
    }
}
