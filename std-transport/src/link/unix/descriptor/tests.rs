//! Tests of waits for a descriptor, and of interrupts that race with them.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::*;

const LIMIT: Duration = Duration::from_secs(20);
const LONG: Option<Duration> = Some(LIMIT);

/// Number of interrupts that are tried: a loss shows within some hundred thousand. `EXECNET_INTERRUPTS` sets
/// another number.
const INTERRUPTS: usize = 100_000;

/// Number of yields after which an interrupt counts as lost: some seconds.
const PATIENCE: usize = 10_000_000;

#[test]
fn it_waits_for_bytes_and_the_end() {
    let (reader, mut writer) = io::pipe().unwrap();
    let ready = Descriptor::new(reader.try_clone().unwrap());
    let short = Some(Duration::from_millis(1));
    assert_eq!(ready.wait(short).unwrap(), Ready::Interrupted);
    writer.write_all(b"x").unwrap();
    assert_eq!(ready.wait(LONG).unwrap(), Ready::Read);
    (&reader).read_exact(&mut [0]).unwrap();
    assert_eq!(ready.wait(short).unwrap(), Ready::Interrupted);
    drop(writer);
    assert_eq!(ready.wait(LONG).unwrap(), Ready::Read);
}

/// Lets the other thread run for a moment. On a busy machine no number of yields is enough for that.
fn give_way() {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(1) {
        thread::yield_now();
    }
}

/// Waits without a timeout, in another thread, for an event that must come.
fn wait(ready: &Arc<Descriptor<PipeReader>>) -> Ready {
    let (done, waited) = mpsc::channel();
    let waiting = ready.clone();
    thread::spawn(move || done.send(waiting.wait(None)));
    let ready = waited.recv_timeout(LIMIT);
    ready.expect("the interrupt is lost").unwrap()
}

#[test]
fn an_interrupt_before_or_during_a_wait_ends_it() {
    let (reader, _writer) = io::pipe().unwrap();
    let ready = Arc::new(Descriptor::new(reader));
    ready.interrupt();
    ready.interrupt();
    assert_eq!(wait(&ready), Ready::Interrupted);
    thread::scope(|scope| {
        scope.spawn(|| ready.interrupt());
        assert_eq!(wait(&ready), Ready::Interrupted);
    });
}

/// An interrupt ends one wait, and leaves nothing behind that would end the next.
#[test]
fn after_an_interrupt_it_waits_again() {
    let (reader, mut writer) = io::pipe().unwrap();
    let ready = Arc::new(Descriptor::new(reader.try_clone().unwrap()));
    for while_it_waits in [false, true] {
        let (done, waited) = mpsc::channel();
        let waiting = ready.clone();
        thread::spawn(move || {
            // A byte that is left in the pipe would end the next wait.
            let waits = [None, Some(Duration::from_millis(20)), LONG];
            waits.map(|timeout| done.send(waiting.wait(timeout).unwrap()))
        });
        if while_it_waits {
            give_way();
        }
        ready.interrupt();
        let next = || waited.recv_timeout(LIMIT).expect("the interrupt is lost");
        assert_eq!([next(), next()], [Ready::Interrupted; 2]);
        give_way();
        writer.write_all(b"x").unwrap();
        assert_eq!(next(), Ready::Read);
        (&reader).read_exact(&mut [0]).unwrap();
    }
}

/// A thread that waits for several links has one pipe for all of them.
#[test]
fn an_interrupt_of_one_link_is_not_taken_for_that_of_another() {
    let links = [(); 2].map(|()| {
        let (reader, writer) = io::pipe().unwrap();
        (Descriptor::new(reader), writer)
    });
    let short = Some(Duration::from_millis(1));
    for (interrupted, other) in [(0, 1), (1, 0)] {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                links[interrupted].0.wait(LONG).unwrap();
                links[interrupted].0.interrupt();
                assert_eq!(links[other].0.wait(short).unwrap(), Ready::Interrupted);
                links[interrupted].0.wait(None)
            });
            links[interrupted].0.interrupt();
            assert_eq!(waiting.join().unwrap().unwrap(), Ready::Interrupted);
        });
    }
}

/// A thread waits again until it has seen the last interrupt: after a lost one it would wait forever.
#[test]
fn no_interrupt_is_lost_however_it_races_with_the_return_of_a_wait() {
    let wanted = std::env::var("EXECNET_INTERRUPTS").ok();
    let wanted = wanted.map_or(INTERRUPTS, |text| text.parse().unwrap());
    let (reader, _writer) = io::pipe().unwrap();
    let ready = Arc::new(Descriptor::new(reader));
    let sent = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(AtomicUsize::new(0));
    let (waiting, behind, done) = (ready.clone(), sent.clone(), seen.clone());
    thread::spawn(move || {
        while done.load(Ordering::SeqCst) < wanted {
            waiting.wait(None).unwrap();
            done.store(behind.load(Ordering::SeqCst), Ordering::SeqCst);
        }
    });
    for number in 1..=wanted {
        sent.store(number, Ordering::SeqCst);
        ready.interrupt();
        // Two in a row at most: the second comes while the waiter returns because of the first.
        let unseen = usize::from(number < wanted);
        let mut patience = PATIENCE;
        while seen.load(Ordering::SeqCst) + unseen < number {
            let last = seen.load(Ordering::SeqCst);
            assert!(patience > 0, "lost: {last} seen of {number}");
            patience -= 1;
            thread::yield_now();
        }
    }
}
