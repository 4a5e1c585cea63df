//! `execnet serve`, and clients of it.
use alloc::collections::VecDeque;
use std::fs::Permissions;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Running, run};
use rustix::process::{Pid, Signal, kill_process};

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
fn serves_with_a_timeout_beyond_the_range_of_the_clock() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("private/socket");
    let path = path.to_str().unwrap();
    let mut server = Running::start(&["serve", "--unix", path, "--handshake-timeout", "1e19"]);
    let spec = server.first_line();
    assert_eq!(run(&["exec", &spec, "channel.send(1)"], 0).out, "1\n");
}

#[test]
fn creates_the_token_and_prints_a_spec_that_names_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let file = file.to_str().unwrap();
    let (_server, spec) = token_server(file);
    run(&["exec", &spec, "channel.send(1)"], 3).tells("refused: no token");
    let spec = format!("{spec}//token_file={file}");
    assert_eq!(run(&["exec", &spec, "channel.send(1)"], 0).out, "1\n");
}

#[test]
fn refuses_unsafe_combinations_of_options() {
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

/// They were ignored.
#[test]
fn refuses_keys_of_the_worker_spec_that_have_no_effect() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("private/socket");
    for (spec, problem) in [
        ("popen//nice=2", "nice= cannot be used"),
        (
            "popen//execmodel=main_thread_only",
            "execmodel= cannot be used",
        ),
        ("popen//id=x", "id= cannot be used"),
        ("popen//ssh=host", "popen and ssh do not go together"),
        ("tcp=localhost:1", "tcp= cannot be used"),
    ] {
        let arguments = ["serve", "--unix", path.to_str().unwrap(), "--worker", spec];
        run(&arguments, 2).tells(problem);
    }
}

/// A server with a token, and its spec without `token_file=`, which is checked.
fn token_server(file: &str) -> (Running, String) {
    let mut server = Running::start(&["serve", "--tcp", "127.0.0.1:0", "--token-file", file]);
    let spec = server.first_line();
    let suffix = format!("//token_file={file}");
    let address = spec.strip_suffix(&suffix).unwrap().to_owned();
    assert!(address.starts_with("tcp=127.0.0.1:"), "{spec}");
    (server, address)
}

/// It served nobody.
#[test]
fn limits_of_zero_are_usage_errors() {
    for option in ["--max-connections", "--max-unauthenticated"] {
        run(&["serve", "--unix", "socket", option, "0"], 2)
            .tells("expected a whole number, at least 1");
    }
}

#[test]
fn the_socket_is_removed_when_a_signal_ends_the_server() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("private/socket");
        let mut server = Running::start(&["serve", "--unix", path.to_str().unwrap()]);
        server.first_line();
        assert!(path.exists());
        kill_process(server.pid(), signal).unwrap();
        assert_eq!(server.finish().0, Some(status));
        assert!(!path.exists());
    }
}

/// It ended the server without any clean-up.
#[test]
fn sighup_reloads_the_token() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (file, copy) = (path("token"), path("copy"));
    let (mut server, spec) = token_server(&file);
    std::fs::copy(&file, &copy).unwrap();
    let exec = |file: &str, status| {
        let spec = format!("{spec}//token_file={file}");
        run(&["exec", &spec, "channel.send(1)"], status)
    };
    exec(&copy, 0);
    let mut lines = server.error_lines();
    let mut reload = |answer: &str| {
        kill_process(server.pid(), Signal::HUP).unwrap();
        lines.find(|line| line.contains(answer)).unwrap();
    };
    // Without the file the server keeps the old token.
    std::fs::remove_file(&file).unwrap();
    reload("not reloaded");
    exec(&copy, 0);
    std::fs::write(&file, "another token, long enough").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    reload("execnet: reloaded");
    exec(&copy, 3).tells("refused: no token");
    exec(&file, 0);
}

/// A number from `/proc/PID/status`.
fn status(pid: Pid, key: &str) -> u64 {
    let pid = pid.as_raw_nonzero();
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .unwrap();
    let number = line.split_whitespace().next().unwrap();
    number.parse().unwrap()
}

fn descriptors(pid: Pid) -> usize {
    let pid = pid.as_raw_nonzero();
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .count()
}

/// Each took a thread and a line of the log.
#[test]
#[cfg(target_os = "linux")]
fn refused_connections_need_no_threads_descriptors_or_log_lines_of_their_own() {
    const REFUSED: usize = 10_000;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let (server, spec) = token_server(file.to_str().unwrap());
    let address = spec.strip_prefix("tcp=").unwrap();
    let pid = server.pid();
    let threads = status(pid, "Threads:");
    let (idle, memory) = (descriptors(pid), status(pid, "VmRSS:"));
    // Half of them are silent, half send something that is not the protocol.
    let mut open = VecDeque::new();
    for number in 0..REFUSED {
        let mut stranger = TcpStream::connect(address).unwrap();
        if number % 2 == 0 {
            stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        }
        open.push_back(stranger);
        if open.len() > 200 {
            open.pop_front();
        }
        if number % 1000 == 999 {
            assert_eq!(status(pid, "Threads:"), threads);
            // 100 connections, and those that are being accepted or closed.
            assert!(descriptors(pid) <= idle + 110, "{}", descriptors(pid));
        }
    }
    let grown = status(pid, "VmHWM:").saturating_sub(memory);
    // Meanwhile a client with the token is served.
    let spec = format!("{spec}//token_file={}", file.display());
    assert_eq!(run(&["exec", &spec, "channel.send(1)"], 0).out, "1\n");
    kill_process(pid, Signal::TERM).unwrap();
    let log = server.finish().1;
    let lines = log.lines().count();
    println!("{REFUSED} refused: {grown} KiB, {lines} lines");
    assert!(grown < 8 * 1024, "{grown} KiB");
    assert!(log.contains("more connections refused"), "{log}");
    // At most 21 every 10 seconds.
    assert!(lines < 200, "{lines}: {log}");
}
