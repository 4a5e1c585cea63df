"""What the cases share. They run on every Python and execnet that is supported, so on Python 2.7 too."""
import sys
import time

import execnet

PY2 = sys.version_info[0] == 2
RELEASE = tuple(int(part) for part in execnet.__version__.split(".")[:3])
#: No wait of a case takes this long.
TIMEOUT = 10
#: The path of the worker in Rust.
WORKER = None
#: (names, function), in the order in which they are run. Names are those of execnet's own tests, see behaviours.tsv.
CASES = []

_groups = []


class Skip(Exception):
    """Its text says why."""


def shows(*names):
    """The function shows these behaviours."""
    def register(function):
        CASES.append((names, function))
        return function
    return register


def group(execmodel=None):
    """A group that is ended with its case."""
    made = execnet.Group()
    if execmodel:
        made.set_execmodel("thread", execmodel)
    _groups.append(made)
    return made


def end_groups():
    while _groups:
        _groups.pop().terminate(5)


def gateway(keys="", **options):
    """A gateway to a worker in Rust."""
    return group(**options).makegateway("popen//python=" + WORKER + keys)


def receive(channel):
    return channel.receive(TIMEOUT)


def error_of(channel):
    """The text of the error that receiving gives."""
    try:
        item = receive(channel)
    except channel.RemoteError as error:
        return error.formatted
    raise AssertionError("no error but %r" % (item,))


def ended(channel):
    """Whether the channel is at its end."""
    try:
        receive(channel)
    except EOFError:
        return True
    return False


def eventually(what, holds):
    deadline = time.time() + TIMEOUT
    while not holds():
        assert time.time() < deadline, what
        time.sleep(0.01)
