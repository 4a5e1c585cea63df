"""The program that calls functions, on each interpreter."""
import pytest
from interpreters import RemoteError
from programs import text

CALL = text("call")


@pytest.fixture
def calls(live_worker):
    """Starts the program, which calls what it gets until it is closed."""
    channels = []

    def start(once=False):
        channels.append(live_worker.start(CALL + "\nexecnet_call(channel, %r)" % (once,)))
        return channels[-1]
    yield start
    for channel in channels:
        channel.close()


@pytest.mark.parametrize("function, args, kwargs, result", [
    ("operator:add", (1, 2), None, 3),
    ("os.path:basename", ["a/b"], None, "b"),
    ("collections:OrderedDict.fromkeys", None, None, RemoteError),
    ("int", ["ff"], {"base": 16}, 255),
    ("lambda:0", None, None, 0),
    ("lambda *names, **values: (len(names), len(values))", None, {}, (0, 0)),
    ("def first(): pass\ndef f(x):\n    return x * 2\n", (4,), None, 8),
    ("\n    import math\n\n    def f(x):\n        return math.floor(x)\n", (4.5,), None, 4),
    ("    x = 3\n    f = lambda: x\n    f", None, None, 3),
    ("x = 1", None, None, RemoteError),
    ("", None, None, RemoteError),
])
def test_a_function_is_named_or_the_last_statement_of_a_source(calls, function, args, kwargs, result):
    channel = calls()
    channel.send((function, args, kwargs))
    if result is RemoteError:
        with pytest.raises(RemoteError):
            channel.receive()
    else:
        assert channel.receive() in (result, str(result).encode())


def test_calls_share_a_channel_until_one_fails(calls):
    channel = calls()
    source = "state = []\ndef add(x):\n    state.append(x)\n    return 6 // state[-1]\n"
    for number in 1, 2, 3:
        channel.send((source, (number,), None))
        assert channel.receive() == 6 // number
    channel.send((source, (0,), None))
    with pytest.raises(RemoteError, match="(?s)return 6 // state.*ZeroDivisionError"):
        channel.receive()


def test_one_call_ends_the_program_on_request(calls):
    channel = calls(once=True)
    channel.send(("int", ("7",), None))
    assert channel.receive() == 7
    with pytest.raises(EOFError):
        channel.receive()
