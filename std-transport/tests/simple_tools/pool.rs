use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::mpsc;

use execnet::{CallError, Group, Pool, PoolOptions};
use execnet_test_support::{LONG, each_python, eventually, group, within};

use super::{popen, workers};

const PID: &str = "
    import os
    def pid(number): return number, os.getpid()
";

fn pool(count: usize, options: PoolOptions) -> Pool {
    Pool::with_options(workers(count), options).unwrap()
}

#[test]
fn results_come_in_order_or_as_they_complete() {
    each_python(|python, _| {
        let group = group();
        for gateway in group.make_gateways(vec![python.spec(); 2]) {
            gateway.unwrap();
        }
        let pool = Pool::new(group).unwrap();
        let call = pool.submit::<i64>("operator:add", (40, 2), ());
        let squares: Result<Vec<i64>, _> = pool.map("lambda x: x * x", 0..50).collect();
        assert_eq!(squares.unwrap(), (0..50).map(|x| x * x).collect::<Vec<_>>());
        let unordered = pool.map_unordered::<usize>("lambda x: x + 1", 0..50);
        let indices: BTreeSet<_> = unordered
            .map(|(index, result)| {
                assert_eq!(result.unwrap(), index + 1);
                index
            })
            .collect();
        assert!(indices.into_iter().eq(0..50));
        assert_eq!(call.wait().unwrap(), 42);
    });
}

/// The first call waits for a file that the test makes when it has the result of the second.
#[test]
fn a_slow_call_does_not_hold_up_later_results() {
    within("pool", LONG, || {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("go");
        let pool = pool(2, PoolOptions::new());
        let source = "
            import os, time
            def wait(path):
                while path and not os.path.exists(path):
                    time.sleep(0.01)
        ";
        let paths = [file.to_str().unwrap(), ""];
        let mut results = pool.map_unordered::<()>(source, paths);
        let (index, result) = results.next().unwrap();
        assert!(index == 1 && result.is_ok());
        std::fs::write(&file, "").unwrap();
        let (index, result) = results.next().unwrap();
        assert!(index == 0 && result.is_ok() && results.next().is_none());
    });
}

#[test]
fn an_exception_fails_its_call_alone() {
    within("pool", LONG, || {
        let pool = pool(2, PoolOptions::new());
        let results: Vec<_> = pool
            .map::<f64>("lambda x: 1 / x", [1, 0, 2, 0, 4])
            .collect();
        let values = results.iter().map(|result| result.as_ref().ok());
        assert!(values.eq([Some(&1.0), None, Some(&0.5), None, Some(&0.25)]));
        let error = results[1].as_ref().unwrap_err();
        assert!(
            error
                .as_remote()
                .unwrap()
                .text()
                .contains("ZeroDivisionError"),
            "{error}"
        );
        let other_type = pool
            .submit::<String>("math:sqrt", (4,), ())
            .wait()
            .unwrap_err();
        assert!(matches!(other_type, CallError::Receive(_)), "{other_type}");
        let no_arguments = pool.submit::<()>("math:sqrt", 4, ()).wait().unwrap_err();
        assert!(
            matches!(no_arguments, CallError::Arguments(_)),
            "{no_arguments}"
        );
        let progress = pool.progress();
        assert_eq!(
            (progress.submitted, progress.done, progress.failed),
            (7, 7, 4)
        );
    });
}

/// Kills a process, if it has not been killed before.
fn kill(pid: i64) {
    let mut command = std::process::Command::new("kill");
    let output = command.args(["-9", &pid.to_string()]).output();
    drop(output.unwrap());
}

/// Kills a worker after every 50 results of 1000. Returns the numbers of the calls with a result, and how many have an
/// error.
fn with_kills(options: PoolOptions) -> (Vec<usize>, usize) {
    let pool = pool(4, options);
    let (mut numbers, mut errors) = (Vec::new(), 0);
    let results = pool.map_unordered::<(usize, i64)>(PID, 0..1000);
    for (count, (index, result)) in results.enumerate() {
        match result {
            Ok((number, pid)) => {
                assert_eq!(number, index);
                numbers.push(number);
                if count % 50 == 49 {
                    kill(pid);
                }
            }
            Err(error) => {
                assert!(error.is_disconnected(), "{error:?}");
                errors += 1;
            }
        }
    }
    let progress = pool.progress();
    assert_eq!((progress.submitted, progress.done), (1000, 1000));
    assert_eq!(pool.group().len(), 4);
    (numbers, errors)
}

#[test]
fn every_call_has_one_result_or_one_error_while_workers_are_killed() {
    within("1000 calls", 4 * LONG, || {
        let (numbers, errors) = with_kills(PoolOptions::new());
        let distinct: BTreeSet<_> = numbers.iter().collect();
        assert_eq!(distinct.len(), numbers.len());
        assert_eq!(numbers.len() + errors, 1000);
        // A kill fails the call of that worker at most.
        println!("{errors} of 1000 calls failed");
        assert!(errors <= 20);
    });
}

#[test]
fn calls_of_killed_workers_are_repeated_on_request() {
    within("1000 calls", 4 * LONG, || {
        let (mut numbers, errors) = with_kills(PoolOptions::new().with_retries(20));
        numbers.sort_unstable();
        assert!(errors == 0 && numbers.into_iter().eq(0..1000));
    });
}

#[test]
fn a_call_that_takes_too_long_fails_and_its_worker_is_replaced() {
    within("pool", LONG, || {
        let limit = Some(Duration::from_millis(500));
        let pool = pool(1, PoolOptions::new().with_call_timeout(limit));
        // On a busy machine a new worker may need longer than that for its first call.
        let pid = || (0..20).find_map(|_| pool.submit::<i64>("os:getpid", (), ()).wait().ok());
        let before = pid().unwrap();
        let error = pool
            .submit::<()>("time:sleep", (1000,), ())
            .wait()
            .unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert_ne!(pid().unwrap(), before);
    });
}

#[test]
fn a_wait_with_a_timeout_gives_the_handle_back() {
    within("pool", LONG, || {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("go");
        let pool = pool(1, PoolOptions::new());
        let source = "
            import os, time
            def wait(path):
                while not os.path.exists(path):
                    time.sleep(0.01)
        ";
        let call = pool.submit::<()>(source, (file.to_str().unwrap(),), ());
        let call = call.wait_timeout(Duration::from_millis(20)).unwrap_err();
        std::fs::write(&file, "").unwrap();
        assert!(call.wait_timeout(LONG).unwrap().is_ok());
    });
}

#[test]
fn submitting_blocks_while_the_queue_is_full() {
    within("pool", LONG, || {
        let queue = NonZeroUsize::new(2).unwrap();
        let pool = Arc::new(pool(1, PoolOptions::new().with_queue(queue)));
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("go");
        let source = "
            import os, time
            def wait(path):
                while not os.path.exists(path):
                    time.sleep(0.01)
        ";
        let path = file.to_str().unwrap().to_owned();
        let (submitted, count) = mpsc::channel();
        let thread = std::thread::spawn({
            let pool = pool.clone();
            move || {
                for _ in 0..6 {
                    let call = pool.submit::<()>(source, (&path,), ());
                    submitted.send(call).unwrap();
                }
            }
        });
        let mut calls: Vec<_> = count.iter().take(3).collect();
        // One runs and two are queued; the next is submitted, and blocks.
        eventually("4 calls", LONG, || pool.progress().submitted == 4);
        assert!(count.try_recv().is_err());
        std::fs::write(&file, "").unwrap();
        calls.extend(count.iter());
        thread.join().unwrap();
        assert_eq!(calls.len(), 6);
        assert!(calls.into_iter().all(|call| call.wait().is_ok()));
        // More inputs than the window of the iterator has room for.
        assert_eq!(pool.map::<i64>("lambda x: x", 0..20).flatten().count(), 20);
    });
}

#[test]
fn progress_is_reported_after_each_call() {
    within("pool", LONG, || {
        let done = Arc::new(AtomicU64::new(0));
        let highest = done.clone();
        let options = PoolOptions::new().with_progress(move |progress| {
            highest.fetch_max(progress.done, Ordering::Relaxed);
        });
        let pool = pool(2, options);
        assert_eq!(pool.map::<i64>("lambda x: x", 0..30).flatten().count(), 30);
        assert_eq!(done.load(Ordering::Relaxed), 30);
    });
}

#[test]
fn calls_end_when_their_pool_is_dropped() {
    within("pool", LONG, || {
        let pool = pool(1, PoolOptions::new());
        let calls: Vec<_> = (0..3)
            .map(|_| pool.submit::<()>("time:sleep", (1000,), ()))
            .collect();
        drop(pool);
        for call in calls {
            assert!(matches!(call.wait(), Err(CallError::Cancelled)));
        }
    });
}

/// The worker is a script that works once.
#[test]
fn calls_fail_when_no_worker_can_be_replaced() {
    within("pool", LONG, || {
        let place = tempfile::tempdir().unwrap();
        let script = place.path().join("once");
        let spec = popen();
        let python = spec.split('\'').nth(1).unwrap();
        let text = format!("mv \"$0\" \"$0.done\" || exit 7\nexec {python} \"$@\"\n");
        std::fs::write(&script, text).unwrap();
        let group = group();
        let spec = format!("popen//python=sh '{}'", script.display());
        group.make_gateway(spec).unwrap();
        let pool = Pool::new(group).unwrap();
        let died = pool.submit::<()>("os:_exit", (3,), ()).wait().unwrap_err();
        assert!(died.is_disconnected(), "{died}");
        for _ in 0..3 {
            let error = pool.submit::<()>("os:getpid", (), ()).wait().unwrap_err();
            assert!(matches!(error, CallError::NoWorker(_)), "{error}");
        }
    });
}

#[test]
fn a_pool_needs_workers() {
    assert!(Pool::new(Group::new()).is_err());
}
