//! `execnet serve`, and clients of it.

mod support;

use rustix::process::{Signal, kill_process};
use support::{Running, run};

#[test]
fn serves_a_unix_socket_until_it_is_interrupted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("private/socket");
    let mut server = Running::start(&["serve", "--unix", path.to_str().unwrap()]);
    let spec = server.first_line();
    assert_eq!(spec, format!("unix={}", path.display()));
    let finished = run(&["exec", &spec, "channel.send(6 * 7)"], 0);
    assert_eq!(finished.out, "42\n");
    kill_process(server.pid(), Signal::INT).unwrap();
    assert_eq!(server.finish().0, Some(130));
}

#[test]
fn serves_with_a_deadline_that_the_clock_cannot_hold() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("private/socket");
    let path = path.to_str().unwrap();
    let mut server = Running::start(&["serve", "--unix", path, "--handshake-timeout", "1e19"]);
    let spec = server.first_line();
    assert_eq!(run(&["exec", &spec, "channel.send(1)"], 0).out, "1\n");
}

#[test]
fn makes_the_token_that_clients_need() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let file = file.to_str().unwrap();
    let mut server = Running::start(&["serve", "--tcp", "127.0.0.1:0", "--token-file", file]);
    let spec = server.first_line();
    assert!(spec.starts_with("tcp=127.0.0.1:"), "{spec}");
    run(&["exec", &spec, "channel.send(1)"], 3).tells("refused: no token");
    let spec = format!("{spec}//token_file={file}");
    assert_eq!(run(&["exec", &spec, "channel.send(1)"], 0).out, "1\n");
}

#[test]
fn refuses_to_be_open_without_being_told_so_twice() {
    let stock = ["serve", "--insecure-stock", "0.0.0.0:0"];
    run(&stock, 2).tells("not a loopback address");
    run(&["serve", "--tcp", "127.0.0.1:0"], 2).tells("--token-file");
    run(&["serve", "--tls", "127.0.0.1:0"], 2).tells("--tls-cert");
    run(&["serve"], 2).tells("--unix");
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    let tcp = ["serve", "--tcp", "0.0.0.0:0", "--token-file", file];
    run(&tcp, 2).tells("a token has");
}
