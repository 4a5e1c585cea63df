//! What a worker does with the calls of its controller. Tests that end in `main_thread_only` or begin with `threads`
//! or `pool` are named after the behaviours of execnet's own suite.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Barrier;
use std::thread;

use execnet_core_sync::frame::MessageCode::{
    self, ChannelClose, ChannelCloseError, ChannelData, ChannelExec,
};
use execnet_core_sync::testing::{PIPE_CAPACITY, Script, linked, within};
use execnet_core_sync::worker::Kwargs;
use execnet_core_sync::{
    Channel, ExecModel, Gateway, GatewayConfig, Grace, ReceiveError, Role, ServeError, Worker,
};
use execnet_serializer::{Bytes, ChannelId, Dict, DumpOptions, LoadOptions, Value};

use support::{LIMIT, SOON, eventually};

type Failure = Box<dyn Error + Send + Sync>;

const BUSY: &str = "concurrent remote_exec would cause deadlock for main_thread_only execmodel";

/// Long enough to be sure that nothing waits for it.
const NEVER: Duration = Duration::from_secs(600);

/// A worker that waited for it would not be done within a test.
const ENDLESS: Grace = Grace::new().with_interrupt(NEVER).with_leave(NEVER);

fn echo(channel: &Channel) -> Result<(), Failure> {
    for item in channel {
        channel.send(&*item?)?;
    }
    Ok(())
}

#[derive(Debug)]
struct Unsaved(std::io::Error);

impl fmt::Display for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the result is not saved")
    }
}

impl Error for Unsaved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// A worker that knows what the tests call.
fn worker() -> Worker {
    let mut worker = Worker::new();
    worker
        .register("echo", echo)
        .register("nothing", |_: &Channel| ())
        .register("thread", |channel: &Channel| {
            channel.send(thread::current().name().unwrap_or("unnamed"))
        })
        .register("wait", |channel: &Channel| channel.receive().map(drop))
        .register("panics", |_: &Channel| -> () {
            panic!("part of the test: {}", 42)
        })
        .register("kwargs", |channel: &Channel, kwargs: Kwargs| {
            channel.send(kwargs.into_dict())
        })
        .register("fails", |_: &Channel| -> Result<(), Failure> {
            Err(Box::new(Unsaved(std::io::Error::other("the disk is full"))))
        });
    worker
}

/// Runs a test with a controller's gateway and the thread in which the worker serves it.
fn serving(
    worker: Worker,
    body: impl FnOnce(Gateway, thread::JoinHandle<Result<(), ServeError>>) + Send + 'static,
) {
    within(LIMIT, move || {
        let (near, far) = linked(PIPE_CAPACITY);
        let main = thread::Builder::new().name("main of the worker".to_owned());
        let served = main.spawn(move || worker.serve(far)).unwrap();
        let gateway = Gateway::new(near, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
        body(gateway, served);
    });
}

fn remote_error(channel: &Channel) -> String {
    match channel.receive_timeout(SOON) {
        Err(ReceiveError::Remote(error)) => error.text().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn receive(channel: &Channel) -> Value {
    channel.receive_timeout(SOON).unwrap().into_value()
}

#[test]
fn a_function_stands_for_the_programs_it_recognizes() {
    let mut worker = worker();
    worker.register_program(
        "answer",
        |source| source.starts_with("# the answer"),
        |channel: &Channel| channel.send(42),
    );
    serving(worker, |gateway, _served| {
        let program = "# the answer\nimport deep_thought\n";
        assert_eq!(
            receive(&gateway.remote_exec(program).unwrap()),
            Value::from(42)
        );
        assert_eq!(
            receive(&gateway.remote_exec("answer").unwrap()),
            Value::from(42)
        );
        let other = gateway
            .remote_exec("import deep_thought\n# the answer\n")
            .unwrap();
        assert!(remote_error(&other).contains("registered: 'answer'"));
    });
}

#[test]
fn a_panic_in_what_recognizes_a_program_fails_that_call_alone() {
    let mut worker = worker();
    worker.register_program(
        "answer",
        |source| source.strip_prefix("# ").unwrap() == "the answer",
        |channel: &Channel| channel.send(42),
    );
    serving(worker, |gateway, _served| {
        let error = remote_error(&gateway.remote_exec("echo").unwrap());
        assert!(error.contains("programs panicked: called"), "{error}");
        let answer = gateway.remote_exec("# the answer").unwrap();
        assert_eq!(receive(&answer), Value::from(42));
    });
}

#[test]
fn a_function_is_called_by_its_name_as_source() {
    serving(worker(), |gateway, _served| {
        let channel = gateway.remote_exec("  echo\n").unwrap();
        channel.send(42).unwrap();
        assert_eq!(receive(&channel), Value::from(42));
    });
}

#[test]
fn a_function_is_called_with_keyword_arguments() {
    serving(worker(), |gateway, _served| {
        let kwargs: Dict = [(Value::from("n"), Value::from(3))].into_iter().collect();
        let source = "def kwargs(channel, n): pass";
        let channel = gateway
            .remote_exec_function(source, "kwargs", &kwargs)
            .unwrap();
        assert_eq!(receive(&channel), Value::Dict(kwargs.clone()));
        channel.wait_close_timeout(SOON).unwrap();
        let channel = gateway
            .remote_exec_function("", "nothing", &kwargs)
            .unwrap();
        let error = remote_error(&channel);
        assert_eq!(
            error,
            "wrong arguments for function 'nothing': it takes no arguments, and got 'n'"
        );
    });
}

#[test]
fn an_unknown_name_is_told_what_there_is() {
    let mut worker = Worker::new();
    worker.register("b", echo).register("a", echo);
    serving(worker, |gateway, _served| {
        for channel in [
            gateway.remote_exec("c").unwrap(),
            gateway
                .remote_exec_function("def c(channel): pass", "c", &Dict::new())
                .unwrap(),
        ] {
            let error = remote_error(&channel);
            assert_eq!(
                error,
                "no function 'c' is registered with this worker, which is a Rust program; registered: 'a', 'b'"
            );
        }
    });
}

#[test]
fn python_source_is_told_what_there_is() {
    serving(Worker::new(), |gateway, _served| {
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        let error = remote_error(&channel);
        assert!(error.contains("runs no Python source"), "{error}");
        assert!(error.contains("nothing is registered"), "{error}");
    });
}

#[test]
fn an_error_is_told_with_its_causes() {
    serving(worker(), |gateway, _served| {
        let channel = gateway.remote_exec("fails").unwrap();
        let error = remote_error(&channel);
        assert_eq!(
            error,
            "function 'fails' failed: the result is not saved\ncaused by: the disk is full"
        );
    });
}

#[test]
fn a_panic_is_an_error_with_its_message() {
    serving(worker(), |gateway, _served| {
        for _ in 0..3 {
            let channel = gateway.remote_exec("panics").unwrap();
            let error = remote_error(&channel);
            assert_eq!(error, "function 'panics' panicked: part of the test: 42");
        }
        gateway
            .remote_exec("nothing")
            .unwrap()
            .wait_close_timeout(SOON)
            .unwrap();
    });
}

/// A payload and an error of the program are code of the program when they are dropped and printed.
#[test]
fn a_panic_in_what_a_call_leaves_behind_is_an_error_of_the_call() {
    #[derive(Debug)]
    struct Unprintable;
    impl fmt::Display for Unprintable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("an error that cannot be printed")
        }
    }
    impl Error for Unprintable {}
    struct Undroppable;
    impl Drop for Undroppable {
        fn drop(&mut self) {
            panic!("a payload that cannot be dropped");
        }
    }
    let mut worker = worker();
    worker.register("unprintable", |_: &Channel| Err::<(), _>(Unprintable));
    worker.register("undroppable", |_: &Channel| -> () {
        std::panic::panic_any(Undroppable)
    });
    worker = worker.with_max_threads(NonZeroUsize::new(1).unwrap());
    serving(worker, |gateway, served| {
        let error = remote_error(&gateway.remote_exec("unprintable").unwrap());
        assert!(error.ends_with("cannot be printed"), "{error}");
        let error = remote_error(&gateway.remote_exec("undroppable").unwrap());
        assert!(error.ends_with("not text"), "{error}");
        // The only thread is alive.
        let channel = gateway.remote_exec("thread").unwrap();
        assert_eq!(receive(&channel), Value::from("main of the worker"));
        gateway.exit();
        served.join().unwrap().unwrap();
    });
}

/// As in execnet: the controller takes the end of the channel for the end of the function.
#[test]
fn a_function_that_closes_its_own_channel_ends_with_an_error() {
    let mut worker = Worker::new();
    worker.register("closes", |channel: &Channel| -> Result<(), Failure> {
        channel.close();
        // As in execnet, where the error was caught.
        channel.send("still open")?;
        Ok(())
    });
    worker.register("closes_with_error", |channel: &Channel| {
        channel.close_with_error("enough")
    });
    worker.register("closes_file", |channel: &Channel| {
        drop(channel.make_file_write().proxy_close());
    });
    worker.register(
        "closes_another",
        |channel: &Channel| -> Result<(), Failure> {
            let other = channel.gateway().new_channel()?;
            channel.send(&other)?;
            other.close();
            Ok(())
        },
    );
    worker.register("fails_then", |channel: &Channel| -> Result<(), Failure> {
        channel.close();
        Err("its own error".into())
    });
    serving(worker, |gateway, _served| {
        let channel = gateway.remote_exec("closes").unwrap();
        assert_eq!(receive(&channel), Value::from("still open"));
        assert!(remote_error(&channel).contains("explicit"));
        for name in ["closes_with_error", "closes_file"] {
            let error = remote_error(&gateway.remote_exec(name).unwrap());
            assert!(error.contains("explicit"), "{error}");
        }
        let channel = gateway.remote_exec("closes_another").unwrap();
        channel.receive_timeout(SOON).unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        let channel = gateway.remote_exec("fails_then").unwrap();
        assert!(remote_error(&channel).ends_with("its own error"));
        assert_eq!(gateway.remote_status().unwrap().num_executing, 0);
    });
}

/// A scripted controller, and the thread that serves it.
fn scripted(
    worker: Worker,
    body: impl FnOnce(Script, thread::JoinHandle<Result<(), ServeError>>) + Send + 'static,
) {
    within(LIMIT, move || {
        let (link, peer) = execnet_core_sync::testing::scripted(PIPE_CAPACITY);
        let served = thread::spawn(move || worker.serve(link));
        body(peer, served);
    });
}

/// What asks for the function of this name.
fn request(name: &str) -> Vec<u8> {
    DumpOptions::wire()
        .dumps(&(name, (), (), Dict::new()))
        .unwrap()
}

#[test]
fn calls_on_ids_that_a_controller_may_not_use_are_refused_alone() {
    scripted(worker(), |mut peer, served| {
        let first = ChannelId(1);
        peer.write(ChannelExec, first, &request("echo")).unwrap();
        // In use, no id, negative, and one of the worker's own.
        for id in [1, 0, -1, i32::MIN, 2] {
            let id = ChannelId(id);
            peer.write(ChannelExec, id, &request("echo")).unwrap();
            let refusal = support::expect(&mut peer, ChannelCloseError, id);
            assert_eq!(
                LoadOptions::wire().loads(&refusal.payload).unwrap(),
                Value::from("execution on this channel id is refused")
            );
            // What was refused has not taken the place of the call that runs.
            peer.send(first, 7).unwrap();
            support::expect(&mut peer, ChannelData, first);
        }
        peer.write(ChannelClose, first, b"").unwrap();
        peer.hang_up();
        served.join().unwrap().unwrap();
    });
}

#[test]
fn calls_count_as_channels_that_the_controller_has_made() {
    let config = GatewayConfig::new("worker", Role::Worker).with_max_peer_channels(3);
    let mut worker = Worker::with_config(config);
    worker.register("echo", echo);
    scripted(worker, |mut peer, served| {
        for id in [1, 3, 5] {
            peer.write(ChannelExec, ChannelId(id), &request("echo"))
                .unwrap();
        }
        let fourth = ChannelId(7);
        peer.write(ChannelExec, fourth, &request("echo")).unwrap();
        support::expect(&mut peer, ChannelCloseError, fourth);
        // One end makes room, as soon as the worker has let its channel go.
        peer.write(ChannelClose, ChannelId(1), b"").unwrap();
        let mut accepted = false;
        while !accepted {
            peer.write(ChannelExec, fourth, &request("echo")).unwrap();
            peer.send(fourth, 7).unwrap();
            let frame = peer.expect().unwrap();
            assert_eq!(frame.channel, fourth);
            accepted = frame.code == ChannelData;
        }
        peer.hang_up();
        served.join().unwrap().unwrap();
    });
}

/// The controller may use an id again once its channel is gone, which is before the thread of the earlier call is done
/// with it.
#[test]
fn a_call_on_an_id_that_was_just_in_use_counts_as_running() {
    // A large request takes the thread a while to free, when the channel is gone already.
    let large = Bytes(vec![0; 16 << 20]);
    let large = DumpOptions::wire()
        .dumps(&("nothing", large, (), Dict::new()))
        .unwrap();
    for _ in 0..3 {
        let large = large.clone();
        let entered = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Barrier::new(2));
        let (inside, held) = (entered.clone(), gate.clone());
        let mut worker = worker();
        worker.register("holds", move |_: &Channel| {
            inside.fetch_add(1, Ordering::SeqCst);
            held.wait();
        });
        worker = worker.with_grace(
            Grace::default()
                .with_interrupt(Duration::ZERO)
                .with_leave(Duration::from_millis(1)),
        );
        scripted(worker, move |mut peer, served| {
            let id = ChannelId(1);
            // It takes the thread that serves, which has to be free to return.
            let first = ChannelId(3);
            peer.write(ChannelExec, first, &request("echo")).unwrap();
            peer.send(first, 7).unwrap();
            support::expect(&mut peer, ChannelData, first);
            // Two threads that have nothing to do: one takes the first call, the other the second.
            for other in [5, 7].map(ChannelId) {
                peer.write(ChannelExec, other, &request("echo")).unwrap();
                peer.send(other, 7).unwrap();
                support::expect(&mut peer, ChannelData, other);
            }
            for other in [5, 7].map(ChannelId) {
                peer.write(ChannelClose, other, b"").unwrap();
            }
            peer.write(ChannelExec, id, &large).unwrap();
            support::expect(&mut peer, ChannelClose, id);
            loop {
                peer.write(ChannelExec, id, &request("holds")).unwrap();
                peer.write(MessageCode::Status, ChannelId(9), b"").unwrap();
                let frame = peer.expect().unwrap();
                let refused = frame.code == ChannelCloseError;
                if refused {
                    support::expect(&mut peer, ChannelData, ChannelId(9));
                }
                support::expect(&mut peer, ChannelClose, ChannelId(9));
                if !refused {
                    break;
                }
            }
            eventually("it runs", || entered.load(Ordering::SeqCst) == 1);
            peer.hang_up();
            let served = served.join().unwrap();
            assert!(
                matches!(&served, Err(ServeError::StillRunning(names)) if names.iter().any(|name| name == "holds")),
                "{served:?}"
            );
            gate.wait();
        });
    }
}

#[test]
fn a_request_that_is_none_closes_its_channel_alone() {
    let (link, mut peer) = execnet_core_sync::testing::scripted(PIPE_CAPACITY);
    let served = thread::spawn(move || worker().serve(link));
    within(LIMIT, move || {
        let payloads: [&[u8]; 4] = [b"", b"Q", b"F\0\0\0\x01Q", b"LLLL@\0\0\0\x04Q"];
        for (n, payload) in payloads.into_iter().enumerate() {
            let id = ChannelId(2 * n as i32 + 1);
            peer.write(ChannelExec, id, payload).unwrap();
            support::expect(&mut peer, ChannelCloseError, id);
        }
        peer.hang_up();
        served.join().unwrap().unwrap();
    });
}

#[test]
fn an_empty_name_of_a_call_is_none() {
    scripted(worker(), |mut peer, served| {
        let id = ChannelId(1);
        let call = DumpOptions::wire().dumps(&("nothing", (), "", ())).unwrap();
        peer.write(ChannelExec, id, &call).unwrap();
        support::expect(&mut peer, ChannelClose, id);
        peer.hang_up();
        served.join().unwrap().unwrap();
    });
}

#[test]
fn a_worker_tells_where_it_runs() {
    // None of its functions has to do with it.
    serving(Worker::new(), |gateway, _served| {
        let info = gateway.remote_info_timeout(SOON).unwrap();
        assert_eq!(info.pid, std::process::id());
        let text = |path: std::io::Result<std::path::PathBuf>| path.unwrap().display().to_string();
        assert_eq!(info.executable, text(std::env::current_exe()));
        assert_eq!(info.cwd, text(std::env::current_dir()));
        let version: Vec<i64> = env!("CARGO_PKG_VERSION")
            .split('.')
            .map(|part| part.parse().unwrap())
            .collect();
        let version = Value::from((version[0], version[1], version[2], "rust", 0));
        assert_eq!(info.version_info, version);
        let platform = match std::env::consts::OS {
            "macos" => "darwin",
            "windows" => "win32",
            other => other,
        };
        assert_eq!(info.platform, platform);
        let told = format!(
            "<RInfo executable={:?} version_info={version} platform={platform:?} cwd={:?} pid={}>",
            info.executable, info.cwd, info.pid
        );
        assert_eq!(info.to_string(), told);
        gateway.exit();
        // It is remembered, and can be asked no more.
        assert_eq!(gateway.remote_info().unwrap(), info);
        assert!(gateway.remote_info_update().is_err());
    });
}

#[test]
fn what_runs_is_told_until_it_is_done() {
    serving(worker(), |gateway, _served| {
        let first = gateway.remote_exec("echo").unwrap();
        let second = gateway.remote_exec("echo").unwrap();
        assert_eq!(gateway.remote_status().unwrap().num_executing, 2);
        drop(second);
        eventually("the second ends", || {
            gateway.remote_status().unwrap().num_executing == 1
        });
        drop(first);
        // By the time that the end is seen nothing runs any more.
        for _ in 0..100 {
            let channel = gateway.remote_exec("nothing").unwrap();
            channel.wait_close_timeout(SOON).unwrap();
            drop(channel);
            let status = gateway.remote_status().unwrap();
            assert!(status.num_executing <= 1, "{status:?}");
        }
    });
}

#[test]
fn a_worker_works_whatever_role_its_config_has() {
    let mut worker = Worker::with_config(GatewayConfig::new("worker", Role::Initiator));
    worker.register("echo", echo);
    serving(worker, |gateway, _served| {
        let channel = gateway.remote_exec("echo").unwrap();
        channel.send(7).unwrap();
        assert_eq!(receive(&channel), Value::from(7));
    });
}

#[test]
fn threads() {
    serving(worker(), |gateway, _served| {
        let first = gateway.remote_exec("wait").unwrap();
        let second = gateway.remote_exec("thread").unwrap();
        receive(&second);
        assert!(!first.is_closed());
        first.send(()).unwrap();
        first.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn threads_race_sending() {
    let mut worker = Worker::new();
    worker.register("ten", |channel: &Channel| {
        (0..10).try_for_each(|n| channel.send((n, "x".repeat(10_000))))
    });
    serving(worker, |gateway, _served| {
        let channels: Vec<_> = (0..5)
            .map(|_| gateway.remote_exec("ten").unwrap())
            .collect();
        for channel in &channels {
            for n in 0..10 {
                assert_eq!(receive(channel), Value::from((n, "x".repeat(10_000))));
            }
            assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        }
    });
}

#[test]
fn pool_primary_thread_integration() {
    serving(worker(), |gateway, _served| {
        let channel = gateway.remote_exec("thread").unwrap();
        assert_eq!(receive(&channel), Value::from("main of the worker"));
    });
}

#[test]
fn pool_some_run_together() {
    let mut worker = Worker::new();
    let running = Arc::new(AtomicUsize::new(0));
    worker.register("meet", move |channel: &Channel| {
        running.fetch_add(1, Ordering::SeqCst);
        eventually("all four run", || running.load(Ordering::SeqCst) == 4);
        channel.send(())
    });
    serving(worker, |gateway, _served| {
        let channels: Vec<_> = (0..4)
            .map(|_| gateway.remote_exec("meet").unwrap())
            .collect();
        for channel in channels {
            receive(&channel);
        }
    });
}

#[test]
fn pool_limited_size() {
    let mut worker = worker();
    worker = worker.with_max_threads(NonZeroUsize::new(2).unwrap());
    serving(worker, |gateway, _served| {
        let running = [(); 2].map(|()| gateway.remote_exec("echo").unwrap());
        for channel in &running {
            channel.send(1).unwrap();
            receive(channel);
        }
        let waiting = gateway.remote_exec("echo").unwrap();
        waiting.send("queued").unwrap();
        let nothing = waiting.receive_timeout(Duration::from_millis(50));
        assert!(matches!(nothing, Err(ReceiveError::Timeout)), "{nothing:?}");
        drop(running);
        assert_eq!(receive(&waiting), Value::from("queued"));
    });
}

#[test]
fn threads_of_a_burst_do_not_stay() {
    serving(worker(), |gateway, _served| {
        let burst: Vec<_> = (0..50)
            .map(|_| gateway.remote_exec("echo").unwrap())
            .collect();
        for channel in &burst {
            channel.send(1).unwrap();
            receive(channel);
        }
        drop(burst);
        let mut names = alloc::collections::BTreeSet::new();
        eventually("few threads take all calls", || {
            names.clear();
            for _ in 0..50 {
                let channel = gateway.remote_exec("thread").unwrap();
                names.insert(receive(&channel).to_string());
            }
            names.len() <= 6
        });
        // Those that have left are not counted on: a second burst runs together as the first.
        let burst: Vec<_> = (0..50)
            .map(|_| gateway.remote_exec("echo").unwrap())
            .collect();
        for channel in &burst {
            channel.send(1).unwrap();
            receive(channel);
        }
    });
}

#[test]
fn threads_have_names_of_their_own() {
    let mut worker = Worker::new();
    worker.register("thread", |channel: &Channel| -> Result<(), Failure> {
        channel.send(thread::current().name().unwrap_or("unnamed"))?;
        drop(channel.receive());
        Ok(())
    });
    serving(worker, |gateway, _served| {
        let running = [(); 3].map(|()| gateway.remote_exec("thread").unwrap());
        let mut names = running
            .each_ref()
            .map(|channel| receive(channel).to_string());
        names.sort();
        assert_eq!(
            names,
            [
                "'execnet-worker-exec-1'",
                "'execnet-worker-exec-2'",
                "'main of the worker'"
            ]
        );
    });
}

/// What a thread of the worker leaves behind when it ends. It takes its time, so that it is not done before by chance.
struct Leaves(Arc<AtomicUsize>, Duration);

impl Drop for Leaves {
    fn drop(&mut self) {
        thread::sleep(self.1);
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

std::thread_local! {
    static LEAVES: core::cell::OnceCell<Leaves> = const { core::cell::OnceCell::new() };
}

#[test]
fn serving_is_over_when_the_threads_have_ended() {
    // More than the number from which on finished ones are forgotten.
    const CALLS: usize = 20;
    let left = Arc::new(AtomicUsize::new(0));
    let counted = left.clone();
    let mut worker = Worker::new();
    worker.register("leaves", move |channel: &Channel| -> Result<(), Failure> {
        // The first threads take longer than those that were started behind them.
        let number = channel.receive()?.as_i64().ok_or("no number")?;
        let time = if number < 5 { 100 } else { 0 };
        let leaves = Leaves(counted.clone(), Duration::from_millis(time));
        LEAVES.with(|own| drop(own.set(leaves)));
        channel.send(())?;
        drop(channel.receive());
        Ok(())
    });
    worker.register("wait", |channel: &Channel| drop(channel.receive()));
    worker = worker.with_grace(ENDLESS);
    serving(worker, move |gateway, served| {
        // It takes the thread that serves, which is not one of those.
        let _first = gateway.remote_exec("wait").unwrap();
        let running = [(); CALLS].map(|()| gateway.remote_exec("leaves").unwrap());
        for (number, channel) in running.iter().enumerate() {
            channel.send(number).unwrap();
            receive(channel);
        }
        gateway.exit();
        served.join().unwrap().unwrap();
        assert_eq!(left.load(Ordering::SeqCst), CALLS);
    });
}

fn main_thread_only() -> Worker {
    let mut worker = worker();
    worker = worker.with_exec_model(ExecModel::MainThreadOnly);
    worker.register("who", |channel: &Channel| -> Result<(), Failure> {
        channel.receive()?;
        channel.send(thread::current().name().unwrap_or("unnamed"))?;
        Ok(())
    });
    worker
}

#[test]
fn assert_main_thread_only() {
    serving(main_thread_only(), |gateway, _served| {
        for _ in 0..10 {
            let channel = gateway.remote_exec("who").unwrap();
            channel.send(()).unwrap();
            assert_eq!(receive(&channel), Value::from("main of the worker"));
            channel.close();
        }
        assert_eq!(
            gateway.remote_status().unwrap().exec_model,
            "main_thread_only"
        );
    });
}

#[test]
fn main_thread_only_concurrent_remote_exec_deadlock() {
    let mut worker = main_thread_only();
    worker = worker.with_grace(ENDLESS);
    serving(worker, |gateway, served| {
        let first = gateway.remote_exec("who").unwrap();
        let second = gateway.remote_exec("who").unwrap();
        let third = gateway.remote_exec("who").unwrap();
        assert_eq!(remote_error(&second), BUSY);
        assert_eq!(remote_error(&third), BUSY);
        first.send(()).unwrap();
        assert_eq!(receive(&first), Value::from("main of the worker"));
        // What was refused does not count as running.
        gateway.exit();
        served.join().unwrap().unwrap();
    });
}

#[test]
fn main_thread_only_goes_on_after_an_error_and_a_panic() {
    serving(main_thread_only(), |gateway, _served| {
        for name in ["fails", "panics", "unknown", "fails"] {
            let channel = gateway.remote_exec(name).unwrap();
            remote_error(&channel);
        }
        let channel = gateway.remote_exec("thread").unwrap();
        assert_eq!(receive(&channel), Value::from("main of the worker"));
    });
}

/// As in execnet: the code has sent its last answer, and still has something to do when the next call comes.
#[test]
fn main_thread_only_a_call_waits_for_one_that_is_about_to_end() {
    // The worker waits for a second: on a busy machine that can be over before the test comes to open the gate.
    let attempts = 5;
    let done = (0..attempts).any(|_| {
        let (result, outcome) = std::sync::mpsc::channel();
        let gate = Arc::new(Barrier::new(2));
        let held = gate.clone();
        let mut worker = main_thread_only();
        worker.register("holds", move |channel: &Channel| -> Result<(), Failure> {
            channel.send("answer")?;
            held.wait();
            Ok(())
        });
        serving(worker, move |gateway, _served| {
            let first = gateway.remote_exec("holds").unwrap();
            assert_eq!(receive(&first), Value::from("answer"));
            let second = gateway.remote_exec("thread").unwrap();
            // The answer shows that the second call has come.
            assert_eq!(gateway.remote_status().unwrap().num_executing, 2);
            gate.wait();
            let name = second.receive_timeout(SOON).map(|item| item.into_value());
            let ran = matches!(&name, Ok(name) if *name == "main of the worker");
            assert!(
                ran || matches!(&name, Err(ReceiveError::Remote(error)) if error.text() == BUSY),
                "{name:?}"
            );
            result.send(ran).unwrap();
        });
        outcome.recv().unwrap()
    });
    assert!(done, "refused {attempts} times");
}

#[test]
fn main_thread_only_the_end_of_the_link_does_not_wait_for_a_refusal() {
    serving(main_thread_only(), |gateway, served| {
        let first = gateway.remote_exec("wait").unwrap();
        let second = gateway.remote_exec("thread").unwrap();
        gateway.exit();
        // The end of the link ends the first, which makes room for the second.
        assert_eq!(receive(&second), Value::from("main of the worker"));
        assert!(first.receive().is_err());
        served.join().unwrap().unwrap();
    });
}

#[test]
fn an_idle_worker_is_done_without_a_grace() {
    let mut worker = worker();
    worker = worker.with_grace(ENDLESS);
    serving(worker, |gateway, served| {
        gateway
            .remote_exec("nothing")
            .unwrap()
            .wait_close_timeout(SOON)
            .unwrap();
        gateway.exit();
        served.join().unwrap().unwrap();
        assert!(gateway.join_timeout(SOON));
    });
}

#[test]
fn termination_on_remote_channel_receive() {
    let mut worker = worker();
    worker = worker.with_grace(ENDLESS);
    serving(worker, |gateway, served| {
        let waiting = [(); 3].map(|()| gateway.remote_exec("wait").unwrap());
        gateway.exit();
        served.join().unwrap().unwrap();
        // That its receive failed is not told as an error of the function.
        for channel in waiting {
            let error = channel.receive().unwrap_err();
            assert!(matches!(error, ReceiveError::Disconnected(_)), "{error:?}");
        }
    });
}

#[test]
fn a_function_still_sends_after_the_controller_exited() {
    let mut worker = Worker::new();
    worker.register("late", |channel: &Channel| {
        let end = channel.receive();
        assert!(matches!(end, Err(ReceiveError::Disconnected(_))), "{end:?}");
        channel.send("late")
    });
    serving(worker, |gateway, served| {
        let channel = gateway.remote_exec("late").unwrap();
        gateway.exit();
        assert_eq!(receive(&channel), Value::from("late"));
        served.join().unwrap().unwrap();
    });
}

#[test]
fn a_call_that_comes_right_before_the_end_is_run() {
    for model in [ExecModel::Thread, ExecModel::MainThreadOnly] {
        let mut worker = Worker::new();
        worker = worker.with_exec_model(model);
        worker.register("once", |channel: &Channel| channel.send("ran"));
        serving(worker, |gateway, served| {
            let channel = gateway.remote_exec("once").unwrap();
            gateway.exit();
            assert_eq!(receive(&channel), Value::from("ran"));
            served.join().unwrap().unwrap();
        });
    }
}

#[test]
fn a_function_that_ignores_the_end_is_interrupted_then_left_behind() {
    let interrupted = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Barrier::new(2));
    let (count, held) = (interrupted.clone(), gate.clone());
    let mut worker = worker();
    worker.register("deaf", move |channel: &Channel| -> Result<(), Failure> {
        channel.send(())?;
        held.wait();
        Ok(())
    });
    worker = worker.on_interrupt(move || {
        count.fetch_add(1, Ordering::SeqCst);
        panic!("this panic is part of the test");
    });
    worker = worker.with_grace(
        Grace::default()
            .with_interrupt(Duration::from_millis(20))
            .with_leave(Duration::from_millis(20)),
    );
    serving(worker, move |gateway, served| {
        // The thread that serves takes the first, which leaves it free to return.
        let first = gateway.remote_exec("echo").unwrap();
        first.send(()).unwrap();
        receive(&first);
        let deaf = gateway.remote_exec("deaf").unwrap();
        receive(&deaf);
        gateway.exit();
        let error = served.join().unwrap().unwrap_err();
        assert!(matches!(error, ServeError::StillRunning(_)), "{error:?}");
        assert!(error.to_string().ends_with("still run: deaf"), "{error}");
        assert_eq!(interrupted.load(Ordering::SeqCst), 1);
        assert!(gateway.join_timeout(SOON), "the worker closes the link");
        gate.wait();
    });
}

#[test]
fn an_interrupted_function_that_ends_is_waited_for() {
    let gate = Arc::new(Barrier::new(2));
    let interrupted = gate.clone();
    let mut worker = Worker::new();
    worker.register("deaf", move |channel: &Channel| -> Result<(), Failure> {
        channel.send(())?;
        interrupted.wait();
        channel.send("interrupted")?;
        Ok(())
    });
    worker = worker.on_interrupt(move || {
        gate.wait();
    });
    worker = worker.with_grace(
        Grace::default()
            .with_interrupt(Duration::from_millis(20))
            .with_leave(NEVER),
    );
    serving(worker, |gateway, served| {
        let channel = gateway.remote_exec("deaf").unwrap();
        receive(&channel);
        gateway.exit();
        assert_eq!(receive(&channel), Value::from("interrupted"));
        served.join().unwrap().unwrap();
    });
}

#[test]
fn a_controller_that_breaks_the_protocol_is_told_of() {
    let (link, mut peer) = execnet_core_sync::testing::scripted(PIPE_CAPACITY);
    let served = thread::spawn(move || worker().serve(link));
    within(LIMIT, move || {
        peer.write_raw(b"Welcome!!").unwrap();
        let error = served.join().unwrap().unwrap_err();
        assert!(matches!(error, ServeError::Disconnected(_)), "{error:?}");
        assert!(peer.next_frame().unwrap().is_none());
    });
}

#[test]
fn one_worker_serves_many() {
    let worker = worker();
    within(LIMIT, move || {
        let served: Vec<_> = (0..3)
            .map(|n| {
                let (near, far) = linked(PIPE_CAPACITY);
                let worker = worker.clone();
                let served = thread::spawn(move || worker.serve(far));
                let config = GatewayConfig::new(format!("gw{n}"), Role::Initiator);
                (Gateway::new(near, config).unwrap(), served)
            })
            .collect();
        for (gateway, _) in &served {
            let channel = gateway.remote_exec("echo").unwrap();
            channel.send(1).unwrap();
            receive(&channel);
        }
        for (gateway, served) in served {
            drop(gateway);
            served.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_worker_prints_what_it_knows() {
    let mut worker = Worker::new();
    worker.register("b", echo).register("a", echo);
    assert_eq!(
        format!("{worker:?}"),
        r#"Worker { functions: {"a", "b"}, exec_model: Thread, .. }"#
    );
}
