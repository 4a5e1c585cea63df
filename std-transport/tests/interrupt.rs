//! Interrupts: what Ctrl-C does to the code of a worker, whichever step it comes at.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod support;

use core::hint::spin_loop;
use core::time::Duration;

use execnet::{Channel, Gateway, Group, ReceiveError, Value};
use support::{LONG, Python, pythons, quiet, within};

/// Interrupts for each interpreter. A step at which one is lost shows in some hundred of them.
const ROUNDS: u32 = 300;

const INTERRUPTED: &str = "keyboard-interrupted";

const FOREVER: &str = "import time\nchannel.send(1)\nwhile 1: time.sleep(0.01)";

/// How the code of a channel ended, behind what it had sent.
fn end(channel: &Channel, mut in_vain: impl FnMut()) -> ReceiveError {
    loop {
        match channel.receive_timeout(Duration::from_millis(500)) {
            Ok(_) => {}
            Err(ReceiveError::Timeout) => in_vain(),
            Err(end) => return end,
        }
    }
}

/// Interrupts the code until it ends: an interpreter that is just about to wait in the system misses one.
fn interrupt(group: &Group, channel: &Channel) {
    group.interrupt();
    match end(channel, || group.interrupt()) {
        ReceiveError::Remote(error) if error.text().contains(INTERRUPTED) => {}
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
            let gateway = group.makegateway(python.spec()).unwrap();
            test(python, &group, &gateway);
        });
    }
}

#[test]
fn an_interrupt_reaches_running_code_and_nothing_else() {
    each_python(|_, group, gateway| {
        let channel = gateway.remote_exec(FOREVER).unwrap();
        channel.receive_timeout(LONG).unwrap();
        interrupt(group, &channel);
        assert_usable(gateway);
    });
}

/// As behind `nohup`, or a shell's `&`.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_reaches_code_where_the_program_itself_was_started_without() {
    within("without interrupts", LONG, || {
        let group = Group::with_options(quiet());
        let python = pythons().last().unwrap().spec();
        let spec = python.replacen("python=", "python=env --ignore-signal=INT ", 1);
        let gateway = group.makegateway(spec).unwrap();
        let channel = gateway.remote_exec(FOREVER).unwrap();
        channel.receive_timeout(LONG).unwrap();
        interrupt(&group, &channel);
    });
}

#[test]
fn an_interrupt_at_any_step_of_sending_ends_the_code_and_not_the_link() {
    each_python(|_, group, gateway| {
        for _ in 0..ROUNDS {
            let channel = gateway.remote_exec("while 1: channel.send(1)").unwrap();
            channel.receive_timeout(LONG).unwrap();
            interrupt(group, &channel);
        }
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
            if python.version == "2.7" {
                // It sees an interrupt when it has what it waits for.
                group.interrupt();
                let _ = channel.send(0);
            }
            interrupt(group, &channel);
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
            group.interrupt();
            if python.version == "2.7" {
                // It sees an interrupt when it has what it waits for.
                let _ = channel.send(0);
            }
            interrupt(group, &channel);
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
            while 1:
                try:
                    while not inner._queue.waiters: pass
                    channel.send('waits')
                    channel.send(inner.receive())
                except KeyboardInterrupt:
                    pass
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let inner = gateway.newchannel().unwrap();
        channel.send(&inner).unwrap();
        let next = |in_vain: &dyn Fn()| loop {
            match channel.receive_timeout(Duration::from_millis(500)) {
                Ok(item) => return item.into_value(),
                Err(ReceiveError::Timeout) => in_vain(),
                Err(end) => panic!("{end:?}"),
            }
        };
        assert_eq!(next(&|| ()), Value::from("waits"));
        for item in 0..50 {
            group.interrupt();
            assert_eq!(next(&|| group.interrupt()), Value::from("waits"));
            inner.send(item).unwrap();
            assert_eq!(next(&|| ()), Value::from(item));
            // Where the main thread was the one, it waits again.
            while channel.receive_timeout(Duration::from_millis(5)).is_ok() {}
        }
    });
}
