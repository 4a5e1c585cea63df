//! The environment of remote code: its namespace, streams and exits.

use execnet::serializer::Dict;
use execnet::{ReceiveError, SendError, Value, value};
use execnet_test_support::{LONG, each_python, eventually, group, pythons, receive, within};

use crate::{failure, run};

#[test]
fn the_namespace_holds_the_channel_and_the_name() {
    each_python(|_, gateway| {
        let channel = run(
            gateway,
            "channel.send((__name__, sorted(set(globals()) - {'__builtins__'})))",
        );
        let names = Value::List(vec!["__name__".into(), "channel".into()]);
        assert_eq!(receive(&channel), Value::from(("__channelexec__", names)));
        assert!(matches!(
            channel.receive_timeout(LONG),
            Err(ReceiveError::Closed)
        ));
        assert!(matches!(channel.send(1), Err(SendError::Closed)));
    });
}

#[test]
fn a_function_is_called_with_keywords() {
    each_python(|_, gateway| {
        let source =
            "def scale(channel, by):\n    channel.send(channel.receive() * by)\n    fail()\n";
        let kwargs = Dict::from_iter([(Value::from("by"), Value::from(7))]);
        let channel = gateway
            .remote_exec_function(source, "scale", &kwargs)
            .unwrap();
        channel.send(6).unwrap();
        assert_eq!(receive(&channel), Value::from(42));
        let text = failure(&channel);
        assert!(text.contains("line 3, in scale\n    fail()"), "{text}");
        assert!(text.contains("NameError"), "{text}");
    });
}

#[test]
fn standard_streams_cannot_disturb_the_link() {
    each_python(|_, gateway| {
        let channel = run(
            gateway,
            "
            import os, subprocess, sys
            print('text')
            sys.stdout.flush()
            os.write(1, b'raw')
            subprocess.call(['sh', '-c', 'echo child; cat'])
            channel.send(sys.stdin.read())
            pid = os.fork()
            if pid == 0:
                sys.stdout.write('forked')
                sys.stdout.flush()
                del channel
                os._exit(0)
            channel.send(os.waitpid(pid, 0)[1])
            channel.send('end')
            ",
        );
        assert_eq!(receive(&channel), Value::from(""));
        assert_eq!(receive(&channel), Value::from(0));
        assert_eq!(receive(&channel), Value::from("end"));
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn exits_and_interrupts_of_remote_code_leave_the_worker_alive() {
    each_python(|_, gateway| {
        assert!(failure(&run(gateway, "import sys; sys.exit(3)")).contains("SystemExit: 3"));
        assert_eq!(
            failure(&run(gateway, "raise KeyboardInterrupt")),
            "keyboard-interrupted"
        );
        assert!(failure(&run(gateway, "raise EOFError('mine')")).contains("EOFError: mine"));
        assert!(failure(&run(gateway, "channel.close()")).contains("cannot explicitly close"));
        assert_eq!(receive(&run(gateway, "channel.send(1)")), Value::from(1));
    });
}

#[test]
fn the_end_of_the_channel_ends_code_that_waits_on_it() {
    each_python(|_, gateway| {
        let source = "
            own = channel.gateway.newchannel()
            channel.send(own)
            try:
                channel.receive()
            finally:
                own.close()
        ";
        let report = run(gateway, source);
        let item = report.receive_timeout(LONG).unwrap();
        let done = item.as_channel().unwrap().clone();
        report.close();
        assert!(report.is_closed());
        done.wait_close_timeout(LONG).unwrap();
        let status = || gateway.remote_status_timeout(LONG).unwrap().num_executing;
        eventually("the code has ended", LONG, || status() == 0);
    });
}

/// A program that starts the worker may share its own descriptors, and may have made them non-blocking.
#[cfg(unix)]
#[test]
fn non_blocking_descriptors_are_made_blocking() {
    const WRAP: &str = "import os, sys; [os.set_blocking(n, False) for n in (0, 1)]; os.execv(sys.argv[1], sys.argv[1:])";
    for python in pythons() {
        within(&format!("Python {}", python.version), LONG, move || {
            let group = group();
            let spec =
                python
                    .spec()
                    .replacen("python=", &format!("python=python3 -c \"{WRAP}\" "), 1);
            let gateway = group.make_gateway(spec).unwrap();
            let channel = run(&gateway, "for item in channel: channel.send(item)");
            let item = value!({"text": ("x".repeat(1 << 20))});
            for _ in 0..4 {
                channel.send(&item).unwrap();
            }
            (0..4).for_each(|_| assert_eq!(receive(&channel), item));
        });
    }
}
