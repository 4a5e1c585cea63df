//! Tokens of socket servers: an end without the token learns nothing that it can use.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use execnet::{BootstrapError, BootstrapErrorKind, ServerOptions};
use execnet_test_support::{LONG, Served, bootstrap_error, group, receive, within};

const MAGIC: &[u8] = b"EXECNET\x02";

/// What a client says first, and then.
const HELLO: usize = 9;
const ANSWER: usize = 64;

/// What follows the first `//` of the server's spec: the key for the token.
fn key(served: &Served) -> String {
    let (_, key) = served.spec.split_once("//").unwrap();
    key.to_owned()
}

fn token(served: &Served) -> Vec<u8> {
    std::fs::read(key(served).strip_prefix("token_file=").unwrap()).unwrap()
}

/// Passes everything on, and returns it.
fn copy(mut from: impl Read, mut to: TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(size @ 1..) = from.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..size]);
        if to.write_all(&buffer[..size]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    seen
}

#[test]
fn the_token_never_travels() {
    let served = Served::tcp(ServerOptions::new());
    within("on the wire", LONG, move || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let there = served.address().to_owned();
        let wire = thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let server = TcpStream::connect(there).unwrap();
            let (upstream, client_out) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let up = thread::spawn(move || copy(client, upstream));
            let down = copy(server, client_out);
            (up.join().unwrap(), down)
        });
        let group = group();
        let spec = format!("tcp={here}//{}", key(&served));
        let gateway = group.make_gateway(spec).unwrap();
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        receive(&channel);
        group.terminate_timeout(LONG);
        let (up, down) = wire.join().unwrap();
        let token = token(&served);
        for (name, bytes) in [("client", up), ("server", down)] {
            assert!(bytes.len() > HELLO, "{name}");
            let shown = bytes.windows(token.len()).any(|window| window == token);
            assert!(!shown, "the {name} has sent the token");
        }
    });
}

/// A program that listens where a client expects the server; what the client says of it, and has said to it.
fn impostor(
    served: &Served,
    play: impl FnOnce(&mut TcpStream) -> io::Result<Vec<u8>> + Send + 'static,
) -> (Box<BootstrapError>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut heard = play(&mut client).unwrap();
        // The client may have cut the connection already.
        let _ = client.shutdown(Shutdown::Write);
        let _ = client.read_to_end(&mut heard);
        heard
    });
    let error = bootstrap_error(&group(), &format!("tcp={here}//{}", key(served)));
    (error, thread.join().unwrap())
}

fn hear(client: &mut TcpStream, size: usize) -> io::Result<Vec<u8>> {
    let mut heard = vec![0; size];
    client.read_exact(&mut heard)?;
    Ok(heard)
}

/// It collected the token, and used it at the next server.
#[test]
fn an_impostor_gets_neither_the_program_nor_anything_that_a_server_takes() {
    let served = Served::tcp(ServerOptions::new());
    within("impostor", LONG, move || {
        let (error, heard) = impostor(&served, |client| {
            let mut heard = hear(client, HELLO)?;
            client.write_all(&[MAGIC, &[7; 32]].concat())?;
            heard.extend(hear(client, ANSWER)?);
            client.write_all(&[MAGIC, &[8; 32]].concat())?;
            Ok(heard)
        });
        assert_eq!(error.kind(), BootstrapErrorKind::HostKeyRefused, "{error}");
        assert!(error.to_string().contains("cannot prove"), "{error}");
        // Not a byte more: no program, no variables, no token.
        assert_eq!(heard.len(), HELLO + ANSWER);
        let mut next = TcpStream::connect(served.address()).unwrap();
        next.write_all(&heard).unwrap();
        let mut said = Vec::new();
        next.read_to_end(&mut said).unwrap();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(
            said.ends_with("refused: no token, or a wrong one\n"),
            "{said}"
        );
        assert_eq!(served.refusal(), "no token, or a wrong one");
        assert!(served.events.try_recv().is_err());
    });
}

#[test]
fn a_proof_of_the_client_is_not_accepted_from_a_server() {
    let served = Served::tcp(ServerOptions::new());
    within("reflection", LONG, move || {
        let (error, heard) = impostor(&served, |client| {
            let mut heard = hear(client, HELLO)?;
            client.write_all(&[MAGIC, &[7; 32]].concat())?;
            let answer = hear(client, ANSWER)?;
            client.write_all(&[MAGIC, &answer[32..]].concat())?;
            heard.extend(answer);
            Ok(heard)
        });
        assert_eq!(error.kind(), BootstrapErrorKind::HostKeyRefused, "{error}");
        assert_eq!(heard.len(), HELLO + ANSWER);
    });
}

/// Whichever message the server leaves out, a client with a token continues only with a server that knows it.
#[test]
fn no_server_talks_a_client_out_of_the_proof() {
    let served = Served::tcp(ServerOptions::new());
    within("downgrade", LONG, move || {
        for said in [
            &b"EXECNET\x01"[..],
            b"EXECNET\x02",
            b"EXECNET-0123456789abcdef-",
            b"",
            b"220 ready\r\n",
        ] {
            let (error, heard) = impostor(&served, move |client| {
                let heard = hear(client, HELLO)?;
                client.write_all(said)?;
                Ok(heard)
            });
            assert_eq!(heard.len(), HELLO, "{error}");
        }
        let (sender, noise) = mpsc::channel();
        let (error, heard) = impostor(&served, move |client| {
            let heard = hear(client, HELLO)?;
            let junk = vec![b'y'; 4096];
            while client.write_all(&junk).is_ok() {}
            sender.send(()).unwrap();
            let _ = client.shutdown(Shutdown::Both);
            Ok(heard)
        });
        assert!(error.to_string().contains("much output"), "{error}");
        assert_eq!(heard.len(), HELLO);
        noise.recv().unwrap();
    });
}

#[test]
fn a_server_without_a_token_does_not_serve_a_client_that_expects_one() {
    let with = Served::tcp(ServerOptions::new());
    let without = Served::unix(ServerOptions::new());
    within("no token", LONG, move || {
        let spec = format!("{}//{}", without.spec, key(&with));
        let error = bootstrap_error(&group(), &spec);
        let reason = "this server has no token, which the client asks for";
        assert!(error.output().contains(reason), "{error}");
        assert_eq!(without.refusal(), reason);
    });
}
