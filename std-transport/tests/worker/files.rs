//! Channels as files.

use execnet::Value;
use execnet_test_support::{LONG, each_python, receive};

use crate::{failure, run};

#[test]
fn files_over_channels_write_and_read() {
    each_python(|_, gateway| {
        let writing = run(
            gateway,
            "f = channel.makefile()\nf.write('a\\n')\nf.writelines(['b', 'c'])\nf.close()",
        );
        for expected in ["a\n", "b", "c"] {
            assert_eq!(receive(&writing), Value::from(expected));
        }
        writing.wait_close_timeout(LONG).unwrap();
        let reading = run(
            gateway,
            "
            f = channel.receive().makefile('r')
            channel.send([f.read(2), f.readline(), f.readline(), f.readline(), f.read(3)])
            ",
        );
        let text = gateway.new_channel().unwrap();
        reading.send(&text).unwrap();
        text.send("xyab\nc").unwrap();
        text.send("de\nlast").unwrap();
        text.close();
        let expected = ["xy", "ab\n", "cde\n", "last", ""].map(Value::from);
        assert_eq!(receive(&reading), Value::List(expected.to_vec()));
        assert!(failure(&run(gateway, "channel.makefile('rw')")).contains("ValueError"));
    });
}

#[test]
fn a_file_gives_what_its_items_hold_however_it_is_read() {
    each_python(|_, gateway| {
        let source = "
            import io, random
            inner, seed = channel.receive()
            items = [u'ab\\n', u'', u'c', u'd', u'\\n\\n', u'efgh', u'\\ni', u'j'] * 5
            there, here = inner.makefile('r'), io.StringIO(u''.join(items), newline='\\n')
            choose = random.Random(seed)
            while True:
                size = choose.choice([0, 1, 2, 3, 7, None])
                found = [there.readline(), here.readline()] if size is None else [there.read(size), here.read(size)]
                if found[0] != found[1]:
                    channel.send((size, found))
                    break
                if not found[0] and size != 0:
                    break
            channel.send(repr(there.read()))
        ";
        let parts = ["ab\n", "", "c", "d", "\n\n", "efgh", "\ni", "j"];
        for seed in 0..10 {
            let (channel, inner) = (run(gateway, source), gateway.new_channel().unwrap());
            channel.send((&inner, seed)).unwrap();
            for part in parts.iter().cycle().take(5 * parts.len()) {
                inner.send(*part).unwrap();
            }
            inner.close();
            let end = receive(&channel);
            assert!(
                ["''", "u''"].contains(&end.as_str().unwrap_or_default()),
                "{end:?}"
            );
        }
    });
}

/// The same number of reads, from one large item and from a small one.
#[test]
fn small_reads_of_a_large_item_cost_as_much_as_those_of_a_small_one() {
    each_python(|python, gateway| {
        let source = "
            import time
            def seconds(inner):
                file = inner.makefile('r')
                file.read(1)
                before = time.time()
                for _ in range(500):
                    file.read(10)
                    file.readline()
                return time.time() - before
            channel.send([seconds(inner) for inner in channel.receive()])
        ";
        let channel = run(gateway, source);
        let inner = [
            gateway.new_channel().unwrap(),
            gateway.new_channel().unwrap(),
        ];
        channel.send([&inner[0], &inner[1]]).unwrap();
        let text = "0123456789abcdefgh\n".repeat(1000);
        inner[0].send(text.repeat(500)).unwrap();
        inner[1].send(text).unwrap();
        let times = receive(&channel);
        let [large, small] = [0, 1].map(|at| times.as_slice().unwrap()[at].as_f64().unwrap());
        assert!(
            large < 20.0 * small,
            "Python {}: {large} and {small} seconds",
            python.version
        );
    });
}
