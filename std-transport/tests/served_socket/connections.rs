//! The worker of a connection.

use std::fs;
use std::process::Command;

use execnet::{
    BootstrapErrorKind, MakeGatewayError, Outcome, ReceiveError, ServerOptions, SpecError, Value,
    value,
};
use execnet_test_support::{
    LONG, RELEASES, Served, bootstrap_error, eventually, group, is_running, niceness, pid,
    private_directory, pythons, receive, within,
};

#[test]
fn each_connection_has_a_process_of_its_own() {
    for served in [
        Served::unix(ServerOptions::new()),
        Served::tcp(ServerOptions::new()),
    ] {
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
            // A crash of one does not affect the other.
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
fn a_client_chooses_directory_environment_priority_and_model() {
    let served = Served::unix(ServerOptions::new());
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
fn the_server_chooses_the_program() {
    // In the second, a shell reads the variable from its standard input.
    for worker in [
        "popen//env:MADE_BY=server",
        "cmd=env A=1//env:MADE_BY=server",
    ] {
        let served = Served::tcp(ServerOptions::new().with_worker(worker.parse().unwrap()));
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
fn workers_of_each_python_are_served() {
    for python in pythons() {
        let worker = python.spec().parse().unwrap();
        let served = Served::tcp(ServerOptions::new().with_worker(worker));
        within(&python.version, LONG, move || {
            let group = group();
            let gateway = group.make_gateway(&served.spec).unwrap();
            let source = "
                import sys
                channel.send('PyPy' in sys.version)
                for item in channel:
                    channel.send(item)
            ";
            let channel = gateway.remote_exec(source).unwrap();
            assert_eq!(receive(&channel), Value::from(python.version == "PyPy"));
            for item in [
                value!([1, {2: (3, None)}]),
                Value::from("x".repeat(1 << 20)),
            ] {
                channel.send(&item).unwrap();
                assert_eq!(receive(&channel), item);
            }
        });
    }
}

#[test]
fn stock_clients_are_served_on_request() {
    let Some(python) = RELEASES[0].python() else {
        return;
    };
    let served = Served::stock(ServerOptions::new());
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
        // Our clients use it as any stock server.
        let group = group();
        let gateway = group.make_gateway(&served.spec).unwrap();
        let channel = gateway
            .remote_exec("channel.send(channel.receive() + 1)")
            .unwrap();
        channel.send(1).unwrap();
        assert_eq!(receive(&channel), Value::from(2));
    });
}
