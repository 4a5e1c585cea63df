"""Sends random values, each as it is or as the reason of its refusal; receives seed and count."""
import collections
import enum
import math
import random
import struct

try:
    import numpy
except ImportError:
    numpy = None

Point = collections.namedtuple('Point', 'x y')


class Color(enum.IntEnum):
    RED = 1


class Text(str):
    pass


class Dict(dict):
    pass


class Reducing(object):
    def __reduce__(self):
        return (list, ())


cycle = []
cycle.append(cycle)

PLAIN = [
    lambda: None,
    lambda: rng.random() < .5,
    lambda: rng.randrange(-300, 300),
    lambda: rng.randrange(-2**40, 2**40),
    lambda: rng.choice((1, -1)) * (2**rng.randrange(0, 3000) + rng.randrange(-1, 2)),
    lambda: rng.choice((0.0, -0.0, 1e300, math.inf, -math.inf, rng.random())),
    lambda: struct.unpack('>d', struct.pack('>Q', 0x7ff8000000000000 + rng.randrange(1 << 40)))[0],
    lambda: ''.join(rng.choice('ab\0\xe9\u20ac\ud7ff\ue000\U0001f600') for _ in range(rng.randrange(6))),
    lambda: 'x' * rng.randrange(600),
    lambda: bytes(rng.randrange(256) for _ in range(rng.randrange(6))),
    lambda: b'\xed\xa0\x80\x8b\0\1\0\0' * rng.randrange(200),
    lambda: complex(rng.random(), 1),
]
ODD = [
    lambda: '\ud800', lambda: 'x' * 300 + '\udfff', lambda: bytearray(b'x'), lambda: memoryview(b'x'),
    lambda: Color.RED, lambda: Point(1, 2), lambda: Text('x'), lambda: Dict(), lambda: Reducing(), lambda: ...,
    lambda: len, lambda: int, lambda: object(), lambda: compile('1', 'f', 'eval'), lambda: range(3), lambda: cycle,
    lambda: NotImplemented, lambda: collections.OrderedDict(a=1), lambda: {1: 2}.keys(), lambda: channel.send,
]
ODD.extend([] if numpy is None else [
    lambda: numpy.float64(1), lambda: numpy.int64(1), lambda: numpy.arange(3), lambda: numpy.bool_(True)])


def leaf():
    return rng.choice(ODD if rng.random() < odd else PLAIN)()


def hashable(depth):
    kind = rng.randrange(6) if depth else 0
    if kind == 1:
        return tuple(hashable(depth - 1) for _ in range(rng.randrange(5)))
    if kind == 2:
        return frozenset(hashable(depth - 1) for _ in range(rng.randrange(5)))
    # Neither None nor NaN: their hashes, and so the order of sets, depend on where they are in memory.
    return rng.choice(PLAIN[1:6] + PLAIN[7:])()


def build(depth):
    kind, count = rng.randrange(8) if depth else 0, rng.choice((0, 1, 2, 3, 4, 9, 40))
    if kind in (1, 2):
        return [build(depth - 1) for _ in range(count)]
    if kind == 3:
        return tuple(build(depth - 1) for _ in range(count % 10))
    if kind in (4, 5):
        return {hashable(2): build(depth - 1) for _ in range(count)}
    if kind == 6:
        return rng.choice((set, frozenset))(hashable(1) for _ in range(count))
    if kind == 7 and rng.random() < .1:
        return [rng.choice((None, 1, 0.5, 'k'))] * rng.choice((999, 1000, 1001, 2001))
    return leaf()


seed, count = channel.receive()
for number in range(count):
    rng = random.Random(seed + number)
    odd = rng.choice((0, 0, 0.01, 0.2))
    value = rng.choice((list, tuple))(build(3) for _ in range(rng.randrange(1, 9)))
    try:
        channel.send(value)
    except Exception as error:
        channel.send(u'%s: %s' % (type(error).__name__, error))
