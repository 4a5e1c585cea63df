//! What remote code finds and what comes back, on every Python that is installed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;

use execnet::serializer::{Bytes, Complex, Dict, Set};
use execnet::{Channel, Gateway, ReceiveError, SendError, Value, WaitCloseError, value};
use execnet_test_support::{LONG, each_python, each_python_with, eventually, quiet};

const ECHO: &str = "for item in channel: channel.send(item)";

fn receive(channel: &Channel) -> Value {
    match channel.receive_timeout(LONG) {
        Ok(item) => item.into_value(),
        Err(error) => panic!("{error}: {}", remote_text(&error)),
    }
}

fn remote_text(error: &ReceiveError) -> &str {
    match error {
        ReceiveError::Remote(error) => error.text(),
        _ => "",
    }
}

fn failure(channel: &Channel) -> String {
    let error = channel.receive_timeout(LONG).unwrap_err();
    assert!(matches!(error, ReceiveError::Remote(_)), "{error:?}");
    remote_text(&error).to_owned()
}

fn run(gateway: &Gateway, source: &str) -> Channel {
    gateway.remote_exec(source).unwrap()
}

fn dict(pairs: &[(Value, Value)]) -> Value {
    Value::Dict(pairs.iter().cloned().collect::<Dict>())
}

#[test]
fn values_come_back_as_they_went() {
    each_python(|python, gateway| {
        let channel = run(gateway, ECHO);
        let set: Set = [1, 2, 3].into_iter().map(Value::from).collect();
        let huge: Value = {
            let digits = "-1".to_owned() + &"0".repeat(6000);
            Value::Int(digits.parse().unwrap())
        };
        let mut values = vec![
            Value::None,
            true.into(),
            false.into(),
            0.into(),
            i32::MIN.into(),
            (i64::from(i32::MIN) - 1).into(),
            i64::MAX.into(),
            huge,
            1.5.into(),
            f64::NEG_INFINITY.into(),
            Value::Complex(Complex { re: 1.0, im: -2.0 }),
            "h\u{e9}llo \u{1f40d}".into(),
            "".into(),
            Value::List(vec![]),
            Value::List(vec![1.into(), Value::List(vec![2.into()]), "x".into()]),
            Value::Tuple(vec![1.into(), Value::Tuple(vec![]), 3.into()]),
            dict(&[
                (Value::Tuple(vec![1.into(), 2.into()]), 32.into()),
                ("k".into(), Value::None),
            ]),
            Value::Set(set.clone()),
            Value::FrozenSet(set),
            Value::Set(Set::new()),
        ];
        if !python.is_2() {
            values.push(Value::Bytes(b"\0\xff".to_vec()));
        }
        for value in values {
            channel.send(&value).unwrap();
            assert_eq!(receive(&channel), value, "Python {}", python.version);
        }
    });
}

#[test]
fn texts_of_python_2_are_read_as_the_channel_is_configured() {
    each_python(|python, gateway| {
        let channel = run(
            gateway,
            "channel.send('abc')\nchannel.receive()\nchannel.send('abc')",
        );
        assert_eq!(receive(&channel), Value::from("abc"));
        channel
            .reconfigure(execnet::serializer::StrConfig::STORED)
            .unwrap();
        channel.send(()).unwrap();
        let expected = if python.is_2() {
            Value::Bytes(b"abc".to_vec())
        } else {
            "abc".into()
        };
        assert_eq!(receive(&channel), expected);
    });
}

#[test]
fn bytes_and_text_arrive_as_the_python_calls_them() {
    each_python(|python, gateway| {
        let channel = run(gateway, "for x in channel: channel.send(type(x).__name__)");
        channel.send("x").unwrap();
        channel.send(Bytes(b"x")).unwrap();
        let (text, bytes) = if python.is_2() {
            ("unicode", "str")
        } else {
            ("str", "bytes")
        };
        assert_eq!(receive(&channel), Value::from(text));
        assert_eq!(receive(&channel), Value::from(bytes));
        channel
            .reconfigure(execnet::serializer::StrConfig {
                py3str_as_py2str: true,
                ..execnet::serializer::StrConfig::CHANNEL
            })
            .unwrap();
        channel.send("x").unwrap();
        // The setting holds for what comes back, too.
        let expected = if python.is_2() {
            Value::from(bytes)
        } else {
            Value::Bytes(bytes.into())
        };
        assert_eq!(receive(&channel), expected);
    });
}

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
fn a_traceback_shows_the_code_and_nothing_of_the_worker() {
    each_python(|python, gateway| {
        let text = failure(&run(
            gateway,
            "def f():\n    raise ValueError(42)  # here\nf()\n",
        ));
        assert!(
            text.starts_with("Traceback (most recent call last):\n"),
            "{text}"
        );
        assert!(
            text.contains("File \"<remote exec>\", line 2, in f\n    raise ValueError(42)"),
            "{text}"
        );
        assert!(text.ends_with("ValueError: 42\n"), "{text}");
        assert!(
            !text.contains("worker"),
            "Python {}: {text}",
            python.version
        );

        let text = failure(&run(gateway, "x = = 1"));
        assert!(
            text.starts_with("Traceback (most recent call last):\n"),
            "{text}"
        );
        assert!(
            text.contains("SyntaxError") && text.contains("x = = 1"),
            "{text}"
        );
        assert!(!text.contains("worker"), "{text}");

        let text = failure(&run(gateway, "channel.send([1, {'k': object()}])"));
        assert!(
            text.contains("can't serialize <") && text.contains("[1]['k']"),
            "{text}"
        );
        assert!(text.contains("channel.send([1"), "{text}");
        assert!(!text.contains("execnet worker"), "{text}");
    });
}

#[test]
fn a_second_failure_shows_its_own_source() {
    each_python(|_, gateway| {
        assert!(
            failure(&run(gateway, "raise ValueError('first')")).contains("ValueError('first')\n")
        );
        assert!(
            failure(&run(gateway, "raise ValueError('other')")).contains("ValueError('other')\n")
        );
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
fn a_module_fails_in_its_own_file() {
    each_python(|_, gateway| {
        let source = "# -*- coding: utf-8 -*-\n\ndef scale():\n    fail()\n\nscale()\n";
        let channel = gateway
            .remote_exec_module(source, "/nowhere/scaling.py")
            .unwrap();
        let text = failure(&channel);
        assert!(
            text.contains("File \"/nowhere/scaling.py\", line 4, in scale\n    fail()"),
            "{text}"
        );
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

#[test]
fn channels_travel_inside_items_both_ways() {
    each_python(|_, gateway| {
        let channel = run(
            gateway,
            "
            here, there = channel.receive()
            there.send(here.receive() + 1)
            own = channel.gateway.newchannel()
            channel.send({'own': own})
            own.send(42)
            channel.send(own)
            ",
        );
        let (one, two) = (
            gateway.new_channel().unwrap(),
            gateway.new_channel().unwrap(),
        );
        channel.send((&one, &two)).unwrap();
        one.send(1).unwrap();
        assert_eq!(receive(&two), Value::from(2));
        let item = channel.receive_timeout(LONG).unwrap();
        let own = item.channels()[0].clone();
        assert_eq!(receive(&own), Value::from(42));
        let again = channel.receive_timeout(LONG).unwrap();
        assert_eq!(again.as_channel(), Some(&own));
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn calls_run_side_by_side_and_threading_knows_the_main_thread() {
    each_python(|python, gateway| {
        let blocked = run(
            gateway,
            "
            channel.send('in')
            channel.receive()
            import threading
            channel.send(type(threading.current_thread()).__name__)
            ",
        );
        assert_eq!(receive(&blocked), Value::from("in"));
        let beside = run(
            gateway,
            "
            import threading
            main = [t for t in threading.enumerate() if type(t).__name__ == '_MainThread'][0]
            channel.send(main.ident == threading.current_thread().ident)
            thread = threading.Thread(target=lambda: channel.send('from a thread'))
            thread.start()
            thread.join()
            channel.receive()
            ",
        );
        assert_eq!(
            receive(&beside),
            Value::from(false),
            "Python {}",
            python.version
        );
        assert_eq!(receive(&beside), Value::from("from a thread"));
        let status = gateway.remote_status_timeout(LONG).unwrap();
        assert_eq!(
            (status.num_executing, status.exec_model.as_str()),
            (2, "thread")
        );
        blocked.send(1).unwrap();
        assert_eq!(receive(&blocked), Value::from("_MainThread"));
        beside.send(1).unwrap();
        beside.wait_close_timeout(LONG).unwrap();
    });
}

/// The worker imports threading when calls are to run side by side, and has it know the main thread. Meanwhile threads
/// must be told apart as ever, or imports of others fail.
#[test]
fn what_threads_are_called_does_not_change_while_threading_is_imported() {
    each_python(|python, gateway| {
        let watcher = run(
            gateway,
            "
            import sys
            try:
                import _thread
            except ImportError:
                import thread as _thread
            def watch():
                found = set([_thread.get_ident()])
                channel.send('in')
                # The last that it defines.
                while not hasattr(sys.modules.get('threading'), '_shutdown'):
                    found.add(_thread.get_ident())
                channel.send(len(found))
            getattr(sys, 'setswitchinterval', lambda _: None)(1e-6)
            _thread.start_new_thread(watch, ())
            channel.receive()
            ",
        );
        assert_eq!(receive(&watcher), Value::from("in"));
        let beside = run(gateway, "channel.send('beside')");
        assert_eq!(receive(&beside), Value::from("beside"));
        assert_eq!(
            receive(&watcher),
            Value::from(1),
            "Python {}",
            python.version
        );
    });
}

/// As code that was written for execnet takes them, pytest-xdist's for one.
#[test]
fn the_execution_model_has_locks_events_and_queues() {
    each_python_with("", quiet(), |python, gateway| {
        let channel = gateway.remote_exec(
            "
            model = channel.gateway.execmodel
            event = model.Event()
            with model.RLock(): model.start(event.set)
            event.wait(10)
            queue = model.queue.Queue()
            queue.put(model.backend)
            channel.send((queue.get(), repr(model), event.is_set(), model.get_ident() != 0))
            ",
        );
        let channel = channel.unwrap();
        let expected = value!(("thread", "<ExecModel 'thread'>", true, true));
        assert_eq!(receive(&channel), expected, "Python {}", python.version);
    });
}

#[test]
fn main_thread_only_runs_one_after_the_other() {
    each_python_with("//execmodel=main_thread_only", quiet(), |_, gateway| {
        for _ in 0..10 {
            let channel = run(
                gateway,
                "import threading\nchannel.send(type(threading.current_thread()).__name__)\n\
                 try: channel.receive()\nexcept EOFError: pass",
            );
            assert_eq!(receive(&channel), Value::from("_MainThread"));
            channel.close();
        }
    });
}

#[test]
fn main_thread_only_refuses_what_would_wait_and_goes_on_after_errors() {
    each_python_with("//execmodel=main_thread_only", quiet(), |_, gateway| {
        // execnet's own workers take nothing more after the first exception.
        for source in [
            "raise ValueError",
            "raise KeyboardInterrupt",
            "raise SystemExit",
        ] {
            failure(&run(gateway, source));
        }
        let first = run(gateway, "channel.send(1); channel.receive()");
        assert_eq!(receive(&first), Value::from(1));
        let second = run(gateway, "channel.send(2)");
        let expected = "concurrent remote_exec would cause deadlock for main_thread_only execmodel";
        assert_eq!(failure(&second), expected);
        first.send(0).unwrap();
        assert_eq!(receive(&run(gateway, "channel.send(3)")), Value::from(3));
    });
}

#[test]
fn callbacks_of_remote_code_get_all_items_and_the_end() {
    each_python(|_, gateway| {
        let channel = run(
            gateway,
            "
            inner = channel.receive()
            got = [inner.receive()]
            inner.setcallback(got.append, endmarker='end')
            try:
                inner.receive()
            except IOError:
                got.append('refused')
            channel.send(None)
            inner.waitclose(10)
            channel.send(got)
            ",
        );
        let inner = gateway.new_channel().unwrap();
        channel.send(&inner).unwrap();
        inner.send(1).unwrap();
        assert_eq!(receive(&channel), Value::None);
        inner.send(2).unwrap();
        inner.send(3).unwrap();
        inner.close();
        let got = receive(&channel);
        let expected = [
            1.into(),
            "refused".into(),
            2.into(),
            3.into(),
            Value::from("end"),
        ];
        assert_eq!(got, Value::List(expected.to_vec()));
    });
}

#[test]
fn a_failing_callback_closes_its_channel_alone() {
    each_python(|_, gateway| {
        let channel = run(
            gateway,
            "
            def fail(item):
                raise ValueError(item)
            inner = channel.receive()
            inner.setcallback(fail)
            channel.send('set')
            try:
                inner.waitclose(10)
            except channel.RemoteError as error:
                channel.send(str(error))
            channel.send(inner.isclosed())
            ",
        );
        let inner = gateway.new_channel().unwrap();
        channel.send(&inner).unwrap();
        assert_eq!(receive(&channel), Value::from("set"));
        inner.send(42).unwrap();
        match inner.wait_close_timeout(LONG) {
            Err(WaitCloseError::Remote(error)) => assert!(error.text().contains("ValueError: 42")),
            other => panic!("{other:?}"),
        }
        assert!(
            receive(&channel)
                .as_str()
                .unwrap()
                .contains("ValueError: 42")
        );
        assert_eq!(receive(&channel), Value::from(true));
    });
}

#[test]
fn an_item_that_python_cannot_build_closes_its_channel_alone() {
    each_python(|_, gateway| {
        let (spoilt, good) = (run(gateway, ECHO), run(gateway, ECHO));
        let unhashable = Unhashable;
        spoilt.send(&unhashable).unwrap();
        assert!(failure(&spoilt).contains("unhashable"));
        good.send(1).unwrap();
        assert_eq!(receive(&good), Value::from(1));
    });
}

/// A dict whose key is a list, which no Python has.
struct Unhashable;

impl execnet::serializer::Dump for Unhashable {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut execnet::serializer::Encoder<W>,
    ) -> Result<(), execnet::serializer::EncodeError<W::Error>> {
        encoder.dict()?;
        encoder.list(0)?;
        encoder.none()?;
        encoder.set_item()
    }
}

#[test]
fn files_over_channels_write_and_read() {
    each_python(|_, gateway| {
        let writing = run(
            gateway,
            "f = channel.makefile()\nf.write('a\\n')\nf.writelines(['b', 'c'])\nf.close()",
        );
        for expected in ["a\n", "b", "c"] {
            assert_eq!(receive(&writing), Value::from(expected));
        }
        writing.wait_close_timeout(LONG).unwrap();
        let reading = run(
            gateway,
            "
            f = channel.receive().makefile('r')
            channel.send([f.read(2), f.readline(), f.readline(), f.readline(), f.read(3)])
            ",
        );
        let text = gateway.new_channel().unwrap();
        reading.send(&text).unwrap();
        text.send("xyab\nc").unwrap();
        text.send("de\nlast").unwrap();
        text.close();
        let expected = ["xy", "ab\n", "cde\n", "last", ""].map(Value::from);
        assert_eq!(receive(&reading), Value::List(expected.to_vec()));
        assert!(failure(&run(gateway, "channel.makefile('rw')")).contains("ValueError"));
    });
}

#[test]
fn receive_and_waitclose_of_remote_code_keep_their_time_limits() {
    each_python(|_, gateway| {
        let channel = run(
            gateway,
            "
            for wait in channel.receive, channel.waitclose:
                try:
                    wait(0.02)
                except channel.TimeoutError:
                    channel.send(wait.__name__)
            channel.send(channel.receive(10))
            ",
        );
        assert_eq!(receive(&channel), Value::from("receive"));
        assert_eq!(receive(&channel), Value::from("waitclose"));
        channel.send("late").unwrap();
        assert_eq!(receive(&channel), Value::from("late"));
    });
}

#[test]
fn threads_of_remote_code_do_not_tear_frames() {
    each_python(|_, gateway| {
        let channel = run(
            gateway,
            "
            import threading
            def work(n):
                for i in range(20):
                    channel.send((n, i, 'x' * 70000))
            threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
            for t in threads: t.start()
            for t in threads: t.join()
            ",
        );
        let mut next = [0; 4];
        for item in &channel {
            let item = item.unwrap();
            let parts = item.as_slice().unwrap();
            let thread = usize::try_from(parts[0].as_i64().unwrap()).unwrap();
            assert_eq!(parts[1].as_i64(), Some(next[thread]));
            next[thread] += 1;
        }
        assert_eq!(next, [20; 4]);
    });
}

#[test]
fn large_items_pass_both_ways_at_once() {
    each_python(|_, gateway| {
        let channel = run(gateway, ECHO);
        let item = "x".repeat(3 << 20);
        let (sender, text) = (channel.clone(), item.clone());
        let sending = std::thread::spawn(move || (0..4).try_for_each(|_| sender.send(&text)));
        for _ in 0..4 {
            assert_eq!(receive(&channel).as_str(), Some(item.as_str()));
        }
        sending.join().unwrap().unwrap();
    });
}

#[test]
fn a_dropped_channel_closes_the_other_end() {
    each_python(|python, gateway| {
        if python.version == "PyPy" {
            println!("left out: PyPy collects garbage when it likes");
            return;
        }
        let channel = run(
            gateway,
            "inner = channel.receive()\nchannel.send(1)\nchannel.receive()\ndel inner\nchannel.receive()",
        );
        let inner = gateway.new_channel().unwrap();
        channel.send(&inner).unwrap();
        assert_eq!(receive(&channel), Value::from(1));
        assert!(matches!(
            inner.receive_timeout(Duration::from_millis(20)),
            Err(ReceiveError::Timeout)
        ));
        channel.send(2).unwrap();
        inner.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn the_walk_of_a_tree_comes_item_by_item() {
    each_python(|_, gateway| {
        let source = "import os; [channel.send((r, d, f)) for r, d, f in os.walk(os.path.dirname(os.__file__))]";
        let channel = run(gateway, source);
        let mut files = 0;
        for item in &channel {
            let item = item.unwrap();
            let [root, _, names] = item.as_slice().unwrap() else {
                panic!("{item:?}");
            };
            assert!(root.as_str().is_some());
            files += names.as_slice().unwrap().len();
        }
        assert!(files > 500, "{files}");
    });
}

#[test]
fn a_method_that_another_thread_has_just_compiled_is_found() {
    each_python(|_, gateway| {
        // What such a thread sees: the lookup has failed before, and the second part is there now.
        let source = "
            channel.isclosed()
            for thing, name in (channel, 'isclosed'), (channel.gateway, 'newchannel'):
                type(thing).__getattr__(thing, name)()
            try:
                channel.nothing
            except AttributeError as error:
                channel.send(str(error))
        ";
        let channel = run(gateway, source);
        assert_eq!(
            receive(&channel),
            Value::from("'Channel' object has no attribute 'nothing'")
        );
    });
}

#[test]
fn a_frame_that_came_while_another_was_refused_is_sent() {
    each_python(|_, gateway| {
        // The other one is that of a channel that turns out to be closed.
        let source = "
            gateway = channel.gateway
            frame = type(gateway)._write.__globals__['frame']
            class Closed(object):
                @property
                def _closed(self):
                    gateway._write_deferred(frame(4, channel.id, 42))
                    return True
            try:
                gateway._write(b'', Closed())
            except IOError:
                pass
            channel.receive()
        ";
        let channel = run(gateway, source);
        assert_eq!(receive(&channel), Value::from(42));
    });
}

#[test]
fn the_worker_imports_nothing_large_beside_the_code() {
    // On Python 3.13 code that took names from collections.abc found none, where the worker imported it at that moment.
    each_python(|_, gateway| {
        let source = "
            import sys
            before = set(sys.modules)
            channel.send(None)
            channel.receive()
            channel.isclosed()
            channel.send([name for name in ('linecache', 'traceback')
                          if name in sys.modules and name not in before])
        ";
        let channel = run(gateway, source);
        receive(&channel);
        channel.send(gateway.new_channel().unwrap()).unwrap();
        assert_eq!(receive(&channel), Value::List(Vec::new()));
    });
}
