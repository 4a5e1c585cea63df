//! Connections that are refused, silent or lost, and the error that each end gets.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

use execnet::{BootstrapErrorKind, ReceiveError, ServerOptions, Token, Value};
use execnet_test_support::{LONG, Served, bootstrap_error, group, receive, within};
use execnet_tests::certificates::Certificates;

use crate::{served, served_with};

#[test]
fn the_token_is_requested_within_tls() {
    within("token", LONG, || {
        let certificates = Certificates::make();
        let token = Token::generate().unwrap();
        let file = certificates.path("token");
        token.write_to(&file).unwrap();
        served(certificates.server(), Some(token), |served| {
            let spec = certificates.spec(&served.spec);
            let error = bootstrap_error(&group(), &spec);
            assert!(error.output().contains("refused: no token"), "{error}");
            assert_eq!(served.refusal(), "no token, or a wrong one");
            let group = group();
            let gateway = group
                .make_gateway(format!("{spec}//token_file={}", file.display()))
                .unwrap();
            let channel = gateway.remote_exec("channel.send(1)").unwrap();
            assert_eq!(receive(&channel), Value::from(1));
        });
    });
}

#[test]
fn silent_connections_do_not_keep_out_clients_with_a_certificate() {
    within("silent", LONG, || {
        let certificates = Certificates::make();
        served(certificates.server(), None, |served| {
            let connect = |_| TcpStream::connect(served.address()).unwrap();
            let strangers: Vec<TcpStream> = (0..200).map(connect).collect();
            let group = group();
            let gateway = group.make_gateway(certificates.spec(&served.spec)).unwrap();
            let channel = gateway.remote_exec("channel.send(1)").unwrap();
            assert_eq!(receive(&channel), Value::from(1));
            drop(strangers);
        });
    });
}

/// All it heard was "no answer".
#[test]
fn a_client_beyond_the_limits_gets_the_reason_within_tls_or_before_it() {
    within("no place", LONG, || {
        let certificates = Certificates::make();
        let spec = |served: &Served| certificates.spec(&served.spec);
        let one = ServerOptions::new().with_max_connections(1);
        served_with(certificates.server(), None, one, |served| {
            let first = group();
            first.make_gateway(spec(served)).unwrap();
            let error = bootstrap_error(&group(), &spec(served));
            assert!(error.output().contains("too many connections"), "{error}");
        });
        let one = ServerOptions::new().with_max_unauthenticated(1);
        served_with(certificates.server(), None, one, |served| {
            let mut silent = TcpStream::connect(served.address()).unwrap();
            let _next = TcpStream::connect(served.address()).unwrap();
            let mut said = String::new();
            silent.read_to_string(&mut said).unwrap();
            assert!(said.contains("have not authenticated"), "{said}");
        });
    });
}

#[test]
fn the_error_of_a_client_shows_what_a_server_without_tls_sent() {
    within("no TLS", LONG, || {
        let certificates = Certificates::make();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client
                .write_all(b"execnet: refused: a \x1b reason\n")
                .unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let _ = client.read_to_end(&mut Vec::new());
        });
        let error = bootstrap_error(&group(), &certificates.spec(&format!("tls={address}")));
        assert_eq!(
            error.kind(),
            BootstrapErrorKind::UnexpectedOutput,
            "{error}"
        );
        let text = error.to_string();
        assert!(
            text.contains("it speaks no TLS, and said: execnet: refused: a"),
            "{text}"
        );
        assert!(!text.contains('\x1b'), "{text}");
        server.join().unwrap();
    });
}

#[test]
fn clients_without_tls_and_silent_clients_are_refused_in_time() {
    within("strangers", LONG, || {
        let certificates = Certificates::make();
        served(certificates.server(), None, |served| {
            let mut stranger = TcpStream::connect(served.address()).unwrap();
            stranger.write_all(b"EXECNET\x01\0\0 and more\n").unwrap();
            let mut answer = Vec::new();
            let _ = stranger.read_to_end(&mut answer);
            assert!(!answer.starts_with(b"EXECNET"), "{answer:?}");
            let reason = served.refusal();
            assert!(reason.contains("the connection broke"), "{reason}");
            let silent = TcpStream::connect(served.address()).unwrap();
            assert_eq!(served.refusal(), "no greeting in time");
            drop(silent);
        });
    });
}

#[test]
fn the_end_of_a_server_is_a_lost_connection() {
    within("lost server", LONG, || {
        let certificates = Certificates::make();
        served(certificates.server(), None, |served| {
            let group = group();
            let gateway = group.make_gateway(certificates.spec(&served.spec)).unwrap();
            let channel = gateway.remote_exec("channel.receive()").unwrap();
            served.stop_handle().stop();
            let lost = channel.receive_timeout(LONG);
            assert!(
                matches!(lost, Err(ReceiveError::Disconnected(_))),
                "{lost:?}"
            );
        });
    });
}
