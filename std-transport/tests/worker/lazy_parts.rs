//! Parts of the worker that are compiled on first use.

use execnet::Value;
use execnet_test_support::{each_python, receive};

use crate::run;

#[test]
fn a_method_that_another_thread_has_just_compiled_is_found() {
    each_python(|_, gateway| {
        // The situation of such a thread: its lookup has failed, and the lazy part has been compiled since.
        let source = "
            channel.isclosed()
            for thing, name in (channel, 'isclosed'), (channel.gateway, 'newchannel'):
                type(thing).__getattr__(thing, name)()
            try:
                channel.nothing
            except AttributeError as error:
                channel.send(str(error))
        ";
        let channel = run(gateway, source);
        assert_eq!(
            receive(&channel),
            Value::from("'Channel' object has no attribute 'nothing'")
        );
    });
}

#[test]
fn a_frame_that_came_while_another_was_refused_is_sent() {
    each_python(|_, gateway| {
        // The other frame is of a channel that turns out to be closed.
        let source = "
            gateway = channel.gateway
            frame = type(gateway)._write.__globals__['frame']
            class Closed(object):
                @property
                def _closed(self):
                    gateway._write_deferred(frame(4, channel.id, 42))
                    return True
            try:
                gateway._write(b'', Closed())
            except IOError:
                pass
            channel.receive()
        ";
        let channel = run(gateway, source);
        assert_eq!(receive(&channel), Value::from(42));
    });
}

#[test]
fn the_worker_imports_nothing_large_beside_the_code() {
    // On Python 3.13, code that imported names from collections.abc failed while the worker was importing it.
    each_python(|_, gateway| {
        let source = "
            import sys
            before = set(sys.modules)
            channel.send(None)
            channel.receive()
            channel.isclosed()
            channel.send([name for name in ('linecache', 'traceback')
                          if name in sys.modules and name not in before])
        ";
        let channel = run(gateway, source);
        receive(&channel);
        channel.send(gateway.new_channel().unwrap()).unwrap();
        assert_eq!(receive(&channel), Value::List(Vec::new()));
    });
}
