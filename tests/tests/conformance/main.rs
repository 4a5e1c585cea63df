//! The same behaviours over every link that leads to a Python.
//!
//! To add a link: a test at the end, which calls [`conforms`] with a name and a spec. What must live as long as the
//! gateway (a server, a middle gateway) stays in the test's hands.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use execnet::{
    Gateway, Group, Listen, ReceiveError, SendError, Server, ServerOptions, Token, Value,
    WaitCloseError, value,
};
use execnet_tests::certificates::Certificates;
use execnet_tests::sshd::Sshd;
use execnet_tests::support::{LONG, eventually, is_running, quiet, receive, within};

/// Serves while `test` runs, on what it is given the spec of.
fn served(listen: Listen, test: impl FnOnce(String)) {
    let server = Server::bind(listen, ServerOptions::default()).unwrap();
    let (spec, stop) = (server.spec(), server.stop_handle());
    std::thread::scope(|scope| {
        let running = scope.spawn(|| server.run());
        test(spec);
        stop.stop();
        running.join().unwrap().unwrap();
    });
}

type Behaviour = (&'static str, fn(&Gateway));

/// All on one gateway, one after the other.
const BEHAVIOURS: &[Behaviour] = &[
    ("values come back as they went", values),
    ("items keep their order, however many", order),
    ("large items pass both ways at once", large),
    ("an exception is an error with its traceback", exception),
    ("the end of the code is the end of the channel", end),
    ("channels travel inside items", channels),
    ("code runs side by side", side_by_side),
    ("what the code prints stays off the link", printing),
    ("the status counts what runs", status),
    ("a closed channel ends the code that waits on it", close),
];

fn values(gateway: &Gateway) {
    let channel = gateway
        .remote_exec("for item in channel: channel.send(item)")
        .unwrap();
    for value in [
        value!(None),
        value!([1, -2.5, "text \u{1f40d}", [true, None]]),
        value!({"key": (1, 2), 3: []}),
        Value::from(i64::MIN),
    ] {
        channel.send(&value).unwrap();
        assert_eq!(receive(&channel), value);
    }
}

fn order(gateway: &Gateway) {
    let channel = gateway
        .remote_exec("for n in range(5000): channel.send(n)")
        .unwrap();
    for n in 0..5000 {
        assert_eq!(receive(&channel), Value::from(n));
    }
}

fn large(gateway: &Gateway) {
    let source =
        "item = channel.receive()\nchannel.send(item)\nchannel.send(len(channel.receive()))";
    let channel = gateway.remote_exec(source).unwrap();
    let text = "x".repeat(4 << 20);
    channel.send(&*text).unwrap();
    channel.send(&*text).unwrap();
    assert_eq!(receive(&channel), Value::from(&*text));
    assert_eq!(receive(&channel), Value::from(text.len() as u64));
}

fn exception(gateway: &Gateway) {
    let channel = gateway.remote_exec("channel.send(1)\n1 / 0").unwrap();
    assert_eq!(receive(&channel), Value::from(1));
    let error = channel.receive_timeout(LONG).unwrap_err();
    let ReceiveError::Remote(error) = &error else {
        panic!("{error:?}")
    };
    assert!(
        error
            .text()
            .starts_with("Traceback (most recent call last):")
    );
    assert!(
        error.text().contains("ZeroDivisionError"),
        "{}",
        error.text()
    );
}

fn end(gateway: &Gateway) {
    let channel = gateway.remote_exec("channel.send(42)").unwrap();
    channel.wait_close(Some(LONG)).unwrap();
    assert_eq!(receive(&channel), Value::from(42));
    assert!(matches!(
        channel.receive_timeout(LONG),
        Err(ReceiveError::Closed)
    ));
    assert!(matches!(channel.send(1), Err(SendError::Closed)));
}

fn channels(gateway: &Gateway) {
    let channel = gateway
        .remote_exec("a, b = channel.receive()\nb.send(a.receive() + 1)\nb.waitclose()")
        .unwrap();
    let (there, back) = (gateway.newchannel().unwrap(), gateway.newchannel().unwrap());
    channel.send((&there, &back)).unwrap();
    there.send(1).unwrap();
    assert_eq!(receive(&back), Value::from(2));
    back.close();
    channel.wait_close(Some(LONG)).unwrap();
}

fn side_by_side(gateway: &Gateway) {
    let first = gateway
        .remote_exec("channel.send(channel.receive())")
        .unwrap();
    let second = gateway.remote_exec("channel.send(2)").unwrap();
    assert_eq!(receive(&second), Value::from(2));
    first.send(1).unwrap();
    assert_eq!(receive(&first), Value::from(1));
}

fn printing(gateway: &Gateway) {
    let source = "import os\nprint('x' * 1000)\nos.write(1, b'y' * 1000)\nos.write(2, b'z')\nchannel.send(1)";
    let channel = gateway.remote_exec(source).unwrap();
    assert_eq!(receive(&channel), Value::from(1));
}

fn status(gateway: &Gateway) {
    let channel = gateway
        .remote_exec("channel.send(1)\nchannel.receive()")
        .unwrap();
    assert_eq!(receive(&channel), Value::from(1));
    assert!(gateway.remote_status_timeout(LONG).unwrap().numexecuting >= 1);
    channel.send(0).unwrap();
    channel.wait_close(Some(LONG)).unwrap();
}

fn close(gateway: &Gateway) {
    let done = gateway.newchannel().unwrap();
    let source =
        "done = channel.receive()\ntry: channel.receive()\nexcept EOFError: done.send('end')";
    let channel = gateway.remote_exec(source).unwrap();
    channel.send(&done).unwrap();
    channel.close();
    assert_eq!(receive(&done), Value::from("end"));
    let waited: Result<(), WaitCloseError> = channel.wait_close(Some(LONG));
    assert!(waited.is_ok());
}

/// Runs all behaviours over the link that the spec stands for, and looks that nothing stays when it is ended.
fn conforms(link: &'static str, spec: String) {
    conforms_behind(link, None, spec);
}

/// The same, with a gateway made first that the spec goes through.
fn conforms_behind(link: &'static str, middle: Option<String>, spec: String) {
    within(link, 3 * LONG, move || {
        let group = Group::with_options(quiet());
        let behind = usize::from(middle.is_some());
        if let Some(middle) = middle {
            group.makegateway(middle + "//id=middle").unwrap();
        }
        let gateway = group.makegateway(spec).unwrap();
        for (behaviour, check) in BEHAVIOURS {
            let gateway = gateway.clone();
            within(&format!("{link}: {behaviour}"), LONG, move || {
                check(&gateway)
            });
            println!("{link}: {behaviour}");
        }
        let channel = gateway
            .remote_exec("import os; channel.send(os.getpid())")
            .unwrap();
        let pid = receive(&channel).as_i64().unwrap();
        let reports = group.terminate(Some(LONG));
        assert_eq!(reports.len(), 1 + behind);
        assert!(!gateway.hasreceiver());
        // Where a server waits for the worker we know only that its link is closed.
        eventually(&format!("{link}: the worker is gone"), LONG, || {
            !is_running(pid)
        });
        println!("{link}: the worker leaves when its group ends");
    });
}

#[test]
fn popen() {
    conforms("popen", "popen".to_owned());
}

#[test]
fn a_command_in_front() {
    conforms("cmd", "cmd=env IN_FRONT=1//chdir=/tmp".to_owned());
}

#[test]
fn ssh() {
    match Sshd::start() {
        Ok(sshd) => conforms("ssh", sshd.spec("box")),
        Err(reason) => println!("skipped: {reason}"),
    }
}

/// Behind a Python, and behind a worker in Rust.
fn conforms_via(link: &'static str, rust: &'static str, spec: &str) {
    for (link, middle) in [(link, "popen"), (rust, RUST)] {
        conforms_behind(link, Some(middle.to_owned()), spec.to_owned());
    }
}

/// The worker in Rust of these tests.
const RUST: &str = concat!(
    "popen//worker=",
    env!("CARGO_BIN_EXE_own-worker"),
    " --execnet-worker"
);

#[test]
fn via_popen() {
    conforms_via("via popen", "via a Rust worker", "popen//via=middle");
}

#[test]
fn via_ssh() {
    match Sshd::start() {
        Ok(sshd) => {
            let middle = Some(sshd.spec("box"));
            conforms_behind("via ssh", middle, "popen//via=middle".to_owned());
        }
        Err(reason) => println!("skipped: {reason}"),
    }
}

#[test]
fn ssh_via_popen() {
    match Sshd::start() {
        Ok(sshd) => conforms_behind(
            "ssh via popen",
            Some("popen".to_owned()),
            sshd.spec("box") + "//via=middle",
        ),
        Err(reason) => println!("skipped: {reason}"),
    }
}

#[test]
fn installed_via_another() {
    conforms_via(
        "installvia popen",
        "installvia a Rust worker",
        "socket//installvia=middle",
    );
}

#[test]
fn installed_on_another_machine() {
    match Sshd::start() {
        Ok(sshd) => {
            let middle = Some(sshd.spec("box"));
            conforms_behind(
                "installvia ssh",
                middle,
                "socket//installvia=middle".to_owned(),
            );
        }
        Err(reason) => println!("skipped: {reason}"),
    }
}

#[test]
fn a_socket_via_another() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("private/socket");
    served(Listen::Unix(path), |spec| {
        conforms_via(
            "unix socket via popen",
            "unix socket via a Rust worker",
            &(spec + "//via=middle"),
        );
    });
}

#[test]
fn tcp_via_another() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let token = Token::generate().unwrap();
    token.write_to(&file).unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    served(Listen::Tcp { address, token }, |spec| {
        let spec = format!("{spec}//token_file={}//via=middle", file.display());
        conforms_via("tcp via popen", "tcp via a Rust worker", &spec);
    });
}

#[test]
fn unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("private/socket");
    served(Listen::Unix(path), |spec| conforms("unix socket", spec));
}

#[test]
fn tcp_with_a_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let token = Token::generate().unwrap();
    token.write_to(&file).unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    served(Listen::Tcp { address, token }, |spec| {
        conforms("tcp", format!("{spec}//token_file={}", file.display()));
    });
}

#[test]
fn tls() {
    let certificates = Certificates::make();
    let listen = Listen::Tls {
        address: "127.0.0.1:0".parse().unwrap(),
        files: certificates.server(),
        token: None,
    };
    served(listen, |spec| {
        let spec = certificates.spec(&spec);
        conforms("tls", spec.clone());
        conforms_via(
            "tls via popen",
            "tls via a Rust worker",
            &(spec + "//via=middle"),
        );
    });
}

#[test]
fn the_stock_socket_protocol() {
    let listen = Listen::InsecureStock {
        address: "127.0.0.1:0".parse().unwrap(),
        beyond_loopback: false,
    };
    served(listen, |spec| conforms("stock socket", spec));
}
