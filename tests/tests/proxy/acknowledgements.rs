//! How often a proxy acknowledges what it has passed on.

use execnet::serializer::{Bytes, Dict};
use execnet::{Value, value};

use crate::each_middle;

/// The program of a proxy.
const PROXY: &str = include_str!("../../../std-transport/src/python/proxy.py");

/// An acknowledgement goes through all gateways in front of the middle: with one for each frame, a round trip through a
/// chain would cost in proportion to the square of its length.
#[test]
fn a_proxy_acknowledges_many_small_frames_together() {
    const FRAMES: usize = 1000;
    const FRAME: usize = 1000;
    each_middle(|group| {
        let middle = group.nth(0).unwrap();
        let launch = value!({"argv": ["cat"], "env": {}, "chdir": None, "terminate": false});
        let kwargs: Dict = [(value!("launches"), value!([launch]))]
            .into_iter()
            .collect();
        let call = middle.remote_exec_function(PROXY, "execnet_proxy", &kwargs);
        let call = call.unwrap();
        let (data, control) = (middle.new_channel().unwrap(), middle.new_channel().unwrap());
        call.send((&data, &control)).unwrap();
        for _ in 0..FRAMES {
            data.send(Bytes([b'x'; FRAME])).unwrap();
        }
        data.send(()).unwrap();
        let carried = data
            .iter()
            .map(|item| item.unwrap().as_bytes().unwrap().len());
        assert_eq!(carried.sum::<usize>(), FRAMES * FRAME);

        let acknowledged: Vec<usize> = control
            .iter()
            .filter_map(|event| wrote(&event.unwrap()))
            .collect();
        assert!(acknowledged.len() < FRAMES / 100, "{}", acknowledged.len());
        // Less than a step is left, far from the window of a controller.
        let left = FRAMES * FRAME - acknowledged.iter().sum::<usize>();
        assert!(left < (1 << 20) / 2, "{left}");
    });
}

/// The bytes that the middle acknowledges by an event.
fn wrote(event: &Value) -> Option<usize> {
    let Value::Tuple(parts) = event else {
        panic!("{event}")
    };
    let size = (parts[0] == value!("wrote")).then(|| parts[1].as_i64().unwrap())?;
    Some(usize::try_from(size).unwrap())
}
