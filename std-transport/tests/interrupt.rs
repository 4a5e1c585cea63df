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

/// After how long code that was interrupted in vain is interrupted again.
const AGAIN: Duration = Duration::from_millis(500);

const INTERRUPTED: &str = "keyboard-interrupted";

const FOREVER: &str = "import time\nchannel.send(1)\nwhile 1: time.sleep(0.01)";

/// How the code of a channel ended, behind what it had sent. Calls `in_vain` for each half second that it goes on.
fn end(channel: &Channel, mut in_vain: impl FnMut()) -> ReceiveError {
    let mut again = Instant::now() + AGAIN;
    loop {
        match channel.receive_timeout(AGAIN) {
            Ok(_) | Err(ReceiveError::Timeout) => {}
            Err(end) => return end,
        }
        if Instant::now() >= again {
            in_vain();
            again = Instant::now() + AGAIN;
        }
    }
}

/// Interrupts the code until it ends, and returns how many interrupts had no effect: an interpreter that is just about
/// to wait in the system misses one, and one that comes while a destructor or a weakref's callback runs ends only that.
fn interrupt(python: &Python, group: &Group, channel: &Channel) -> usize {
    let send = || {
        group.interrupt();
        if python.version == "2.7" {
            // It sees an interrupt when it has what it waits for.
            let _ = channel.send(0);
        }
    };
    let mut lost = 0;
    send();
    match end(channel, || {
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
    assert!(matches!(end(&channel, || ()), ReceiveError::Closed));
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
        for _ in 0..ROUNDS {
            let channel = gateway.remote_exec("while 1: channel.send(1)").unwrap();
            channel.receive_timeout(LONG).unwrap();
            lost += interrupt(python, group, &channel);
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
            let channel = gateway
                .remote_exec("channel.send(1)\nwhile 1: channel.receive()")
                .unwrap();
            channel.receive_timeout(LONG).unwrap();
            (0..round % 20).for_each(|item| channel.send(item).unwrap());
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
            for turn in 0..20 + round % 20 {
                channel.send(turn).unwrap();
                let item = channel.receive_timeout(LONG).unwrap();
                assert_eq!(item.into_value(), Value::from(turn));
            }
            channel.send(0).unwrap();
            (0..round * 20).for_each(|_| spin_loop());
            interrupt(python, group, &channel);
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
            match end(&channel, || ()) {
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
