"""Loads what comes on standard input with stock execnet, and with Python's loader of pickles, and answers what they make of it.

A request is what to do (1 byte), two lengths (4 bytes each) and as many bytes; an answer is 1 or 0 (1 byte), the length of
a text (4 bytes) and the text, in ASCII. The first byte of all says that execnet is there. To do:

0 to 3  load the first bytes, with the two switches for text in the lowest bits: 1 and the value, or 0 and the exception
4       load the first bytes as a pickle: 1 and its type, its length and whether it is a tuple that begins with a
        sentinel, or 0 and the exception
5       load the first bytes as a pickle, and the second ones as opcodes: 1 if both are the same value or none, or 0 and
        what they are
"""

import io
import os
import pickle
import signal
import struct
import sys

import execnet
from execnet.gateway_base import Unserializer

# A list is announced with as many slots as the input likes, and Python fills them all before it looks further.
try:
    import resource

    with open("/proc/self/statm") as sizes:
        room = int(sizes.read().split()[0]) * resource.getpagesize() + (32 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
except (ImportError, OSError):
    pass
# Nesting and digits have limits of Python's that are none of the format's.
sys.setrecursionlimit(100000)
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)
if not execnet.__version__.startswith("2.1."):
    sys.exit("execnet %s is not the one to compare with" % execnet.__version__)

requests = os.fdopen(os.dup(0), "rb")
answers = os.fdopen(os.dup(1), "wb")
alarm = getattr(signal, "alarm", lambda seconds: None)


class Channel:
    def __init__(self, number):
        self.number = number

    def __repr__(self):
        return "Channel(%d)" % self.number


class Gateway:
    """What an unserializer asks of a gateway: channels, one object each."""

    def __init__(self, switches):
        self._strconfig = switches
        self._channelfactory = self
        self.channels = {}

    def new(self, number):
        return self.channels.setdefault(number, Channel(number))


def load(source, switches):
    return Unserializer(io.BytesIO(source), Gateway(switches)).load()


# As the worker loads them. From a file Python loses bytes where an operation begins in one FRAME and ends behind it. No
# request has operations that import or call anything: those are refused before Python is asked.
unpickle = pickle.loads


# Numbers of values: equal ones are the same value, of the same types, with the same bits and in the same order.
numbers = {}


def number(value):
    """The number of a value, part by part from the innermost on: it may be nested deeper than functions can be."""
    containers = [[value]]
    for container in containers:
        inner = container
        if type(container) is dict:
            inner = [part for pair in container.items() for part in pair]
        containers.extend(part for part in inner if type(part) in (list, tuple, dict, set, frozenset))
    known = {}

    def number_of(part):
        if id(part) in known:
            return known[id(part)]
        if type(part) is float:
            part = ("float", struct.pack(">d", part))
        elif type(part) is complex:
            part = ("complex", struct.pack(">dd", part.real, part.imag))
        else:
            part = (type(part).__name__, part)
        return numbers.setdefault(part, len(numbers))

    for container in reversed(containers):
        kind = type(container)
        if kind is dict:
            parts = [number_of(part) for pair in container.items() for part in pair]
        else:
            parts = [number_of(part) for part in container]
        if kind in (set, frozenset):
            parts.sort()
        known[id(container)] = numbers.setdefault((kind, tuple(parts)), len(numbers))
    return known[id(containers[0])]


def attempt(function, *arguments):
    """The number of a value and its type; or None and the error."""
    try:
        value = function(*arguments)
        return number(value), "a value of type %s" % type(value).__name__
    except MemoryError:
        raise
    except Exception as error:
        return None, repr(error)


def compare(source, opcodes):
    numbers.clear()
    try:
        first, second = attempt(unpickle, source), attempt(load, opcodes, (True, False))
    except MemoryError:
        # Which of the two needs more memory says nothing.
        return 1, "too large to be compared"
    return first[0] == second[0], "as a pickle %s; as opcodes %s" % (first[1], second[1])


def describe(source):
    value = unpickle(source)
    sentinel = " with a sentinel" if type(value) is tuple and value[:1] == (b"sentinel",) else ""
    return "%s %d%s" % (type(value).__name__, len(value) if hasattr(value, "__len__") else 0, sentinel)


def handle(what, first, second):
    if what == 5:
        return compare(first, second)
    try:
        # Not the repr of a value: what that escapes goes by the version of Unicode that this Python knows.
        return 1, describe(first) if what == 4 else ascii(load(first, (bool(what & 2), bool(what & 1))))
    except Exception as error:
        return 0, repr(error)


def main():
    answers.write(b"!")
    answers.flush()
    while True:
        head = requests.read(9)
        if len(head) < 9:
            return
        what, *lengths = struct.unpack("!BII", head)
        parts = [requests.read(length) for length in lengths]
        alarm(60)  # Which ends this process.
        taken, text = handle(what, *parts)
        alarm(0)
        text = text.encode("ascii", "backslashreplace")
        answers.write(struct.pack("!BI", taken, len(text)) + text)
        answers.flush()


main()
