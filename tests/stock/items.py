"""Values: what arrives is what was sent."""
import execnet

from support import PY2, Skip, gateway, receive, shows

BIG = 9223372036854775807324234


def echoed(value):
    channel = gateway().remote_exec("echo")
    channel.send(value)
    return receive(channel)


def same(*values):
    channel = gateway().remote_exec("echo")
    for value in values:
        channel.send(value)
        item = receive(channel)
        assert item == value and type(item) is type(value), (value, item)
        assert repr(item) == repr(value) or isinstance(value, (set, frozenset, dict)), item


@shows("test_compatibility_regressions::test_opcodes")
def opcodes():
    # One after the other, the opcodes that this Python writes, as the worker writes them.
    values = [None, True, False, 5, 2 ** 31, 3.25, 1.78 + 3.25j, [1], (), {1: 2}, u"text"]
    if not PY2:
        values += [b"bytes", {1}, frozenset([2])]
    channel = gateway().remote_exec("dumps")
    for value in values:
        channel.send(value)
        dumped = receive(channel)
        assert execnet.loads(execnet.dumps(1)[:1] + dumped) == value
        if not PY2:
            assert dumped == execnet.dumps(value)[1:], (value, dumped)


@shows("test_basics::test_serializer_api")
def stored():
    if PY2:
        raise Skip("what Python 2 sends for bytes is read as text")
    channel = gateway().remote_exec("load")
    for value in "123", 42, [1, 2, 3], ["23", 25]:
        channel.send(execnet.dumps(value))
        text = receive(channel)
        assert text == repr(value), text


@shows("test_serializer::test_simple")
def simple():
    same(4, 3.25, 1.78 + 3.25j, [1, 2, 3], (1, 2, 3), {(1, 2, 3): 32})


@shows("test_serializer::test_set")
def sets():
    same({1, 2, 3}, set())


@shows("test_serializer::test_frozenset")
def frozensets():
    same(frozenset([1, 2, 3]), frozenset())


@shows("test_serializer::test_long")
def longs():
    same(BIG)


@shows("test_serializer::test_bytes")
def bytestrings():
    # To a worker they are text when they come from Python 2, as to a Python 3.
    assert echoed(b"hi") == (u"hi" if PY2 else b"hi")


@shows("test_serializer::test_str")
def native_strings():
    item = echoed("xyz")
    assert item == "xyz" and type(item) is type(u""), item


@shows("test_serializer::test_unicode")
def texts():
    same(u"hi", u"\u1f40d \x00")


@shows("test_serializer::test_bool", "test_serializer::test_none")
def constants():
    same(True, False, None)


@shows("test_serializer::test_tuple_nested_with_empty_in_between")
def empty_in_between():
    same((1, (), 3))


if PY2:
    @shows("1.9.0 test_serializer::test_set / test_frozenset / test_long / test_bool")
    def values_of_python_2():
        assert echoed({1, 2}) == {1, 2}
        assert echoed(frozenset()) == frozenset()
        assert echoed(BIG) == BIG
        assert echoed(True) is True

    @shows("1.9.0 test_serializer::test_small_long")
    def small_long():
        assert echoed(long(123)) == 123  # noqa: F821

    @shows("1.9.0 test_serializer::test_bytes", "1.9.0 test_serializer::test_str",
           "1.9.0 test_serializer::test_unicode")
    def strings_of_python_2():
        assert type(echoed("xyz")) is unicode  # noqa: F821
        assert echoed(u"hi") == u"hi"

    @shows("1.9.0 test_channel::test_2to3")
    def coerced_from_2():
        gw = gateway()
        channel = gw.remote_exec("echo")
        channel.reconfigure(py3str_as_py2str=True)
        channel.send("text")
        assert type(receive(channel)) is str
        gw.reconfigure(py3str_as_py2str=True)
        channel = gw.remote_exec("echo")
        channel.send("text")
        assert type(receive(channel)) is str
else:
    @shows("1.9.0 test_channel::test_3to2")
    def coerced_from_3():
        # A worker that reads texts as Python 2 does.
        gw = gateway()
        channel = gw.remote_exec("echo")
        channel.reconfigure(py2str_as_py3str=False, py3str_as_py2str=True)
        channel.send("text")
        assert receive(channel) == b"text"
        gw.reconfigure(py2str_as_py3str=False, py3str_as_py2str=True)
        channel = gw.remote_exec("dumps")
        channel.send("text")
        assert receive(channel) == b"A\0\0\0\4textQ"
        # One that has this side do so.
        channel = gateway().remote_exec("as_bytes")
        assert receive(channel) in ("ready", b"ready")
        channel.send(["text"])
        assert receive(channel) == [b"text"]
