//! Channels in remote code.

use core::time::Duration;

use execnet::{ReceiveError, Value, WaitCloseError};
use execnet_test_support::{LONG, each_python, receive};

use crate::{ECHO, run};

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
        // Without the GIL an object is freed when the thread that has made it runs again, or with a collection: here that is
        // the reader, which waits for the next frame.
        let free = match python.version.ends_with('t') {
            true => "import gc\ngc.collect()",
            false => "",
        };
        let source = format!(
            "inner = channel.receive()\nchannel.send(1)\nchannel.receive()\ndel inner\n{free}\nchannel.receive()"
        );
        let channel = run(gateway, &source);
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
