//! The end of a worker with its connection or its server.

use core::time::Duration;

use execnet::{
    BootstrapErrorKind, Gateway, Grace, Group, Outcome, ReceiveError, ServerEvent, ServerOptions,
    Value,
};
use execnet_test_support::{
    LONG, Served, bootstrap_error, eventually, group, is_running, private_directory, quiet,
    receive, within,
};

use crate::{SECOND, Serve};

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
fn a_worker_that_does_not_exit_is_killed_with_its_children() {
    for listen in [Served::unix, Served::tcp] as [Serve; 2] {
        let served = listen(ServerOptions::new().with_shutdown_grace(Duration::from_millis(200)));
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

/// The server took a killed connection over a Unix socket for one that the client had closed.
#[test]
fn killing_a_gateway_kills_its_worker_at_once() {
    let mut kinds: Vec<Serve> = vec![Served::tcp];
    // Other systems have no way to mark the connection as cut.
    if cfg!(target_os = "linux") {
        kinds.push(Served::unix);
    }
    // In the second, the client ends its direction before it cuts the connection.
    let kills: [fn(&Group, &Gateway); 2] = [
        |_, gateway| gateway.kill(),
        |group, _| drop(group.terminate_timeout(Duration::from_millis(100))),
    ];
    for (kind, kill) in kinds.iter().flat_map(|kind| kills.map(|kill| (kind, kill))) {
        let served = kind(ServerOptions::new().with_shutdown_grace(100 * SECOND));
        within("kill", LONG, move || {
            // Neither the server nor the worker itself would end it within the timeout of this test.
            let options = quiet().with_grace(
                Grace::default()
                    .with_interrupt(100 * SECOND)
                    .with_leave(100 * SECOND),
            );
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
    let served = Served::unix(ServerOptions::new());
    within("grace", LONG, move || {
        let directory = private_directory();
        let marker = directory.path().join("marker");
        let options = quiet().with_grace(
            Grace::default()
                .with_interrupt(Duration::from_millis(50))
                .with_leave(LONG),
        );
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
fn a_server_that_stops_kills_its_workers() {
    let mut served = Served::unix(ServerOptions::new());
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
