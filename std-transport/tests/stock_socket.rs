//! Gateways to the socket server of Python's execnet, as PyPI has it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::error::Error as _;
use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use execnet::{
    BootstrapErrorKind, Grace, Group, MakeGatewayError, Outcome, ReceiveError, SpecError, Value,
    WorkerExit, value,
};
use execnet_test_support::{
    LONG, StockServer, bootstrap_error, group, niceness, quiet, receive, within,
};

#[test]
fn code_runs_in_the_process_of_the_server() {
    let Some(server) = StockServer::start() else {
        return;
    };
    within("stock server", LONG, move || {
        let group = group();
        let gateway = group.make_gateway(server.spec() + "//id=sock1").unwrap();
        assert_eq!(gateway.id(), "sock1");
        let channel = gateway
            .remote_exec("import os; channel.send((os.getpid(), channel.receive() * 7))")
            .unwrap();
        channel.send(6).unwrap();
        assert_eq!(receive(&channel), Value::from((server.pid(), 42)));
        let channel = gateway.remote_exec("foobar").unwrap();
        match channel.receive_timeout(LONG) {
            Err(ReceiveError::Remote(error)) => assert!(error.to_string().contains("foobar")),
            other => panic!("{other:?}"),
        }
        let status = gateway.remote_status_timeout(LONG).unwrap();
        assert_eq!(status.exec_model, "thread");
    });
}

#[test]
fn the_execnet_of_the_server_can_serve() {
    let Some(server) = StockServer::start() else {
        return;
    };
    within("stock worker in the stock server", LONG, move || {
        for round in 0..2 {
            // Which a stock worker knows nothing of.
            let options = quiet().with_credit(Some(1000));
            let group = Group::with_options(options);
            let spec = server.spec() + "//bootstrap=execnet//id=sock1";
            let gateway = group.make_gateway(spec).unwrap();
            let channel = gateway
                .remote_exec(
                    "import os, sys; channel.send((type(channel).__module__, os.getpid(), channel.receive()))",
                )
                .unwrap();
            channel.send(round).unwrap();
            let expected = value!(("execnet.gateway_base", (server.pid()), round));
            assert_eq!(receive(&channel), expected);
            assert_eq!(group.terminate_timeout(LONG)[0].outcome, Outcome::Closed);
        }
    });
}

#[test]
fn one_gateway_follows_another() {
    let Some(mut server) = StockServer::start() else {
        return;
    };
    let spec = server.spec();
    let last = within("one after the other", LONG, move || {
        for round in 0..3 {
            let group = group();
            let gateway = group.make_gateway(&spec).unwrap();
            let channel = gateway.remote_exec("print('hello'); channel.send(channel.receive())");
            let channel = channel.unwrap();
            channel.send(round).unwrap();
            assert_eq!(receive(&channel), Value::from(round));
            let reports = group.terminate_timeout(LONG);
            assert_eq!(reports[0].outcome, Outcome::Closed);
        }
        // That the server has finished with one it says only after the link is closed, and before it takes the next.
        let group = group();
        group.make_gateway(&spec).unwrap();
        group
    });
    // It prints that for each connection, and has not been ended by one.
    let printed = server.kill();
    drop(last);
    assert_eq!(
        printed.matches("finished executing code").count(),
        3,
        "{printed}"
    );
    assert!(!printed.contains("got exception"), "{printed}");
    assert!(printed.contains("hello"), "{printed}");
}

#[test]
fn code_that_runs_at_the_end_is_interrupted_and_the_server_continues() {
    let Some(server) = StockServer::start() else {
        return;
    };
    within("interrupted", LONG, move || {
        let options = quiet().with_grace(
            Grace::default()
                .with_interrupt(Duration::from_millis(50))
                .with_leave(LONG),
        );
        let group = Group::with_options(options);
        let gateway = group.make_gateway(server.spec()).unwrap();
        let channel = gateway.remote_exec("channel.send(1)\nimport time\ntime.sleep(1000)");
        assert_eq!(receive(&channel.unwrap()), Value::from(1));
        assert_eq!(group.terminate_timeout(LONG)[0].outcome, Outcome::Closed);
        let gateway = group.make_gateway(server.spec()).unwrap();
        let channel = gateway.remote_exec("channel.send(2)").unwrap();
        assert_eq!(receive(&channel), Value::from(2));
    });
}

#[test]
fn the_surroundings_that_a_spec_asks_for_are_set_up_in_the_server() {
    let Some(server) = StockServer::start() else {
        return;
    };
    within("surroundings", LONG, move || {
        let directory = std::env::temp_dir().join(format!("execnet-{}", server.pid()));
        let spec = format!(
            "{}//chdir={}//env:EXECNET_A=b=c//nice=1//execmodel=main_thread_only",
            server.spec(),
            directory.display()
        );
        let group = group();
        let gateway = group.make_gateway(spec).unwrap();
        let channel = gateway
            .remote_exec(
                "import os; channel.send((os.getcwd(), os.environ['EXECNET_A'], os.nice(0)))",
            )
            .unwrap();
        let found = receive(&channel);
        let wanted = std::fs::canonicalize(&directory).unwrap();
        std::fs::remove_dir(&directory).unwrap();
        assert_eq!(
            found,
            value!((wanted.to_str().unwrap(), "b=c", niceness(1)))
        );
        let model = gateway.remote_status_timeout(LONG).unwrap().exec_model;
        assert_eq!(model, "main_thread_only");
        drop(group);
        let refused = bootstrap_error(
            &Group::with_options(quiet()),
            &format!("{}//execmodel=nonsense", server.spec()),
        );
        assert_eq!(refused.kind(), BootstrapErrorKind::SettingsRefused);
        assert!(refused.to_string().contains("nonsense"), "{refused}");
    });
}

#[test]
fn a_second_gateway_waits_for_the_first_to_end() {
    let Some(server) = StockServer::start() else {
        return;
    };
    within("second", LONG, move || {
        let first = group();
        first.make_gateway(server.spec()).unwrap();
        let options = quiet().with_bootstrap_timeout(Duration::from_millis(300));
        let second = Group::with_options(options);
        assert!(bootstrap_error(&second, &server.spec()).is_timeout());
        first.terminate_timeout(LONG);
        // The connection that gave up is served first: its code finds nobody.
        group().make_gateway(server.spec()).unwrap();
    });
}

#[test]
fn a_killed_server_is_distinguished_from_a_channel_that_ends() {
    let Some(mut server) = StockServer::start() else {
        return;
    };
    within("killed", LONG, move || {
        let group = group();
        let gateway = group.make_gateway(server.spec()).unwrap();
        let channel = gateway.remote_exec("channel.receive()").unwrap();
        server.kill();
        match channel.receive_timeout(LONG) {
            Err(ReceiveError::Disconnected(error)) => {
                let cause = error.source().unwrap();
                let exit = cause.downcast_ref::<WorkerExit>().unwrap();
                assert_eq!(exit.command(), server.spec());
                assert_eq!(exit.exit(), None);
            }
            other => panic!("{other:?}"),
        }
        let report = group.terminate_timeout(LONG);
        assert_eq!(report[0].outcome, Outcome::Closed);
    });
}

#[test]
fn socket_gw_host_not_found() {
    within("not found", LONG, || {
        let error = bootstrap_error(&group(), "socket=qwepoipqwe.invalid:9000");
        assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable);
        assert!(error.io_error().is_some(), "{error}");
    });
}

#[test]
fn nobody_listens() {
    within("refused", LONG, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = bootstrap_error(&group(), &format!("socket={address}"));
        assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable);
        assert_eq!(
            error.io_error().unwrap().kind(),
            std::io::ErrorKind::ConnectionRefused
        );
    });
}

#[test]
fn an_address_is_a_host_and_a_port() {
    for spec in [
        "socket",
        "socket=x",
        "socket=x:y",
        "socket=:1",
        "socket=::1",
    ] {
        assert!(
            matches!(
                group().make_gateway(spec),
                Err(MakeGatewayError::Spec(SpecError::Value {
                    key: "socket",
                    ..
                }))
            ),
            "{spec}"
        );
    }
}

/// Whatever listens: what it does with a connection, and what the error says.
fn listener(serve: impl FnOnce(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || serve(listener.accept().unwrap().0));
    format!("socket={address}")
}

#[test]
fn a_listener_of_another_kind_is_an_error_with_what_it_said() {
    within("others", LONG, || {
        let hangs_up = listener(|mut stream| {
            stream.write_all(b"220 mail ready\r\n").unwrap();
            let _ = stream.read(&mut [0; 16]);
        });
        let error = bootstrap_error(&group(), &hangs_up);
        assert_eq!(error.kind(), BootstrapErrorKind::UnexpectedOutput);
        assert!(error.output().contains("220 mail ready"), "{error}");

        let babbles = listener(|mut stream| while stream.write_all(&[b'y'; 4096]).is_ok() {});
        let error = bootstrap_error(&group(), &babbles);
        assert!(error.to_string().contains("much output"), "{error}");

        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let silent = listener(move |stream| {
            let _ = stopped.recv();
            drop(stream);
        });
        let options = quiet().with_bootstrap_timeout(Duration::from_millis(200));
        let error = bootstrap_error(&Group::with_options(options), &silent);
        assert!(error.is_timeout(), "{error}");
        drop(stop);
    });
}
