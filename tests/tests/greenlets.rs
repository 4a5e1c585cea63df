//! Python workers that run code in greenlets, with gevent and eventlet from PyPI.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;

use execnet::{
    BootstrapErrorKind, Channel, Gateway, Grace, Group, MakeGatewayError, Outcome, Value,
};
use execnet_test_support::environment;
use execnet_test_support::{LONG, quiet, receive, within};

const MODELS: [&str; 2] = ["gevent", "eventlet"];

type Check = fn(&Gateway, &str);

/// What holds on a gateway of each model, one after the other.
const CHECKS: [(&str, Check); 4] = [
    ("code runs side by side in the main thread", side_by_side),
    ("whoever waits lets others run", waiting),
    ("callbacks run in the main thread too", callbacks),
    ("nothing is lost between many greenlets", many),
];

#[test]
fn code_runs_in_greenlets() {
    // Making the environment takes as long as the network does.
    let python = match within("gevent and eventlet", 10 * LONG, || {
        environment(&["greenlets"])
    }) {
        Ok(python) => python,
        Err(reason) => return println!("skipped: gevent and eventlet: {reason}"),
    };
    for model in MODELS {
        let options = quiet()
            .with_bootstrap_timeout(2 * LONG)
            .with_grace(Grace::new().with_interrupt(Duration::from_millis(100)));
        let spec = format!("popen//python={}//execmodel={model}", python.display());
        within(model, 6 * LONG, move || {
            let group = Group::with_options(options);
            let gateway = group.make_gateway(spec).unwrap();
            for (what, check) in CHECKS {
                println!("{model}: {what}");
                check(&gateway, model);
            }
            interrupted_at_the_end(&group, &gateway, model);
        });
    }
}

fn run(gateway: &Gateway, source: &str) -> Channel {
    gateway.remote_exec(source).unwrap()
}

fn side_by_side(gateway: &Gateway, model: &str) {
    let source = "
        import threading
        in_main = threading.current_thread() is threading.main_thread()
        channel.send((in_main, channel.gateway.execmodel.backend))
        channel.send(channel.receive() + 1)
    ";
    let channels = [run(gateway, source), run(gateway, source)];
    for channel in &channels {
        assert_eq!(receive(channel), Value::from((true, model)));
    }
    let status = gateway.remote_status().unwrap();
    assert_eq!(status.num_executing, 2);
    assert_eq!(status.exec_model, model);
    // The one that has waited longer goes last.
    for channel in channels.iter().rev() {
        channel.send(1).unwrap();
        assert_eq!(receive(channel), Value::from(2));
    }
}

fn waiting(gateway: &Gateway, _model: &str) {
    let source = "
        execmodel = channel.gateway.execmodel
        done = execmodel.Event()
        def count():
            for n in range(3):
                execmodel.sleep(0.001)
                channel.send(n)
            done.set()
        execmodel.start(count)
        try:
            channel.receive(timeout=0.01)
        except channel.TimeoutError:
            channel.send('late')
        channel.send(channel.receive())
        done.wait()
    ";
    let channel = run(gateway, source);
    let mut items: Vec<Value> = (0..4).map(|_| receive(&channel)).collect();
    items.retain(|item| *item != "late");
    assert_eq!(items, [0, 1, 2].map(Value::from));
    channel.send("end").unwrap();
    assert_eq!(receive(&channel), Value::from("end"));
}

fn callbacks(gateway: &Gateway, _model: &str) {
    let source = "
        import threading
        queue = channel.gateway.execmodel.queue.Queue()
        channel.setcallback(lambda item: queue.put((item, threading.current_thread())), None)
        while 1:
            item, thread = queue.get()
            if item is None:
                break
            channel.send((item, thread is threading.main_thread()))
    ";
    let channel = run(gateway, source);
    for n in 0..3 {
        channel.send(n).unwrap();
        assert_eq!(receive(&channel), Value::from((n, true)));
    }
}

/// Much in both directions at once, through greenlets that wait for each other.
fn many(gateway: &Gateway, _model: &str) {
    const CHANNELS: usize = 20;
    const ITEMS: i64 = 100;
    let source = "for item in channel: channel.send((item, 'x' * 10000))";
    let channels: Vec<Channel> = (0..CHANNELS).map(|_| run(gateway, source)).collect();
    for n in 0..ITEMS {
        for channel in &channels {
            channel.send(n).unwrap();
        }
    }
    for n in 0..ITEMS {
        for channel in &channels {
            let Value::Tuple(pair) = receive(channel) else {
                panic!("no pair");
            };
            assert_eq!(pair[0], Value::from(n));
        }
    }
}

fn interrupted_at_the_end(group: &Group, gateway: &Gateway, model: &str) {
    let source = format!("import {model}\nchannel.send(0)\n{model}.sleep(1000)");
    let channel = run(gateway, &source);
    assert_eq!(receive(&channel), Value::from(0));
    let reports = group.terminate_timeout(LONG);
    assert!(
        matches!(reports[0].outcome, Outcome::Exited(exit) if exit.success()),
        "{reports:?}"
    );
}

#[test]
fn the_error_for_a_missing_library_names_it() {
    for model in MODELS {
        // Without the packages that this Python may have.
        let spec = format!("popen//python=python3 -E -S//execmodel={model}");
        match Group::with_options(quiet()).make_gateway(spec) {
            Err(MakeGatewayError::Bootstrap(error)) => {
                assert_eq!(error.kind(), BootstrapErrorKind::SettingsRefused);
                assert!(
                    error
                        .to_string()
                        .contains(&format!("No module named '{model}'")),
                    "{error}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
