//! Workers that crash or are killed, and the errors of their gateways.

use execnet::{ReceiveError, WorkerExit};
use execnet_test_support::{LONG, each_python, receive, receive_int, signal};

use crate::SECOND;

#[test]
fn a_worker_killed_in_mid_stream_is_an_error_that_names_the_signal() {
    each_python(|python, gateway| {
        let source = "import os, sys\nsys.stderr.write('last words')\nsys.stderr.flush()\n\
                      channel.send(os.getpid())\nwhile 1: channel.send('x' * 1000)";
        let channel = gateway.remote_exec(source).unwrap();
        let pid = receive_int(&channel);
        for _ in 0..100 {
            receive(&channel);
        }
        signal("KILL", pid);
        let error = loop {
            if let Err(error) = channel.receive_timeout(LONG) {
                break error;
            }
        };
        let ReceiveError::Disconnected(lost) = &error else {
            panic!("{error:?}")
        };
        let exit = lost.cause().unwrap().downcast_ref::<WorkerExit>().unwrap();
        assert_eq!(
            exit.exit().unwrap().signal(),
            Some(9),
            "Python {}",
            python.version
        );
        assert_eq!(exit.stderr(), "last words");
        assert!(exit.to_string().contains("was killed by SIGKILL"), "{exit}");
        assert!(gateway.join_timeout(SECOND));
        assert!(channel.send(1).is_err());
    });
}

#[test]
fn a_worker_that_exits_by_itself_is_reported_with_its_status() {
    each_python(|_, gateway| {
        let channel = gateway.remote_exec("import os; os._exit(7)").unwrap();
        let error = channel.receive_timeout(LONG).unwrap_err();
        let ReceiveError::Disconnected(lost) = &error else {
            panic!("{error:?}")
        };
        assert!(
            lost.cause()
                .unwrap()
                .to_string()
                .contains("exited with status 7")
        );
    });
}
