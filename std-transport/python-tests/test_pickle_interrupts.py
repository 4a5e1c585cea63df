"""Interrupts of what reads and writes pickles, at each of its steps, in a worker on each interpreter that has them."""
import pytest
from interpreters import VERSIONS, Worker, find

PICKLING = [version for version in VERSIONS if version not in ("2.7", "3.6", "3.7", "PyPy") and find(version)]

# What the programs share. A step is what an interpreter does between two looks for an interrupt: an instruction before
# Python 3.10, and from then on what is between two calls or turns of a loop.
STEPS = """
import _thread
import dis
import sys

names = channel.send.__func__.__globals__
MAIN = _thread.get_ident()
BY_CALLS = sys.version_info >= (3, 10)
LOOKS = {code for code, name in enumerate(dis.opname) if name.startswith(('CALL', 'RESUME', 'JUMP_BACK', 'JUMP_ABS'))}
UNSEEN = {dis.opmap.get('SETUP_FINALLY'), dis.opmap.get('SETUP_WITH')}

def functions():
    for value in names.values():
        yield value
        if type(value) is type:
            for member in vars(value).values():
                yield member

CODES = [value.__code__ for value in functions()
         if hasattr(value, '__code__') and value.__code__.co_filename == '<execnet worker>']
# Before Python 3.12 the worker is traced; from then on it is monitored.
TOOL = 3
monitoring = getattr(sys, 'monitoring', None)
if monitoring:
    monitoring.use_tool_id(TOOL, 'interrupt')
    for code in CODES:
        monitoring.set_local_events(TOOL, code, monitoring.events.INSTRUCTION)

class Interrupt:
    def __init__(self, step):
        self.left = step
        self.place = None
        self.last = {}

    def __enter__(self):
        if monitoring:
            monitoring.register_callback(TOOL, monitoring.events.INSTRUCTION, self.monitor)
        else:
            sys.settrace(self.trace)

    def __exit__(self, *_):
        if monitoring:
            monitoring.register_callback(TOOL, monitoring.events.INSTRUCTION, None)
        else:
            sys.settrace(None)

    def monitor(self, code, offset):
        if _thread.get_ident() == MAIN:
            self.before(sys._getframe(1), code.co_code[offset])

    def trace(self, frame, event, arg):
        if frame.f_code.co_filename == '<execnet worker>':
            frame.f_trace_opcodes = True
            if event == 'opcode':
                self.before(frame, frame.f_code.co_code[frame.f_lasti])
            return self.trace

    def before(self, frame, opcode):
        last, self.last[frame] = self.last.get(frame), opcode
        if last is None or (last in LOOKS if BY_CALLS else opcode not in UNSEEN):
            self.left -= 1
            if self.left == 0:
                self.place = frame.f_code.co_name
                raise KeyboardInterrupt

channel.isclosed()      # Has the lazy part compiled.

import _pickle

def forget():
    # The module is imported anew, but in one step: a whole import takes long.
    names['pickler'] = names['unpickle'] = None
    names['idle_picklers'].clear()
    sys.modules.pop('_pickle', None)
    names['__import__'] = lambda name: sys.modules.__setitem__(name, _pickle)

def requests():
    # Imports of the main thread that would go on without the working directory.
    return len(names['StandardImports'].requests)
"""

END = """
names['__import__'] = __import__
sys.modules['_pickle'] = _pickle
if monitoring:
    for code in CODES:
        monitoring.set_local_events(TOOL, code, 0)
    monitoring.free_tool_id(TOOL)
"""

# Sends an item again and again, each time interrupted one step later, until a send is over before its interrupt.
SENDING = STEPS + """
item, begin_anew = channel.receive()
step, place = 0, 'first'
while place is not None:
    step += 1
    if begin_anew:
        forget()
    interrupt = Interrupt(step)
    try:
        with interrupt:
            # As a text: bytes of an int may look like half a surrogate pair, which takes more steps.
            channel.send([str(step), item])
    except KeyboardInterrupt:
        pass
    place = interrupt.place
    channel.send((step, place, requests()))
""" + END

# Asks for an item, is interrupted while it receives it, then asks for all that is left.
RECEIVING = STEPS + """
# The main thread may read the link by itself from the first turn on, and for as long as a test takes.
channel.gateway.PING_PONG_READS = 0
names['HANDBACK_DELAY'] = 60
names['alone'] = lambda: True
begin_anew, = channel.receive()
step, place = 0, 'first'
while place is not None:
    step += 1
    while not channel.gateway._read_leased:
        channel.send(('nothing', step))
        channel.receive()
    channel.send(('item', step))
    found = []
    if begin_anew:
        forget()
    interrupt = Interrupt(step)
    try:
        with interrupt:
            found.append(channel.receive())
    except KeyboardInterrupt:
        pass
    place = interrupt.place
    channel.send(('rest', step))
    while True:
        item = channel.receive()
        if item is None:
            break
        found.append(item)
    channel.send(('found', found, place, requests()))
""" + END

ITEMS = {
    "numbers": [1, -1.5, True, None, 2**64],
    "texts": {"text": ["\u20ac", b"\xed\xa0"], "\U0001f600": (1, 2, {3})},
    # Bytes that look like a text with half a surrogate pair: the pickle is read back and judged by its parts.
    "checked_by_parts": [b"\x8c\xff\xed\xa0", ["text", {1: 2}]],
    "left_to_opcodes": [1j, "text"] * 4,
}


@pytest.fixture(scope="module", params=PICKLING)
def pickling_worker(request):
    worker = Worker(find(request.param), pickles=True)
    yield worker
    worker.stop()


def is_suffix(steps, last):
    """Whether the steps are the last ones, up to this one."""
    return steps == list(range(last - len(steps) + 1, last + 1))


@pytest.mark.parametrize("name, begin_anew", [(name, False) for name in ITEMS] + [("numbers", True)])
def test_an_interrupted_send_sends_nothing_or_all(pickling_worker, name, begin_anew):
    channel = pickling_worker.run(SENDING)
    channel.send([ITEMS[name], begin_anew])
    sent, places, place, last = [], set(), "first", 0
    while place is not None:
        received = channel.receive()
        if isinstance(received, list):
            # Nothing comes twice, and what comes is whole.
            assert received == [str(last + 1), ITEMS[name]]
            sent.append(last + 1)
            received = channel.receive()
        step, place, requests = received
        assert (step, requests) == (last + 1, 0), place
        last = step
        places.add(place)
    with pytest.raises(EOFError):
        channel.receive()
    # What is interrupted before its write is not sent, and all else is.
    assert is_suffix(sent, last) and 1 <= len(sent) < last
    assert {"pickle", "pickle_plain", "is_surely_plain", "_put"} - places == (
        {"is_surely_plain"} if name == "left_to_opcodes" else set())
    assert ("is_plain" in places) == (name == "checked_by_parts")
    assert ("start_pickling" in places) == ("import_standard" in places) == begin_anew


@pytest.mark.parametrize("begin_anew, as_bytes", [(False, False), (True, True)])
def test_an_interrupted_receive_loses_no_other_item(pickling_worker, begin_anew, as_bytes):
    codec = pickling_worker.codec
    channel = pickling_worker.run(RECEIVING)
    if as_bytes:
        pickling_worker.send(codec.RECONFIGURE, channel.number, (False, True))
    channel.send([begin_anew])
    text = b"text" if as_bytes else "text"
    lost, places, step = [], set(), 0
    while True:
        try:
            kind, *rest = channel.receive()
        except EOFError:
            break
        if kind == "item":
            step, = rest
            channel.send([step, "text", {"text": 1}])
        elif kind in ("nothing", "rest"):
            channel.send(None)
        else:
            found, place, requests = rest
            assert found in ([], [[step, text, {text: 1}]]) and requests == 0, place
            places.add(place)
            lost += [] if found else [step]
    # An item is lost only if its receiver has taken it from the link already.
    assert is_suffix(lost, step - 1)
    assert {"load_pickle", "_read_item", "load"} <= places
    assert ("texts_as_bytes" in places) == as_bytes
    assert ("start_pickling" in places) == begin_anew
