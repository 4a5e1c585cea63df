//! The image without a heap.

use execnet::{Group, ReceiveError, Value, value};
use execnet_test_support::{LONG, receive};

use crate::with_board;

#[test]
fn an_image_without_a_heap_talks_frames() {
    with_board("frames", "frames", |board| {
        let group = Group::new();
        let gateway = group.make_gateway(board.spec()).unwrap();
        for _ in 0..3 {
            let sum = gateway.remote_exec("sum").unwrap();
            sum.send(value!([1, 2, -3_000_000_000_i64])).unwrap();
            assert_eq!(receive(&sum), Value::from(-2_999_999_997_i64));
            sum.wait_close().unwrap();
        }
        let echo = gateway.remote_exec("echo").unwrap();
        for item in [value!({"a": [1.5]}), Value::Bytes(vec![0xDB; 1024])] {
            echo.send(&item).unwrap();
            assert_eq!(receive(&echo), item);
        }
        echo.close();
        for (function, item) in [
            ("sum", value!("no list")),
            ("sum", Value::Bytes(vec![0; 5000])),
            ("unknown", value!(1)),
        ] {
            let channel = gateway.remote_exec(function).unwrap();
            // Fails if the error has arrived already.
            let _ = channel.send(&item);
            match channel.receive() {
                Err(ReceiveError::Remote(error)) => assert!(!error.text().is_empty()),
                other => panic!("{function}: {other:?}"),
            }
        }
        group.terminate_timeout(LONG);
    });
}
