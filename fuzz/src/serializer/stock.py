"""Loads what comes on standard input with stock execnet, and answers what it makes of it.

A request is the length of the input (4 bytes), two switches (1 byte each) and the input; an answer is 1 for a value
or 0 for an exception, the length of a text (4 bytes) and the text: the value in ASCII, or the exception. The first byte
of all says that execnet is there.
"""

import io
import os
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
    # Not its repr: what that escapes goes by the version of Unicode that this Python knows.
    return ascii(Unserializer(io.BytesIO(source), Gateway(switches)).load())


def main():
    answers.write(b"!")
    answers.flush()
    while True:
        head = requests.read(6)
        if len(head) < 6:
            return
        length, first, second = struct.unpack("!IBB", head)
        source = requests.read(length)
        alarm(60)  # Which ends this process.
        try:
            taken, text = 1, load(source, (bool(first), bool(second)))
        except Exception as error:
            taken, text = 0, ascii(error)
        alarm(0)
        text = text.encode("ascii")
        answers.write(struct.pack("!BI", taken, len(text)) + text)
        answers.flush()


main()
