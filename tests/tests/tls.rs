//! Sockets with TLS: who is let in, and what a client is told.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use execnet::{
    BootstrapErrorKind, Listen, MakeGatewayError, ReceiveError, Server, ServerError, ServerOptions,
    SpecError, TlsFiles, Token, Value,
};
use execnet_test_support::{LONG, Served, bootstrap_error, group, loopback, receive, within};
use execnet_tests::certificates::Certificates;
use rcgen::ExtendedKeyUsagePurpose;

fn served(files: TlsFiles, token: Option<Token>, test: impl FnOnce(&Served)) {
    let change = |options: &mut ServerOptions| options.handshake_timeout = Duration::from_secs(2);
    served_with(files, token, change, test);
}

fn served_with(
    files: TlsFiles,
    token: Option<Token>,
    change: impl FnOnce(&mut ServerOptions),
    test: impl FnOnce(&Served),
) {
    let address = loopback();
    let listen = Listen::Tls {
        address,
        files,
        token,
    };
    test(&Served::on(listen, change));
}

#[test]
fn a_client_of_another_authority_is_refused_by_the_server() {
    within("another client", LONG, || {
        let (ours, others) = (Certificates::make(), Certificates::make());
        served(ours.server(), None, |served| {
            let error = bootstrap_error(&group(), &others.spec_trusting(&served.spec, &ours));
            assert_eq!(
                error.kind(),
                BootstrapErrorKind::AuthenticationRefused,
                "{error}"
            );
            let reason = served.refusal();
            assert!(reason.contains("certificate"), "{reason}");
        });
    });
}

#[test]
fn a_server_of_another_authority_or_name_is_refused_by_the_client() {
    within("another server", LONG, || {
        let (ours, others) = (Certificates::make(), Certificates::make());
        served(others.server(), None, |served| {
            let error = bootstrap_error(&group(), &ours.spec(&served.spec));
            assert_eq!(error.kind(), BootstrapErrorKind::HostKeyRefused, "{error}");
        });
        served(ours.server(), None, |served| {
            let error = bootstrap_error(
                &group(),
                &(ours.spec(&served.spec) + "//tls_name=elsewhere"),
            );
            assert_eq!(error.kind(), BootstrapErrorKind::HostKeyRefused, "{error}");
        });
    });
}

#[test]
fn a_certificate_that_is_not_for_servers_does_not_serve() {
    within("purpose", LONG, || {
        let certificates = Certificates::make();
        let client = Some(ExtendedKeyUsagePurpose::ClientAuth);
        for (name, purpose) in [("for-clients", client), ("for-anything", None)] {
            certificates.sign(name, "127.0.0.1", purpose);
            served(certificates.files(name), None, |served| {
                let error = bootstrap_error(&group(), &certificates.spec(&served.spec));
                assert_eq!(
                    error.kind(),
                    BootstrapErrorKind::HostKeyRefused,
                    "{name}: {error}"
                );
            });
        }
    });
}

#[test]
fn a_certificate_that_is_for_servers_is_no_client() {
    within("purpose of clients", LONG, || {
        let certificates = Certificates::make();
        served(certificates.server(), None, |served| {
            let spec = certificates
                .spec(&served.spec)
                .replace("client.", "server.");
            let error = bootstrap_error(&group(), &spec);
            assert_eq!(
                error.kind(),
                BootstrapErrorKind::AuthenticationRefused,
                "{error}"
            );
        });
    });
}

/// The commands of the section "TLS" up to the server, with a host that is here.
#[test]
fn the_recipe_of_the_documentation_makes_certificates_that_serve() {
    let specs = include_str!("../../docs/specs.md");
    let (_, section) = specs.split_once("## TLS").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (recipe, _) = block.split_once("execnet serve").unwrap();
    let recipe = recipe.replace("DNS:build1.example.org", "IP:127.0.0.1");
    let directory = tempfile::tempdir().unwrap();
    let made = Command::new("sh")
        .args(["-e", "-c", &recipe])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    within("recipe", LONG, move || {
        let path = |name: &str| directory.path().join(name);
        let files = TlsFiles {
            certificate: path("server.pem"),
            key: path("server.key"),
            authority: path("ca.pem"),
        };
        served(files, None, |served| {
            let spec = |end: &str| {
                format!(
                    "{}//tls_cert={}//tls_key={}//tls_ca={}",
                    served.spec,
                    path(&format!("{end}.pem")).display(),
                    path(&format!("{end}.key")).display(),
                    path("ca.pem").display()
                )
            };
            let group = group();
            group.make_gateway(spec("client")).unwrap();
            let error = bootstrap_error(&execnet_test_support::group(), &spec("server"));
            assert_eq!(
                error.kind(),
                BootstrapErrorKind::AuthenticationRefused,
                "{error}"
            );
        });
        let files = TlsFiles {
            certificate: path("client.pem"),
            key: path("client.key"),
            authority: path("ca.pem"),
        };
        served(files, None, |served| {
            let spec = format!(
                "{}//tls_cert={}//tls_key={}//tls_ca={}",
                served.spec,
                path("client.pem").display(),
                path("client.key").display(),
                path("ca.pem").display()
            );
            let error = bootstrap_error(&group(), &spec);
            assert_eq!(error.kind(), BootstrapErrorKind::HostKeyRefused, "{error}");
        });
    });
}

#[test]
fn the_token_is_asked_for_within() {
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
fn silent_connections_lock_out_nobody_who_has_a_certificate() {
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
fn a_client_that_finds_no_place_is_told_within_tls_or_before_it() {
    within("no place", LONG, || {
        let certificates = Certificates::make();
        let spec = |served: &Served| certificates.spec(&served.spec);
        let one = |options: &mut ServerOptions| options.max_connections = 1;
        served_with(certificates.server(), None, one, |served| {
            let first = group();
            first.make_gateway(spec(served)).unwrap();
            let error = bootstrap_error(&group(), &spec(served));
            assert!(error.output().contains("too many connections"), "{error}");
        });
        let one = |options: &mut ServerOptions| options.max_unauthenticated = 1;
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
fn a_client_tells_what_a_server_without_tls_said() {
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
fn certificates_are_replaced_while_the_server_runs() {
    within("reload", LONG, || {
        let (old, new) = (Certificates::make(), Certificates::make());
        let listen = |certificates: &Certificates| Listen::Tls {
            address: "127.0.0.1:0".parse().unwrap(),
            files: certificates.server(),
            token: None,
        };
        let server = Server::bind(listen(&old), ServerOptions::default()).unwrap();
        let (spec, stop, reload) = (server.spec(), server.stop_handle(), server.reload_handle());
        std::thread::scope(|scope| {
            let running = scope.spawn(|| server.run());
            let group = group();
            group.make_gateway(old.spec(&spec)).unwrap();
            reload.reload(&listen(&new)).unwrap();
            let error = bootstrap_error(&execnet_test_support::group(), &old.spec(&spec));
            assert_eq!(error.kind(), BootstrapErrorKind::HostKeyRefused, "{error}");
            group.make_gateway(new.spec(&spec)).unwrap();
            stop.stop();
            running.join().unwrap().unwrap();
        });
    });
}

#[test]
fn who_speaks_no_tls_or_nothing_is_turned_away_in_time() {
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
fn a_server_that_goes_is_no_quiet_end() {
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

#[test]
fn files_that_are_of_no_use_are_named() {
    let certificates = Certificates::make();
    let bind = |files| {
        let address = "127.0.0.1:0".parse().unwrap();
        let token = None;
        let listen = Listen::Tls {
            address,
            files,
            token,
        };
        match Server::bind(listen, ServerOptions::default()) {
            Err(ServerError::Tls(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let mut files = certificates.server();
    files.authority = certificates.path("client.key");
    assert!(bind(files).contains("client.key: it holds no certificate"));
    let mut files = certificates.server();
    files.certificate = "/nowhere/cert.pem".into();
    assert!(bind(files).contains("/nowhere/cert.pem"));
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(certificates.path("server.key"), open).unwrap();
    assert!(bind(certificates.server()).contains("chmod 600"));
    let group = group();
    for spec in ["tls=127.0.0.1", "tls=127.0.0.1:9//tls_cert=x", "tls"] {
        let refused = group.make_gateway(spec);
        assert!(
            matches!(
                refused,
                Err(MakeGatewayError::Spec(SpecError::Value { .. }))
            ),
            "{spec}: {refused:?}"
        );
    }
}
