//! The patches of the whole process by gevent and eventlet from PyPI.

use execnet::{Gateway, Group, Value, value};
use execnet_test_support::environment;

use super::{assert_ended, assert_leaves, assert_usable, run};
use execnet_test_support::{LONG, eventually, quiet, receive, within};

const PATCHES: [(&str, &str); 2] = [
    ("gevent", "from gevent.monkey import patch_all; patch_all()"),
    ("eventlet", "import eventlet; eventlet.monkey_patch()"),
];

#[test]
fn a_worker_whose_process_is_patched_for_greenlets_runs_and_ends() {
    let python = match within("gevent and eventlet", 10 * LONG, || {
        environment(&["greenlets"])
    }) {
        Ok(python) => python,
        Err(reason) => return println!("skipped: patches of gevent and eventlet: {reason}"),
    };
    for (library, patch) in PATCHES {
        for model in ["thread", "main_thread_only", library] {
            let spec = format!("popen//python={}//execmodel={model}", python.display());
            within(&format!("{library}, {model}"), 6 * LONG, move || {
                println!("{library}, {model}");
                patched(&spec, patch, model);
            });
        }
    }
}

fn patched(spec: &str, patch: &str, model: &str) {
    let options = quiet().with_bootstrap_timeout(2 * LONG);
    let group = Group::with_options(options);
    let gateway = group.make_gateway(spec).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("left");
    let handler = format!("import atexit; atexit.register(lambda: open({mark:?}, 'w').close())");
    assert_ended(&run(&gateway, &format!("{patch}\n{handler}")));
    assert_usable(&gateway);
    assert_waits(&gateway);
    if model != "main_thread_only" {
        let waiting = ["channel.send(channel.receive())"; 2].map(|source| run(&gateway, source));
        for (number, channel) in waiting.iter().enumerate().rev() {
            channel.send(number as u64).unwrap();
            assert_eq!(receive(channel), Value::from(number as u64));
        }
    }
    eventually("the code has ended", LONG, || {
        gateway.remote_status_timeout(LONG).unwrap().num_executing == 0
    });
    assert_leaves(&group);
    assert!(mark.exists(), "exit handlers run");
}

fn assert_waits(gateway: &Gateway) {
    let source = "
        import threading, time
        thread = threading.Thread(target=channel.send, args=('from a thread',))
        thread.start()
        thread.join()
        time.sleep(0.01)
        inner = channel.receive()
        got = []
        inner.setcallback(got.append, 'end')
        inner.waitclose()
        channel.send(got)
    ";
    let (outer, inner) = (run(gateway, source), gateway.new_channel().unwrap());
    assert_eq!(receive(&outer), Value::from("from a thread"));
    outer.send(&inner).unwrap();
    inner.send(1).unwrap();
    inner.close();
    assert_eq!(receive(&outer), value!([1, "end"]));
    assert_ended(&outer);
}
