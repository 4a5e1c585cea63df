//! What clients that have not authenticated can do to a server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use execnet::{Listen, ServerEvent, ServerOptions, Token, Value};
use execnet_test_support::{
    LONG, Served, bootstrap_error, eventually, group, loopback, private_directory, receive, within,
};

/// What a connection reads until its end.
fn last_words(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// 64 of them used up all the connections that a server has.
#[test]
fn silent_connections_lock_nobody_out() {
    for silent in [64, 300] {
        let served = Served::tcp(ServerOptions::new());
        within("silent connections", LONG, move || {
            let connect = |_| TcpStream::connect(served.address()).unwrap();
            let strangers: Vec<TcpStream> = (0..silent).map(connect).collect();
            let group = group();
            let gateway = group.make_gateway(&served.spec).unwrap();
            let channel = gateway.remote_exec("channel.send(1)").unwrap();
            assert_eq!(receive(&channel), Value::from(1));
            drop(strangers);
        });
    }
}

#[test]
fn a_displaced_connection_gets_the_reason() {
    let served = Served::tcp(
        ServerOptions::new()
            .with_max_unauthenticated(1)
            .with_handshake_timeout(Duration::MAX),
    );
    within("displaced", LONG, move || {
        let connect = || TcpStream::connect(served.address()).unwrap();
        let (silent, _next) = (connect(), connect());
        let reason = "too many connections that have not authenticated";
        assert_eq!(last_words(silent), format!("execnet: refused: {reason}\n"));
        assert_eq!(served.refusal(), reason);
        // They take no place of those that authenticate.
        group().make_gateway(&served.spec).unwrap();
    });
}

#[test]
fn only_clients_that_are_served_count_as_connections() {
    let served = Served::tcp(ServerOptions::new().with_max_connections(1));
    within("served", LONG, move || {
        let _silent = TcpStream::connect(served.address()).unwrap();
        let first = group();
        first.make_gateway(&served.spec).unwrap();
        let error = bootstrap_error(&group(), &served.spec);
        assert!(error.output().contains("too many connections"), "{error}");
        assert!(matches!(served.event(), ServerEvent::Accepted { .. }));
        assert_eq!(served.refusal(), "too many connections");
        first.terminate_timeout(LONG);
        eventually("there is room again", LONG, || {
            group().make_gateway(&served.spec).is_ok()
        });
    });
}

/// There was a report for each, in a queue without a limit.
#[test]
fn refusals_are_reported_in_a_bounded_number_and_counted() {
    const REFUSED: u64 = 1000;
    let mut served = Served::tcp(ServerOptions::new());
    within("reports", LONG, move || {
        for _ in 0..REFUSED {
            let mut stranger = TcpStream::connect(served.address()).unwrap();
            stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            let said = last_words(stranger);
            assert_eq!(said, "execnet: refused: not a greeting of execnet's\n");
        }
        served.stop();
        let (mut lines, mut counted) = (0, 0);
        for event in served.events.try_iter() {
            lines += 1;
            counted += match event {
                ServerEvent::Refused { .. } => 1,
                ServerEvent::RefusedMore { count } => count,
                other => panic!("{other:?}"),
            };
        }
        assert_eq!(counted, REFUSED);
        // 20 and a summary for each period, of which there are few in the time of a test.
        assert!(lines <= 3 * 21, "{lines}");
    });
}

/// A message in pieces is put together, and what follows it is the worker's.
#[test]
fn a_greeting_may_come_byte_by_byte() {
    let served = Served::unix(ServerOptions::new());
    within("in pieces", LONG, move || {
        let path = served.spec.strip_prefix("unix=").unwrap();
        let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
        for byte in b"EXECNET\x02\x00" {
            stream.write_all(&[*byte]).unwrap();
        }
        assert!(matches!(served.event(), ServerEvent::Accepted { .. }));
    });
}

#[test]
fn tokens_are_replaced_while_the_server_runs() {
    let directory = private_directory();
    let write = |name: &str| {
        let (path, token) = (directory.path().join(name), Token::generate().unwrap());
        token.write_to(&path).unwrap();
        (format!("//token_file={}", path.display()), token)
    };
    let (old, token) = write("old");
    let (new, replaced) = write("new");
    let listen = |token| Listen::Tcp {
        address: loopback(),
        token,
    };
    let server = execnet::Server::bind(listen(token), ServerOptions::new()).unwrap();
    let (spec, stop, reload) = (server.spec(), server.stop_handle(), server.reload_handle());
    let running = std::thread::spawn(move || server.run());
    within("reload", LONG, move || {
        let group = group();
        let gateway = group.make_gateway(format!("{spec}{old}")).unwrap();
        let error = bootstrap_error(&group, &format!("{spec}{new}"));
        assert!(error.output().contains("refused: no token"), "{error}");
        reload.reload(&listen(replaced)).unwrap();
        let error = bootstrap_error(&group, &format!("{spec}{old}"));
        assert!(error.output().contains("refused: no token"), "{error}");
        group.make_gateway(format!("{spec}{new}")).unwrap();
        // Clients that are served stay.
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        let other = reload.reload(&Listen::Unix("/nowhere/socket".into()));
        assert!(matches!(other, Err(execnet::ServerReloadError::OtherKind)));
    });
    stop.stop();
    running.join().unwrap().unwrap();
}
