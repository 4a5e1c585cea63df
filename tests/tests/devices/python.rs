//! Stock execnet, through the adapter for serial lines.

use std::process::{Command, Stdio};

use execnet_test_support::{RELEASES, root};

use crate::with_board;

const PROGRAM: &str = r#"
import sys
import execnet

line, adapter = sys.argv[1:]
for attempt in range(2):
    group = execnet.Group()
    gateway = group.makegateway("popen//python=%s %s %s" % (sys.executable, adapter, line))

    def call(function, *items):
        channel = gateway.remote_exec(function)
        for item in items:
            channel.send(item)
        return channel

    assert call("blink", 5).receive(30) == 5 * (attempt + 1)
    assert call("sum", [1, 2, 3]).receive(30) == 6
    echo = call("echo")
    for item in [None, True, -1, 10 ** 30, 1.5, "\u06c0", [1, (2, {"a": [3]})], set([1]), bytes(bytearray(range(256)))]:
        echo.send(item)
        assert echo.receive(30) == item, item
    echo.close()
    readings = list(call("sensor", 2, 5))
    assert [number for number, time in readings] == [0, 1, 2, 3, 4], readings
    assert call("stats").receive(30)["frames"] > 10
    try:
        call("unknown").receive(30)
    except execnet.RemoteError as error:
        assert "registered: 'blink', 'echo', 'sensor', 'stats', 'sum'" in str(error), error
    else:
        raise AssertionError("no error")
    group.terminate(10)
print("all answered")
"#;

#[test]
fn stock_execnet_calls_every_function_through_the_adapter() {
    let Some(python) = RELEASES[0].python() else {
        return;
    };
    with_board("stock execnet", "worker", move |board| {
        let output = Command::new(&python)
            .args(["-c", PROGRAM, &board.path()])
            .arg(root().join("firmware/execnet_serial.py"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.stdout.starts_with(b"all answered"), "{errors}");
    });
}
