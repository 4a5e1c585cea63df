//! Interrupts: what Ctrl-C does to the code of a worker, whichever step it comes at.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::hint::spin_loop;
use core::time::Duration;
use std::time::Instant;

use execnet::{Channel, Gateway, Group, ReceiveError, Value};
use execnet_test_support::{LONG, Python, pythons, quiet, within};

/// Interrupts for each interpreter. A step at which one is lost shows in some hundred of them.
const ROUNDS: u32 = 300;

/// What makes an item of a number: the source in Python, and the function here. In every other round the item is a list,
/// which travels as a pickle to and from a worker that has them in C.
type MakeItem = (&'static str, fn(u32) -> Value);

fn item_of(round: u32) -> MakeItem {
    if round.is_multiple_of(2) {
        ("number", Value::from)
    } else {
        ("[number] * 100", |number| Value::from(vec![number; 100]))
    }
}

/// After how long code that was interrupted in vain is interrupted again.
const AGAIN: Duration = Duration::from_millis(500);

/// The same where an interrupt that comes late must not count as lost.
const SURELY_LOST: Duration = Duration::from_secs(5);

const INTERRUPTED: &str = "keyboard-interrupted";

const FOREVER: &str = "import time\nchannel.send(1)\nwhile 1: time.sleep(0.01)";

/// How the code of a channel ended, behind what it had sent.
fn end(channel: &Channel) -> ReceiveError {
    end_behind(channel, AGAIN, |_| (), || ())
}

/// The same, with what to do with each item that it had sent, and whenever it has gone on for so long.
fn end_behind(
    channel: &Channel,
    patience: Duration,
    mut on_item: impl FnMut(Value),
    mut in_vain: impl FnMut(),
) -> ReceiveError {
    let mut again = Instant::now() + patience;
    loop {
        match channel.receive_timeout(patience) {
            Ok(item) => on_item(item.into_value()),
            Err(ReceiveError::Timeout) => {}
            Err(end) => return end,
        }
        if Instant::now() >= again {
            in_vain();
            again = Instant::now() + patience;
        }
    }
}

/// Interrupts the code until it ends, and returns how many interrupts had no effect: an interpreter that is just about
/// to wait in the system misses one, and one that comes while a destructor or a weakref's callback runs ends only that.
fn interrupt(python: &Python, group: &Group, channel: &Channel) -> usize {
    interrupt_behind(python, group, channel, AGAIN, |_| ())
}

/// The same, with what to do with each item that it had sent.
fn interrupt_behind(
    python: &Python,
    group: &Group,
    channel: &Channel,
    patience: Duration,
    on_item: impl FnMut(Value),
) -> usize {
    let send = || {
        group.interrupt();
        if python.version == "2.7" {
            // It sees an interrupt when it has what it waits for.
            let _ = channel.send(0);
        }
    };
    let mut lost = 0;
    send();
    match end_behind(channel, patience, on_item, || {
        lost += 1;
        send();
    }) {
        ReceiveError::Remote(error) if error.text().contains(INTERRUPTED) => lost,
        other => panic!("{other:?}"),
    }
}

fn assert_usable(gateway: &Gateway) {
    let channel = gateway.remote_exec("channel.send(2)").unwrap();
    let item = channel.receive_timeout(LONG).unwrap();
    assert_eq!(item.into_value(), Value::from(2));
    assert!(matches!(end(&channel), ReceiveError::Closed));
}

/// With a worker of each interpreter, in a group of its own.
fn each_python(test: fn(&Python, &Group, &Gateway)) {
    for python in pythons() {
        within(&format!("Python {}", python.version), LONG, move || {
            println!("Python {}", python.version);
            let group = Group::with_options(quiet());
            let gateway = group.make_gateway(python.spec()).unwrap();
            test(python, &group, &gateway);
        });
    }
}

#[test]
fn an_interrupt_reaches_running_code_and_nothing_else() {
    each_python(|python, group, gateway| {
        let channel = gateway.remote_exec(FOREVER).unwrap();
        channel.receive_timeout(LONG).unwrap();
        interrupt(python, group, &channel);
        assert_usable(gateway);
    });
}

/// As behind `nohup`, or a shell's `&`.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_reaches_code_where_the_program_itself_was_started_without() {
    within("without interrupts", LONG, || {
        let group = Group::with_options(quiet());
        let python = pythons().last().unwrap();
        let spec = python
            .spec()
            .replacen("python=", "python=env --ignore-signal=INT ", 1);
        let gateway = group.make_gateway(spec).unwrap();
        let channel = gateway.remote_exec(FOREVER).unwrap();
        channel.receive_timeout(LONG).unwrap();
        interrupt(python, &group, &channel);
    });
}

#[test]
fn an_interrupt_at_any_step_of_sending_ends_the_code_and_not_the_link() {
    each_python(|python, group, gateway| {
        let mut lost = 0;
        for round in 0..ROUNDS {
            let (source, item) = item_of(round);
            let code = format!("number = 0\nwhile 1:\n    channel.send({source})\n    number += 1");
            let channel = gateway.remote_exec(&code).unwrap();
            let mut expected = (0..).map(item);
            let mut on_item = |found| assert_eq!(Some(found), expected.next(), "round {round}");
            on_item(channel.receive_timeout(LONG).unwrap().into_value());
            lost += interrupt_behind(python, group, &channel, SURELY_LOST, on_item);
        }
        // PyPy runs the callbacks of weakrefs, such as those of the imports at its start, with a later collection.
        let allowed = if python.version == "PyPy" { 3 } else { 0 };
        assert!(lost <= allowed, "{lost} of {ROUNDS} interrupts lost");
        assert_usable(gateway);
    });
}

#[test]
fn an_interrupt_at_any_step_of_receiving_ends_the_code_and_not_the_link() {
    each_python(|python, group, gateway| {
        for round in 0..ROUNDS {
            let (source, item) = item_of(round);
            // What it receives is what was sent, and the 0 that wakes Python 2.7.
            let code = format!(
                "number = 0\nchannel.send(1)\nwhile 1:\n    item = channel.receive()\n    \
                 assert item in ({source}, 0), item\n    number += 1"
            );
            let channel = gateway.remote_exec(&code).unwrap();
            channel.receive_timeout(LONG).unwrap();
            (0..round / 2 % 20).for_each(|number| channel.send(item(number)).unwrap());
            interrupt(python, group, &channel);
        }
        assert_usable(gateway);
    });
}

#[test]
fn an_interrupt_at_any_step_of_talking_in_turns_ends_the_code_and_not_the_link() {
    each_python(|python, group, gateway| {
        for round in 0..ROUNDS {
            let channel = gateway
                // Such code reads the link by itself as soon as what that needs is compiled.
                .remote_exec("channel.isclosed()\nwhile 1: channel.send(channel.receive())")
                .unwrap();
            let (_, item) = item_of(round);
            for turn in (0..20 + round % 20).map(item) {
                channel.send(&turn).unwrap();
                let found = channel.receive_timeout(LONG).unwrap();
                assert_eq!(found.into_value(), turn);
            }
            channel.send(item(0)).unwrap();
            (0..round * 20).for_each(|_| spin_loop());
            interrupt_behind(python, group, &channel, AGAIN, |found| {
                assert!([item(0), 0.into()].contains(&found), "{found}");
            });
        }
        assert_usable(gateway);
    });
}

#[test]
fn an_interrupt_at_any_step_of_a_short_task_loses_no_task() {
    each_python(|_, group, gateway| {
        for round in 0..ROUNDS {
            let channel = gateway.remote_exec("channel.send(1)").unwrap();
            // From before its arrival to after its end.
            (0..round * 20).for_each(|_| spin_loop());
            group.interrupt();
            match end(&channel) {
                ReceiveError::Closed => {}
                ReceiveError::Remote(error) if error.text().contains(INTERRUPTED) => {}
                other => panic!("round {round}: {other:?}"),
            }
        }
        assert_usable(gateway);
    });
}

/// The main thread's place among those that wait is left behind by an interrupt.
#[test]
fn an_interrupt_of_one_thread_that_waits_takes_no_item_from_another() {
    each_python(|python, group, gateway| {
        if python.version == "2.7" {
            return println!(
                "left out: Python 2.7 sees an interrupt when it has what it waits for"
            );
        }
        let source = "
            import threading
            inner = channel.receive()
            threading.Thread(target=lambda: [channel.send(item) for item in inner]).start()
            interrupts = 0
            def receive():
                while not inner._queue.waiters: pass
                channel.send((interrupts,))
                channel.send(inner.receive())
            def receive_uninterrupted():
                global interrupts
                while 1:
                    try:
                        while 1: receive()
                    except KeyboardInterrupt:
                        interrupts += 1
            while 1:
                try:
                    receive_uninterrupted()
                except KeyboardInterrupt:
                    interrupts += 1
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let inner = gateway.new_channel().unwrap();
        channel.send(&inner).unwrap();
        // A tuple says how many interrupts the main thread has handled before it waits; others are items.
        let next = |in_vain: &dyn Fn()| loop {
            match channel.receive_timeout(AGAIN) {
                Ok(item) => return item.into_value(),
                Err(ReceiveError::Timeout) => in_vain(),
                Err(end) => panic!("{end:?}"),
            }
        };
        let mut handled = Value::Tuple(vec![Value::from(0)]);
        while next(&|| ()) != handled {}
        for item in (0..50).map(Value::from) {
            group.interrupt();
            handled = loop {
                match next(&|| group.interrupt()) {
                    waits @ Value::Tuple(_) if waits != handled => break waits,
                    _ => {}
                }
            };
            inner.send(&item).unwrap();
            while next(&|| ()) != item {}
        }
    });
}
