//! The server and its clients.

use core::time::Duration;
use std::fs;
use std::path::Path;

use execnet::{Listen, ServerEvent, ServerOptions, TlsFiles, value};
use execnet_test_support::{LONG, Served, group, loopback, pid, receive, within};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

use super::python;
use super::system::{System, descendants};

fn options() -> ServerOptions {
    ServerOptions::new().with_worker(python().parse().unwrap())
}

fn talks(served: &Served, spec: &str) {
    let group = group();
    let gateway = group.make_gateway(spec).unwrap();
    let channel = gateway
        .remote_exec("for item in channel: channel.send(item)")
        .unwrap();
    let large = value!("x".repeat(3_000_000));
    for item in [value!("\r\n\x1a"), large] {
        channel.send(&item).unwrap();
        assert!(receive(&channel) == item);
    }
    assert!(matches!(served.event(), ServerEvent::Accepted { .. }));
    group.terminate_timeout(LONG);
    match served.event() {
        ServerEvent::Ended {
            exit: Some(exit), ..
        } => assert!(exit.success(), "{exit}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_with_the_token_gets_a_worker() {
    let served = Served::tcp(options());
    talks(&served, &served.spec);
}

#[test]
fn a_client_without_the_token_gets_none() {
    let served = Served::tcp(options());
    let (address, _) = served.spec.split_once("//").unwrap();
    group().make_gateway(address).unwrap_err();
    assert!(!served.refusal().is_empty());
}

#[test]
fn the_worker_of_a_client_that_is_gone_is_killed_with_what_it_has_started() {
    let watching = group();
    let system = System::of(&watching);
    let served = Served::tcp(options().with_shutdown_grace(Duration::from_millis(100)));
    let group = group();
    let gateway = group.make_gateway(&served.spec).unwrap();
    let worker = pid(&gateway);
    let [child, grandchild] = descendants(&gateway);
    let channel = gateway
        .remote_exec("import time; channel.send(1); time.sleep(600)")
        .unwrap();
    receive(&channel);
    drop((channel, gateway));
    group.terminate_timeout(Duration::from_millis(10));
    for (what, pid) in [
        ("the worker", worker),
        ("its child", child),
        ("the grandchild", grandchild),
    ] {
        system.ends(what, pid);
    }
}

#[test]
fn a_server_that_stops_kills_its_workers() {
    let watching = group();
    let system = System::of(&watching);
    let mut served = Served::tcp(options());
    let group = group();
    let gateway = group.make_gateway(&served.spec).unwrap();
    let worker = pid(&gateway);
    let served = within("the stop", LONG, move || {
        served.stop();
        served
    });
    system.ends("the worker", worker);
    drop(served);
}

#[test]
fn a_client_with_a_certificate_gets_a_worker_over_tls() {
    let place = tempfile::tempdir().unwrap();
    let authority = Authority::make(place.path());
    let server = authority.sign("server", "127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
    let client = authority.sign("client", "client", ExtendedKeyUsagePurpose::ClientAuth);
    let listen = Listen::Tls {
        address: loopback(),
        files: server,
        token: None,
    };
    let served = Served::on(listen, options());
    let spec = format!(
        "{}//tls_cert={}//tls_key={}//tls_ca={}",
        served.spec,
        client.certificate.display(),
        client.key.display(),
        client.authority.display()
    );
    talks(&served, &spec);
}

struct Authority<'a> {
    place: &'a Path,
    issuer: Issuer<'static, KeyPair>,
}

impl<'a> Authority<'a> {
    fn make(place: &'a Path) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(
            place.join("ca.pem"),
            params.self_signed(&key).unwrap().pem(),
        )
        .unwrap();
        let issuer = Issuer::new(params, key);
        Self { place, issuer }
    }

    fn sign(&self, name: &str, subject: &str, purpose: ExtendedKeyUsagePurpose) -> TlsFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![subject.to_owned()]).unwrap();
        params.extended_key_usages.push(purpose);
        let files = TlsFiles {
            certificate: self.place.join(format!("{name}.pem")),
            key: self.place.join(format!("{name}.key")),
            authority: self.place.join("ca.pem"),
        };
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(&files.certificate, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}
