//! Threads and execution models.

use execnet::{Value, value};
use execnet_test_support::{LONG, each_python, each_python_with, quiet, receive};

use crate::{failure, run};

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

/// The worker imports threading on the first concurrent call, and makes it know the main thread. Meanwhile thread
/// identities must not change: imports in other threads depend on them.
#[test]
fn thread_identities_do_not_change_while_threading_is_imported() {
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

/// As code written for execnet uses them, such as that of pytest-xdist.
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
fn main_thread_only_refuses_concurrent_calls_and_continues_after_errors() {
    each_python_with("//execmodel=main_thread_only", quiet(), |_, gateway| {
        // execnet's own workers accept no call after the first exception.
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

/// Python 2 has one lock for all imports, and a program of the controller may run as long as a sync.
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
        // Once at first, once after each item, and a few threads that came too late.
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
