//! Ends through a proxy: a worker that dies, is stopped or killed, and the end of the proxy itself.

use core::error::Error as _;
use core::time::Duration;

use execnet::{Grace, Listen, Outcome, ReceiveError, ServerOptions, Token, Value, WorkerExit};
use execnet_test_support::{LONG, Served, eventually, is_running, pid, quiet, receive, signal};

use crate::{each_middle, each_middle_with};

fn lost(received: Result<execnet::Item, ReceiveError>) -> WorkerExit {
    match &received {
        Err(ReceiveError::Disconnected(error)) => {
            error.source().unwrap().downcast_ref().cloned().unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_exit_of_a_worker_behind_a_proxy_is_reported() {
    each_middle(|group| {
        let gateway = group.make_gateway("popen//via=a").unwrap();
        // As much as a pipe takes at once, or nearly: nobody has to read any of it before the end.
        let source = "
            import os
            os.write(2, b'last words\\n' * 5000 + b'.')
            os.kill(os.getpid(), 9)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let exit = lost(channel.receive_timeout(LONG));
        assert_eq!(exit.exit().unwrap().signal(), Some(9), "{exit}");
        assert_eq!(exit.stderr(), "last words\n".repeat(5000) + ".");
    });
}

#[test]
fn the_exit_of_a_worker_behind_a_proxy_is_reported_if_a_child_keeps_its_standard_error() {
    each_middle(|group| {
        let gateway = group.make_gateway("popen//via=a").unwrap();
        let source = "
            import os, time
            heir = os.fork()
            if heir == 0:
                os.setsid()
                os.closerange(3, 256)
                while True:
                    time.sleep(1000)
            channel.send(heir)
            channel.receive()
            os.write(2, b'last words')
            os.kill(os.getpid(), 9)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let heir = receive(&channel).as_i64().unwrap();
        channel.send(()).unwrap();
        let exit = lost(channel.receive_timeout(LONG));
        signal("KILL", heir);
        assert_eq!(exit.exit().unwrap().signal(), Some(9), "{exit}");
        assert_eq!(exit.stderr(), "last words");
    });
}

#[test]
fn a_stopped_worker_behind_a_proxy_is_killed_and_delays_no_other() {
    each_middle(|group| {
        let far = group.make_gateway("popen//via=a").unwrap();
        let stopped = pid(&far);
        let channel = far.remote_exec("for item in channel: pass").unwrap();
        signal("STOP", stopped);
        // More than all pipes and the window take: this thread gets stuck.
        let sender = std::thread::spawn(move || {
            let piece = Value::Bytes(vec![0; 1 << 20]);
            (0..8).try_for_each(|_| channel.send(&piece)).is_err()
        });
        assert!(group.make_gateway("popen//via=a").is_ok());
        let reports = group.terminate_timeout(Duration::from_secs(1));
        assert!(
            matches!(reports[1].outcome, Outcome::Killed(Some(exit)) if exit.signal() == Some(9)),
            "{reports:?}"
        );
        assert!(sender.join().unwrap());
        eventually("the far worker is gone", LONG, || !is_running(stopped));
    });
}

#[test]
fn a_worker_behind_a_proxy_ends_with_the_proxy() {
    each_middle(|group| {
        let far = group.make_gateway("popen//via=a").unwrap();
        let orphan = pid(&far);
        let channel = far.remote_exec("channel.receive()").unwrap();
        let info = group.get("a").unwrap().remote_info_timeout(LONG).unwrap();
        signal("KILL", i64::from(info.pid));
        assert!(matches!(
            channel.receive_timeout(LONG),
            Err(ReceiveError::Disconnected(_))
        ));
        eventually("the far worker is gone", LONG, || !is_running(orphan));
    });
}

/// The server saw the end of the input alone, and gave the worker its time.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_of_a_server_is_killed_through_a_proxy() {
    const FOR_EVER: Duration = Duration::from_secs(1000);
    // It does not leave by itself.
    let options = quiet().with_grace(Grace::new().with_leave(FOR_EVER));
    each_middle_with(options, |group| {
        let directory = tempfile::tempdir().unwrap();
        let token_file = directory.path().join("token");
        let token = Token::generate().unwrap();
        token.write_to(&token_file).unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let keys = format!("//via=a//token_file={}", token_file.display());
        for (listen, keys) in [
            (
                Listen::Unix(directory.path().join("private/socket")),
                "//via=a",
            ),
            (Listen::Tcp { address, token }, keys.as_str()),
        ] {
            let served = Served::on(listen, ServerOptions::new().with_shutdown_grace(FOR_EVER));
            let gateway = group
                .make_gateway(format!("{}{keys}", served.spec))
                .unwrap();
            let source = "
                import os, signal, time
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                channel.send(os.getpid())
                time.sleep(1000)
            ";
            let channel = gateway.remote_exec(source).unwrap();
            let worker = receive(&channel).as_i64().unwrap();
            gateway.kill();
            eventually(&served.spec, LONG, || !is_running(worker));
        }
    });
}

#[test]
fn the_death_of_a_server_behind_a_proxy_is_a_closed_link() {
    each_middle(|group| {
        let mut served = Served::unix(ServerOptions::new());
        let gateway = group
            .make_gateway(format!("{}//via=a", served.spec))
            .unwrap();
        let channel = gateway.remote_exec("channel.receive()").unwrap();
        served.stop();
        let exit = lost(channel.receive_timeout(LONG));
        assert_eq!(exit.exit(), None);
    });
}
