//! Where remote code comes to the edges of what a Python worker does: errors of unusual size and content, values that
//! cannot be sent, many threads on one channel, large items read as a file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use execnet::{Channel, Gateway, ReceiveError, Value, value};
use execnet_test_support::{LONG, each_python, group, pythons, receive, within};

fn run(gateway: &Gateway, source: &str) -> Channel {
    gateway.remote_exec(source).unwrap()
}

fn failure(channel: &Channel) -> String {
    match channel.receive_timeout(LONG) {
        Err(ReceiveError::Remote(error)) => error.text().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Python 2 has one lock for all imports, and a program of ours may run as long as a sync.
#[test]
fn other_code_runs_while_a_program_of_the_controller_does() {
    each_python(|_, gateway| {
        let program = "# execnet test\nchannel.send(1)\nchannel.receive()\n";
        let long = gateway
            .remote_exec_module(program, "/nowhere/program.py")
            .unwrap();
        assert_eq!(receive(&long), Value::from(1));
        for n in 0..3 {
            let short = run(gateway, "import colorsys; channel.send(channel.receive())");
            short.send(n).unwrap();
            assert_eq!(receive(&short), Value::from(n));
        }
        long.send(2).unwrap();
        long.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn a_traceback_keeps_what_is_not_ascii() {
    each_python(|_, gateway| {
        for source in [
            "raise ValueError('\u{e9}')",
            "raise ValueError(u'\u{e9}')",
            "raise ValueError(1)  # \u{e9}",
        ] {
            let channel = gateway.remote_exec_module(source, "/nowhere/\u{e9}.py");
            let text = failure(&channel.unwrap());
            let start = "Traceback (most recent call last):\n  File \"/nowhere/\u{e9}.py\", line 1, in <module>\n";
            assert!(text.starts_with(start), "{text}");
            assert!(
                text.contains(source) && text.contains("\nValueError: "),
                "{text}"
            );
        }
    });
}

#[test]
fn a_long_chain_of_exceptions_is_cut_and_keeps_its_last_message() {
    each_python(|python, gateway| {
        if python.is_2() {
            return;
        }
        for length in [2, 990, 100_000] {
            let source = format!(
                "error = None\nfor n in range({length}):\n    error, cause = ValueError(n), error\n    \
                 error.__cause__ = cause\nraise error"
            );
            let text = failure(&run(gateway, &source));
            assert!(
                text.ends_with(&format!("ValueError: {}\n", length - 1)),
                "{text}"
            );
            assert!(
                text.contains("direct cause") && text.len() < 100_000,
                "{}",
                text.len()
            );
        }
    });
}

#[test]
fn ints_pass_whatever_limit_of_digits_the_code_has_set() {
    each_python(|_, gateway| {
        let source = "
            import sys
            getattr(sys, 'set_int_max_str_digits', id)(640)
            for item in channel: channel.send(item)
        ";
        let channel = run(gateway, source);
        for digits in [600, 601, 641, 1201, 5000] {
            let item = Value::Int(format!("-1{}7", "0".repeat(digits - 2)).parse().unwrap());
            channel.send(&item).unwrap();
            assert_eq!(receive(&channel), item, "{digits} digits");
        }
    });
}

#[test]
fn what_cannot_be_sent_is_named_by_type_and_place() {
    each_python(|python, gateway| {
        for (item, kind, place) in [
            (
                "{'a': [1, {'b': object}]}",
                "<type 'type'>",
                " (at item['a'][1]['b'])",
            ),
            (
                "[(0, {1, object})]",
                "<type 'type'>",
                " (at item[0][1] element)",
            ),
            (
                "{'a': {(1, object): 2}}",
                "<type 'type'>",
                " (at item['a'] key[1])",
            ),
            ("object", "<type 'type'>", ""),
            (
                "{'a': [1, {'b': u'\\udcff'}]}",
                "<class 'str'>",
                " (at item['a'][1]['b'])",
            ),
            (
                "frozenset([u'\\udcff'])",
                "<class 'str'>",
                " (at item element)",
            ),
            ("u'\\udcff'", "<class 'str'>", ""),
        ] {
            if python.is_2() && item.contains("udcff") {
                // It encodes them.
                continue;
            }
            let text = failure(&run(gateway, &format!("channel.send({item})")));
            let kind = if python.is_2() {
                kind.to_owned()
            } else {
                kind.replace("<type", "<class")
            };
            assert!(
                text.contains("DumpError: ") && text.ends_with(&format!("{kind}{place}\n")),
                "{item}: {text}"
            );
        }
        let source = "
            def fail(put, value):
                raise MemoryError('no room')
            type(channel.gateway)._write.__globals__['DUMPERS'][float] = fail
            channel.send([1.5])
        ";
        assert!(failure(&run(gateway, source)).ends_with("\nMemoryError: no room\n"));
    });
}

/// Twenty threads receive from one channel. Each that is woken without an item enters the queue once more.
#[test]
fn an_item_wakes_one_of_the_threads_that_wait() {
    each_python(|_, gateway| {
        let source = "
            import threading
            inner, threads, items = channel.receive()
            queue = inner._queue
            plain, lock, entered, got = queue.enter, threading.Lock(), [0], []
            def enter():
                with lock:
                    entered[0] += 1
                return plain()
            queue.enter = enter
            def work():
                for item in inner:
                    got.append(item)
                    channel.send(item)
            workers = [threading.Thread(target=work) for _ in range(threads)]
            for worker in workers: worker.start()
            while len(queue.waiters) < threads: pass
            channel.send(None)
            for worker in workers: worker.join()
            channel.send((sorted(got) == list(range(items)), entered[0]))
        ";
        let (threads, items) = (20_i64, 100_i64);
        let (channel, inner) = (run(gateway, source), gateway.new_channel().unwrap());
        channel.send((&inner, threads, items)).unwrap();
        assert_eq!(receive(&channel), Value::None);
        for item in 0..items {
            inner.send(item).unwrap();
            assert_eq!(receive(&channel), Value::from(item));
        }
        inner.close();
        let answer = receive(&channel);
        let [whole, entered] = answer.as_slice().unwrap() else {
            panic!("{answer:?}");
        };
        assert_eq!(*whole, Value::from(true), "every item, once");
        // At first, after each item, and a few who came too late.
        let entered = entered.as_i64().unwrap();
        assert!(entered < 2 * (threads + items), "{entered} waits");
    });
}

#[test]
fn threads_that_share_a_channel_see_no_end_before_it_ends() {
    each_python(|_, gateway| {
        let source = "
            import sys, threading
            getattr(sys, 'setswitchinterval', lambda _: None)(1e-6)
            inner, threads, rounds = channel.receive()
            counts = []
            def work():
                count = 0
                for item in inner:
                    count += 1
                counts.append(count)
            workers = [threading.Thread(target=work) for _ in range(threads)]
            for worker in workers: worker.start()
            for worker in workers: worker.join()
            channel.send(sum(counts))
        ";
        let (channel, inner) = (run(gateway, source), gateway.new_channel().unwrap());
        channel.send((&inner, 8, 0)).unwrap();
        for item in 0..3000 {
            inner.send(item).unwrap();
        }
        inner.close();
        assert_eq!(receive(&channel), Value::from(3000));
    });
}

#[test]
fn a_file_gives_what_its_items_hold_however_it_is_read() {
    each_python(|_, gateway| {
        let source = "
            import io, random
            inner, seed = channel.receive()
            items = [u'ab\\n', u'', u'c', u'd', u'\\n\\n', u'efgh', u'\\ni', u'j'] * 5
            there, here = inner.makefile('r'), io.StringIO(u''.join(items), newline='\\n')
            choose = random.Random(seed)
            while True:
                size = choose.choice([0, 1, 2, 3, 7, None])
                found = [there.readline(), here.readline()] if size is None else [there.read(size), here.read(size)]
                if found[0] != found[1]:
                    channel.send((size, found))
                    break
                if not found[0] and size != 0:
                    break
            channel.send(repr(there.read()))
        ";
        let parts = ["ab\n", "", "c", "d", "\n\n", "efgh", "\ni", "j"];
        for seed in 0..10 {
            let (channel, inner) = (run(gateway, source), gateway.new_channel().unwrap());
            channel.send((&inner, seed)).unwrap();
            for part in parts.iter().cycle().take(5 * parts.len()) {
                inner.send(*part).unwrap();
            }
            inner.close();
            let end = receive(&channel);
            assert!(
                ["''", "u''"].contains(&end.as_str().unwrap_or_default()),
                "{end:?}"
            );
        }
    });
}

/// The same number of reads, from one large item and from a small one.
#[test]
fn small_reads_of_a_large_item_cost_as_much_as_those_of_a_small_one() {
    each_python(|python, gateway| {
        let source = "
            import time
            def seconds(inner):
                file = inner.makefile('r')
                file.read(1)
                before = time.time()
                for _ in range(500):
                    file.read(10)
                    file.readline()
                return time.time() - before
            channel.send([seconds(inner) for inner in channel.receive()])
        ";
        let channel = run(gateway, source);
        let inner = [
            gateway.new_channel().unwrap(),
            gateway.new_channel().unwrap(),
        ];
        channel.send([&inner[0], &inner[1]]).unwrap();
        let text = "0123456789abcdefgh\n".repeat(1000);
        inner[0].send(text.repeat(500)).unwrap();
        inner[1].send(text).unwrap();
        let times = receive(&channel);
        let [large, small] = [0, 1].map(|at| times.as_slice().unwrap()[at].as_f64().unwrap());
        assert!(
            large < 20.0 * small,
            "Python {}: {large} and {small} seconds",
            python.version
        );
    });
}

/// As a program may leave its own, which it hands on.
#[cfg(unix)]
#[test]
fn descriptors_that_do_not_wait_are_made_to() {
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
