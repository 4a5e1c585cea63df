"""Sends random values, each as it is or as the reason of its refusal; receives seed and count."""
import array
import collections
import copyreg
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import random
import struct
import types
import uuid

try:
    import numpy
except ImportError:
    numpy = None

Point = collections.namedtuple('Point', 'x y')
SUBCLASSES = {kind: type(kind.__name__.title(), (kind,), {})
              for kind in (int, float, complex, str, bytes, list, tuple, dict, set, frozenset)}


class Color(enum.IntEnum):
    RED = 1


class Flag(enum.IntFlag):
    ON = 1


class Name(str, enum.Enum):
    X = 'x'


class Meta(type):
    pass


class Made(metaclass=Meta):
    def method(self):
        pass


class Reducing(object):
    def __reduce__(self):
        return (list, ())


class Disguised(object):
    __class__ = list


class Registered(object):
    pass


copyreg.pickle(Registered, lambda value: (list, ()))


def function():
    yield


def nested(value, depth):
    """A value with this many containers around it."""
    for _ in range(depth):
        kind = rng.choice((list, tuple, dict))
        value = {'k': value} if kind is dict else kind([value])
    return value


def cycle(levels):
    """A list that holds itself that deep."""
    first = inner = []
    for _ in range(levels):
        outer = [[inner], (inner,), {'k': inner}][rng.randrange(3)]
        inner = outer
    first.append(inner)
    return first


def float_of(bits):
    """A float of all its bits."""
    return struct.unpack('>d', struct.pack('>Q', bits))[0]


PLAIN = [
    lambda: None,
    lambda: rng.random() < .5,
    lambda: rng.randrange(-300, 300),
    lambda: rng.randrange(-2**40, 2**40),
    lambda: rng.choice((1, -1)) * (2**rng.randrange(2038) + rng.randrange(-1, 2)),
    lambda: rng.choice((0.0, -0.0, 1e300, math.inf, -math.inf, rng.random(), 5e-324)),
    # Of either sign, quiet and signalling, with any payload.
    lambda: float_of(rng.choice((0x7ff0, 0xfff0, 0x7ff8, 0xfff8)) * 2**48 + 1 + rng.randrange(1 << 40)),
    lambda: ''.join(rng.choice('ab\0\xe9\u20ac\ud7ff\ue000\U0001f600') for _ in range(rng.randrange(6))),
    lambda: 'x' * rng.randrange(600),
    lambda: bytes(rng.randrange(256) for _ in range(rng.randrange(6))),
    lambda: b'\xed\xa0\x80\x8b\0\1\0\0' * rng.randrange(200),
    lambda: [True, 1, 1.0, False, 0, 0.0, -0.0],
    lambda: {True: 1}, lambda: {1: True}, lambda: {0.0: False, 1: 0}, lambda: {-0.0},
    lambda: [[[]]] * 3,
    lambda: rng.choice((1, -1)) * 2**2038,
]
# What opcodes alone say.
LEFT_TO_OPCODES = [
    lambda: complex(rng.choice((0.0, -0.0, 1.5)), rng.choice((-0.0, math.inf))),
    lambda: rng.choice((1, -1)) * (2**rng.choice((2039, 2040, 3000, 20000)) + rng.randrange(-1, 2)),
]
ODD = [
    lambda: '\ud800', lambda: 'x' * 300 + '\udfff', lambda: '\ud83d\ude00', lambda: {'\udc00': 1}, lambda: {'\ud800'},
    lambda: bytearray(b'x'), lambda: bytearray(), lambda: memoryview(b'x'), lambda: array.array('d', [1]),
    lambda: Color.RED, lambda: Flag.ON, lambda: Name.X, lambda: Point(1, 2), lambda: Reducing(), lambda: Disguised(),
    lambda: Registered(), lambda: Made(), lambda: Made, lambda: Made().method, lambda: Meta, lambda: int, lambda: type,
    lambda: type(None), lambda: type(...), lambda: ..., lambda: NotImplemented, lambda: function, lambda: function(),
    lambda: lambda: 1, lambda: len, lambda: [].append, lambda: str.join, lambda: math, lambda: object(),
    lambda: compile('1', 'f', 'eval'), lambda: range(3), lambda: slice(1), lambda: iter([]), lambda: ValueError(1),
    lambda: collections.OrderedDict(a=1), lambda: collections.defaultdict(list), lambda: collections.deque(),
    lambda: collections.Counter(), lambda: {1: 2}.keys(), lambda: {1: 2}.items(), lambda: types.MappingProxyType({}),
    lambda: decimal.Decimal(1), lambda: fractions.Fraction(1), lambda: datetime.datetime(2000, 1, 1),
    lambda: pathlib.PurePosixPath('x'), lambda: uuid.UUID(int=1), lambda: channel.send, lambda: channel.gateway,
    lambda: cycle(0), lambda: cycle(1), lambda: cycle(100), lambda: {1: {2: [(3, int)]}}, lambda: {Color.RED: 1},
]
ODD.extend(lambda kind=kind: SUBCLASSES[kind]() for kind in SUBCLASSES)
ODD.extend(lambda kind=kind: {SUBCLASSES[kind](): 1} for kind in SUBCLASSES if kind.__hash__)
ODD.extend([] if numpy is None else [
    lambda: numpy.float64(1), lambda: numpy.float32(1), lambda: numpy.int64(1), lambda: numpy.uint8(1),
    lambda: numpy.bool_(True), lambda: numpy.complex128(1), lambda: numpy.str_('x'), lambda: numpy.bytes_(b'x'),
    lambda: numpy.datetime64('2000-01-01'), lambda: numpy.array(1.5), lambda: numpy.arange(3),
    lambda: numpy.zeros((2, 2)), lambda: numpy.array(['x'], object), lambda: numpy.zeros(1, 'i4,f8')[0],
    lambda: numpy.dtype('i4'), lambda: numpy.sum, lambda: {numpy.int64(1): 1}, lambda: {numpy.float64(1)}])
# What has a hash that does not depend on where it is in memory, as those of None and NaN do: sets get one order.
HASHABLE = PLAIN[1:6] + PLAIN[7:11]


def leaf():
    kinds = ODD if rng.random() < odd else LEFT_TO_OPCODES if rng.random() < left else PLAIN
    return rng.choice(kinds)()


def hashable(depth):
    kind = rng.randrange(6) if depth else 0
    if kind == 1:
        return tuple(hashable(depth - 1) for _ in range(rng.randrange(5)))
    if kind == 2:
        return frozenset(hashable(depth - 1) for _ in range(rng.randrange(5)))
    return rng.choice(HASHABLE)()


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
    odd, left = rng.choice((0, 0, 0.01, 0.2)), rng.choice((0, 0, 0.01))
    value = rng.choice((list, tuple))(build(3) for _ in range(rng.randrange(1, 9)))
    if rng.random() < .1:
        value = nested(value, rng.choice((10, 45, 50, 55, 200, 400)))
    try:
        channel.send(value)
    except Exception as error:
        channel.send(u'%s: %s' % (type(error).__name__, error))
