//! Which certificates are accepted, and by whom.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use execnet::{
    BootstrapErrorKind, Listen, MakeGatewayError, Server, ServerBindError, ServerOptions,
    SpecError, TlsFiles,
};
use execnet_test_support::{LONG, bootstrap_error, group, within};
use execnet_tests::certificates::Certificates;
use rcgen::ExtendedKeyUsagePurpose;

use crate::served;

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
fn a_certificate_not_for_servers_is_refused_for_a_server() {
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
fn a_certificate_for_servers_is_refused_for_a_client() {
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
    let specs = include_str!("../../../docs/specs.md");
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
fn certificates_are_replaced_while_the_server_runs() {
    within("reload", LONG, || {
        let (old, new) = (Certificates::make(), Certificates::make());
        let listen = |certificates: &Certificates| Listen::Tls {
            address: "127.0.0.1:0".parse().unwrap(),
            files: certificates.server(),
            token: None,
        };
        let server = Server::bind(listen(&old), ServerOptions::new()).unwrap();
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
fn errors_name_the_tls_files_that_cannot_be_used() {
    let certificates = Certificates::make();
    let bind = |files| {
        let address = "127.0.0.1:0".parse().unwrap();
        let token = None;
        let listen = Listen::Tls {
            address,
            files,
            token,
        };
        match Server::bind(listen, ServerOptions::new()) {
            Err(ServerBindError::Tls(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let mut files = certificates.server();
    files.authority = certificates.path("client.key");
    assert!(bind(files).contains("client.key: no certificate found"));
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
