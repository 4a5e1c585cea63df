//! Processes that remote code forks: none of them acts as a second worker.

use execnet::{Gateway, Value, value};

use super::{assert_leaves, assert_usable, each_python, run};
use execnet_test_support::{LONG, eventually, is_running, receive};

/// How a child leaves, and its status.
const LEAVES: [(&str, i64); 7] = [
    ("sys.exit(3)", 3),
    ("sys.exit()", 0),
    ("sys.exit('with a text')", 1),
    ("raise ValueError('in the child')", 1),
    ("pass", 0),
    ("os._exit(7)", 7),
    ("channel.send(1)", 1),
];

/// What starts a child: each sets `pid`.
const FORKS: [&str; 3] = [
    "pid = os.fork()",
    "import posix; pid = posix.fork()",
    "import pty; pid, terminal = pty.fork()",
];

/// Sends the child's process id, and its status; the child comes to the end of the code as well.
fn leave(gateway: &Gateway, fork: &str, how: &str, status: i64) {
    let source = format!(
        "import os, sys\n{fork}\nif pid == 0:\n    {how}\nelse:\n    channel.send((pid, os.waitpid(pid, 0)[1]))"
    );
    let channel = run(gateway, &source);
    let item = receive(&channel);
    let [pid, ended] = item.as_slice().unwrap() else {
        panic!("{item:?}");
    };
    assert_eq!(ended.as_i64(), Some(status << 8), "{fork}: {how}");
    super::assert_ended(&channel);
    assert!(!is_running(pid.as_i64().unwrap()));
}

#[test]
fn a_forked_child_exits_as_in_python_and_its_parent_continues() {
    each_python(|python, group| {
        let gateway = group.make_gateway(python.spec()).unwrap();
        for (how, status) in LEAVES {
            leave(&gateway, FORKS[0], how, status);
        }
        for fork in FORKS {
            leave(&gateway, fork, LEAVES[0].0, LEAVES[0].1);
        }
        // The same in another thread than the main one.
        let busy = run(&gateway, "channel.send(1); channel.receive()");
        assert_eq!(receive(&busy), Value::from(1));
        for (how, status) in LEAVES {
            leave(&gateway, FORKS[0], how, status);
        }
        busy.send(1).unwrap();
        assert_usable(&gateway);
        assert_leaves(group);
    });
}

#[test]
fn a_forked_child_prints_its_exception_and_runs_its_exit_handlers() {
    each_python(|python, group| {
        let gateway = group.make_gateway(python.spec()).unwrap();
        let source = "
            import atexit, os, threading, time
            out, end = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.dup2(end, 2)
                os.close(end)
                os.close(out)
                def work():
                    time.sleep(0.01)
                    os.write(2, b'thread|')
                atexit.register(lambda: os.write(2, b'handler|'))
                threading.Thread(target=work).start()
                raise ValueError('mine')
            os.close(end)
            os.waitpid(pid, 0)
            channel.send(os.read(out, 65536).decode('utf-8'))
        ";
        let text = receive(&run(&gateway, source));
        let text = text.as_str().unwrap();
        assert!(
            text.contains("raise ValueError('mine')\n") && text.contains("\nValueError: mine\n"),
            "{text}"
        );
        assert!(!text.contains("execnet worker"), "{text}");
        assert!(
            text.contains("thread|") && text.ends_with("handler|"),
            "{text}"
        );
    });
}

#[test]
fn a_forked_child_has_no_channels() {
    each_python(|python, group| {
        let gateway = group.make_gateway(python.spec()).unwrap();
        // Also where the code reads the link by itself.
        let source = "
            import os
            for item in channel:
                if item == 'fork':
                    break
                channel.send(item)
            inner = channel.gateway.newchannel()
            pid = os.fork()
            if pid == 0:
                refused = 0
                for use in (lambda: channel.send(1), channel.receive, lambda: channel.receive(1), lambda: next(iter(channel)),
                            channel.waitclose, inner.receive, channel.gateway.newchannel):
                    try:
                        use()
                    except IOError:
                        refused += 1
                del inner
                os._exit(refused)
            channel.send(os.waitpid(pid, 0)[1] >> 8)
            channel.send(channel.receive())
        ";
        for turns in [0, 200] {
            let channel = run(&gateway, source);
            for turn in 0..turns {
                channel.send(turn).unwrap();
                assert_eq!(receive(&channel), Value::from(turn));
            }
            channel.send("fork").unwrap();
            assert_eq!(
                receive(&channel),
                Value::from(7),
                "Python {}",
                python.version
            );
            channel.send(2).unwrap();
            assert_eq!(receive(&channel), Value::from(2));
        }
        assert_leaves(group);
    });
}

#[test]
fn a_child_that_a_callback_forks_exits() {
    each_python(|python, group| {
        let gateway = group.make_gateway(python.spec()).unwrap();
        let source = "
            import os
            def fork(item):
                pid = os.fork()
                if pid == 0 and item:
                    raise ValueError(item)
                if pid:
                    channel.send((pid, os.waitpid(pid, 0)[1] >> 8))
            inner = channel.receive()
            inner.setcallback(fork)
            inner.waitclose()
        ";
        let (channel, inner) = (run(&gateway, source), gateway.new_channel().unwrap());
        channel.send(&inner).unwrap();
        for item in [0, 1] {
            inner.send(item).unwrap();
            let answer = receive(&channel);
            let pid = answer.as_slice().unwrap()[0].as_i64().unwrap();
            assert_eq!(answer, value!((pid, item)));
            eventually("the child has left", LONG, || !is_running(pid));
        }
        inner.close();
        super::assert_ended(&channel);
        assert_leaves(group);
    });
}
