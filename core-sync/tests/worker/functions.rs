//! Which function a call runs, and with which arguments.

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelExec};
use execnet_core_sync::{Channel, Worker};
use execnet_serializer::{ChannelId, Dict, DumpOptions, Value};

use crate::support::{self, SOON, receive, remote_error};
use crate::{echo, scripted, serving, worker};

#[test]
fn a_function_runs_instead_of_the_programs_that_it_recognizes() {
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
fn a_panic_in_a_program_recognizer_fails_that_call_alone() {
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
fn the_error_for_an_unknown_name_lists_the_registered_functions() {
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
fn the_error_for_python_source_lists_the_registered_functions() {
    serving(Worker::new(), |gateway, _served| {
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        let error = remote_error(&channel);
        assert!(error.contains("runs no Python source"), "{error}");
        assert!(error.contains("nothing is registered"), "{error}");
    });
}

#[test]
fn a_call_with_an_empty_function_name_runs_the_named_source() {
    scripted(worker(), |mut peer, served| {
        let id = ChannelId(1);
        let call = DumpOptions::wire().dumps(&("nothing", (), "", ())).unwrap();
        peer.write(ChannelExec, id, &call).unwrap();
        support::expect(&mut peer, ChannelClose, id);
        peer.hang_up();
        served.join().unwrap().unwrap();
    });
}
