//! The socket server, and gateways to what it serves.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use execnet::{
    BootstrapErrorKind, Gateway, Grace, Group, Listen, MakeGatewayError, Outcome, ReceiveError,
    Server, ServerError, ServerEvent, ServerOptions, SpecError, Token, Value, value,
};
use execnet_test_support::{
    LONG, RELEASES, Served, bootstrap_error, eventually, group, is_running, niceness,
    private_directory, quiet, receive, within,
};

const SECOND: Duration = Duration::from_secs(1);

/// Starts a server, whose settings are changed first.
type Serve = fn(fn(&mut ServerOptions)) -> Served;

fn pid(gateway: &Gateway) -> i64 {
    let channel = gateway.remote_exec("import os; channel.send(os.getpid())");
    receive(&channel.unwrap()).as_i64().unwrap()
}

#[test]
fn each_connection_has_a_process_of_its_own() {
    for served in [Served::unix(|_| {}), Served::tcp(|_| {})] {
        within("own processes", LONG, move || {
            let group = group();
            let one = group.make_gateway(&served.spec).unwrap();
            let other = group.make_gateway(&served.spec).unwrap();
            let (first, second) = (pid(&one), pid(&other));
            assert_ne!(first, second);
            let channel = one
                .remote_exec("channel.send(channel.receive() * 7)")
                .unwrap();
            channel.send(6).unwrap();
            assert_eq!(receive(&channel), Value::from(42));
            // A crash of one is nothing to the other.
            let crash = one.remote_exec("import os, signal; os.kill(os.getpid(), signal.SIGKILL)");
            match crash.unwrap().receive_timeout(LONG) {
                Err(ReceiveError::Disconnected(_)) => {}
                other => panic!("{other:?}"),
            }
            assert_eq!(pid(&other), second);
            let outcomes: Vec<_> = group
                .terminate_timeout(LONG)
                .into_iter()
                .map(|report| report.outcome)
                .collect();
            assert_eq!(outcomes, [Outcome::Closed, Outcome::Closed]);
            eventually("the workers are gone", LONG, || {
                !is_running(first) && !is_running(second)
            });
        });
    }
}

#[test]
fn a_client_says_where_its_worker_runs_and_how() {
    let served = Served::unix(|_| {});
    within("surroundings", LONG, move || {
        let directory = private_directory();
        let new = directory.path().join("new");
        let spec = format!(
            "{}//chdir={}//env:EXECNET_A=b=c//nice=1//execmodel=main_thread_only//id=x",
            served.spec,
            new.display()
        );
        let group = group();
        let gateway = group.make_gateway(spec).unwrap();
        let channel = gateway
            .remote_exec(
                "import os; channel.send((os.getcwd(), os.environ['EXECNET_A'], os.nice(0)))",
            )
            .unwrap();
        let found = receive(&channel);
        let new = fs::canonicalize(new).unwrap();
        assert_eq!(found, value!((new.to_str().unwrap(), "b=c", niceness(1))));
        let status = gateway.remote_status_timeout(LONG).unwrap();
        assert_eq!(status.exec_model, "main_thread_only");
        let error = bootstrap_error(
            &group,
            &format!("{}//chdir=/no/such/directory", served.spec),
        );
        assert_eq!(error.kind(), BootstrapErrorKind::SettingsRefused);
        let python = format!("{}//python=python3", served.spec);
        assert!(matches!(
            group.make_gateway(python),
            Err(MakeGatewayError::Spec(SpecError::Value {
                key: "python",
                ..
            }))
        ));
    });
}

#[test]
fn a_server_says_what_it_starts() {
    // The shell of the second reads from its standard input what is to be set.
    for worker in [
        "popen//env:MADE_BY=server",
        "cmd=env A=1//env:MADE_BY=server",
    ] {
        let served = Served::tcp(|options| options.worker = worker.parse().unwrap());
        within(worker, LONG, move || {
            let group = group();
            let gateway = group.make_gateway(&served.spec).unwrap();
            let channel = gateway.remote_exec("import os; channel.send(os.environ['MADE_BY'])");
            assert_eq!(receive(&channel.unwrap()), Value::from("server"));
            let status = gateway.remote_status().unwrap();
            assert_eq!(status.num_executing, 0, "{status:?}");
        });
    }
}

#[test]
fn without_the_token_nothing_is_started() {
    let served = Served::tcp(|_| {});
    within("token", LONG, move || {
        let address = served.address().to_owned();
        let error = bootstrap_error(&group(), &format!("tcp={address}"));
        assert!(error.output().contains("refused: no token"), "{error}");
        assert_eq!(served.refusal(), "no token, or a wrong one");

        let directory = private_directory();
        let wrong = directory.path().join("wrong");
        Token::generate().unwrap().write_to(&wrong).unwrap();
        let error = bootstrap_error(
            &group(),
            &format!("tcp={address}//token_file={}", wrong.display()),
        );
        assert!(error.output().contains("refused: no token"), "{error}");
        assert_eq!(served.refusal(), "no token, or a wrong one");

        // What a stock client sends is not evaluated.
        let marker = directory.path().join("marker");
        let mut stock = TcpStream::connect(&address).unwrap();
        writeln!(stock, "open({:?}, 'w')", marker.to_str().unwrap()).unwrap();
        let mut text = String::new();
        stock.read_to_string(&mut text).unwrap();
        assert_eq!(text, "execnet: refused: not a greeting of execnet's\n");
        assert_eq!(served.refusal(), "not a greeting of execnet's");
        assert!(!marker.exists());

        drop(TcpStream::connect(&address).unwrap());
        assert_eq!(served.refusal(), "not a greeting of execnet's");
        // Nobody was served.
        assert!(served.events.try_recv().is_err());
    });
}

#[test]
fn a_token_file_that_others_can_read_is_not_used() {
    let directory = private_directory();
    let file = directory.path().join("token");
    Token::generate().unwrap().write_to(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let spec = format!("tcp=127.0.0.1:1//token_file={}", file.display());
    // Nobody listens there; whichever is noticed first, no token goes out.
    assert!(group().make_gateway(spec).is_err());
    assert!(Token::from_file(&file).is_err());
}

#[test]
fn a_token_file_in_a_directory_that_others_can_write_to_is_not_used() {
    let directory = private_directory();
    let open = directory.path().join("open");
    fs::create_dir(&open).unwrap();
    let file = open.join("token");
    Token::generate().unwrap().write_to(&file).unwrap();
    Token::from_file(&file).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Token::from_file(&file).unwrap_err().to_string();
    assert!(
        refused.contains("must not be writable by others"),
        "{refused}"
    );
}

#[test]
fn a_client_that_says_nothing_is_dropped_in_time() {
    let served = Served::tcp(|options| options.handshake_timeout = Duration::from_millis(200));
    within("silent", LONG, move || {
        let mut silent = TcpStream::connect(served.address()).unwrap();
        let mut slow = TcpStream::connect(served.address()).unwrap();
        slow.write_all(b"EXEC").unwrap();
        let mut text = String::new();
        silent.read_to_string(&mut text).unwrap();
        assert_eq!(text, "execnet: refused: no greeting in time\n");
        slow.read_to_string(&mut text).unwrap();
        assert_eq!(served.refusal(), "no greeting in time");
        assert_eq!(served.refusal(), "no greeting in time");
    });
}

#[test]
fn connections_have_a_cap() {
    let served = Served::unix(|options| options.max_connections = 1);
    within("cap", LONG, move || {
        let first = group();
        first.make_gateway(&served.spec).unwrap();
        let error = bootstrap_error(&group(), &served.spec);
        assert!(error.output().contains("too many connections"), "{error}");
        first.terminate_timeout(LONG);
        eventually("there is room again", LONG, || {
            group().make_gateway(&served.spec).is_ok()
        });
    });
}

#[test]
fn what_is_not_private_is_not_served_on() {
    let token = || Token::generate().unwrap();
    let address: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let bind = |listen| Server::bind(listen, ServerOptions::default());
    let refused = bind(Listen::Tcp {
        address,
        token: token(),
    });
    assert!(matches!(refused, Err(ServerError::NotLoopback(_))));
    let refused = bind(Listen::InsecureStock {
        address,
        beyond_loopback: false,
    });
    assert!(matches!(refused, Err(ServerError::NotLoopback(_))));
    let directory = private_directory();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let refused = bind(Listen::Unix(directory.path().join("s")));
    assert!(matches!(refused, Err(ServerError::PublicDirectory(_))));
    // One that is made is private.
    let inner = directory.path().join("inner");
    let server = bind(Listen::Unix(inner.join("s"))).unwrap();
    let mode = fs::metadata(&inner).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let second = bind(Listen::Unix(inner.join("s")));
    assert!(matches!(second, Err(ServerError::InUse(_))));
    drop(server);
    assert!(!inner.join("s").exists());
    // What a server that was killed leaves behind is replaced; other files are not.
    drop(std::os::unix::net::UnixListener::bind(inner.join("s")).unwrap());
    assert!(inner.join("s").exists());
    bind(Listen::Unix(inner.join("s"))).unwrap();
    fs::write(inner.join("file"), "kept").unwrap();
    assert!(matches!(
        bind(Listen::Unix(inner.join("file"))),
        Err(ServerError::Io(_))
    ));
    assert_eq!(fs::read(inner.join("file")).unwrap(), b"kept");
}

const STUBBORN: &str = "
    import signal, os, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        time.sleep(1000)
    channel.send((os.getpid(), child))
    time.sleep(1000)
";

fn stubborn(gateway: &Gateway) -> (i64, i64) {
    let item = receive(&gateway.remote_exec(STUBBORN).unwrap());
    let Value::Tuple(pids) = item else {
        panic!("{item:?}")
    };
    (pids[0].as_i64().unwrap(), pids[1].as_i64().unwrap())
}

#[test]
fn a_worker_that_does_not_leave_is_killed_with_what_it_started() {
    for listen in [Served::unix, Served::tcp] as [Serve; 2] {
        let served = listen(|options| options.shutdown_grace = Duration::from_millis(200));
        within("linger", LONG, move || {
            let group = group();
            let gateway = group.make_gateway(&served.spec).unwrap();
            let (worker, child) = stubborn(&gateway);
            let report = group.terminate_timeout(Duration::from_millis(100));
            assert_eq!(report[0].outcome, Outcome::Killed(None));
            eventually("both are gone", LONG, || {
                !is_running(worker) && !is_running(child)
            });
            assert!(matches!(served.event(), ServerEvent::Accepted { .. }));
            match served.event() {
                ServerEvent::Ended { exit, .. } => assert_eq!(exit.unwrap().signal(), Some(9)),
                other => panic!("{other:?}"),
            }
        });
    }
}

/// A connection over a Unix socket that was killed looked like one that the client had closed.
#[test]
fn killing_a_gateway_kills_its_worker_at_once() {
    let mut kinds: Vec<Serve> = vec![Served::tcp];
    // Other systems have no way to tell the server.
    if cfg!(target_os = "linux") {
        kinds.push(Served::unix);
    }
    // The second has the client end its direction before that.
    let kills: [fn(&Group, &Gateway); 2] = [
        |_, gateway| gateway.kill(),
        |group, _| drop(group.terminate_timeout(Duration::from_millis(100))),
    ];
    for (kind, kill) in kinds.iter().flat_map(|kind| kills.map(|kill| (kind, kill))) {
        let served = kind(|options| options.shutdown_grace = 100 * SECOND);
        within("kill", LONG, move || {
            // Neither the server nor the worker itself would end it within the time of this test.
            let mut options = quiet();
            options.grace = Grace::default()
                .with_interrupt(100 * SECOND)
                .with_leave(100 * SECOND);
            let group = Group::with_options(options);
            let gateway = group.make_gateway(&served.spec).unwrap();
            let (worker, child) = stubborn(&gateway);
            kill(&group, &gateway);
            eventually(&served.spec, LONG / 2, || {
                !is_running(worker) && !is_running(child)
            });
        });
    }
}

#[test]
fn code_gets_its_grace_when_the_client_goes() {
    let served = Served::unix(|_| {});
    within("grace", LONG, move || {
        let directory = private_directory();
        let marker = directory.path().join("marker");
        let mut options = quiet();
        options.grace = Grace::default()
            .with_interrupt(Duration::from_millis(50))
            .with_leave(LONG);
        let group = Group::with_options(options);
        let gateway = group.make_gateway(&served.spec).unwrap();
        let channel = gateway
            .remote_exec(
                "
                path = channel.receive()
                import time
                try:
                    channel.send(1)
                    time.sleep(1000)
                finally:
                    open(path, 'w').close()
                ",
            )
            .unwrap();
        channel.send(marker.to_str().unwrap()).unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        group.terminate_timeout(LONG);
        assert!(marker.exists());
    });
}

#[test]
fn a_server_that_stops_takes_its_workers_with_it() {
    let mut served = Served::unix(|_| {});
    within("stop", LONG, move || {
        let group = group();
        let gateway = group.make_gateway(&served.spec).unwrap();
        let (worker, child) = stubborn(&gateway);
        let channel = gateway.remote_exec("channel.receive()").unwrap();
        served.stop();
        assert!(!is_running(worker));
        eventually("the child too", LONG, || !is_running(child));
        match channel.receive_timeout(LONG) {
            Err(ReceiveError::Disconnected(_)) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(
            bootstrap_error(&group, &served.spec).kind(),
            BootstrapErrorKind::HostUnreachable
        );
    });
}

#[test]
fn stock_clients_are_served_where_that_is_asked_for() {
    let Some(python) = RELEASES[0].python() else {
        return;
    };
    let served = Served::stock(|_| {});
    within("stock clients", LONG, move || {
        let program = "
import execnet, sys
group = execnet.Group()
one, two = [group.makegateway('socket=' + sys.argv[1]) for _ in range(2)]
echo = one.remote_exec('print(1); channel.send(channel.receive() * 7)')
echo.send(6)
assert echo.receive(10) == 42
pids = [gw.remote_exec('import os; channel.send(os.getpid())').receive(10) for gw in (one, two)]
assert pids[0] != pids[1]
print(one.remote_status().execmodel)
group.terminate(5)
";
        let output = Command::new(python)
            .args(["-c", program, served.address()])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        assert_eq!(output.stdout, b"thread\n", "{errors}");
        // Ours speak to it as to any stock server.
        let group = group();
        let gateway = group.make_gateway(&served.spec).unwrap();
        let channel = gateway
            .remote_exec("channel.send(channel.receive() + 1)")
            .unwrap();
        channel.send(1).unwrap();
        assert_eq!(receive(&channel), Value::from(2));
    });
}
