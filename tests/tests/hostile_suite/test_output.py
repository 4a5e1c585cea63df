"""Tests that write past Python's own streams, and that close what they would write to."""
import os
import resource
import sys
import warnings

import pytest


@pytest.mark.parametrize("fd", [1, 2])
@pytest.mark.parametrize("good", [True, False])
def test_descriptor(fd, good):
    os.write(fd, b"written to %d, without the end of a line" % fd)
    assert good


@pytest.mark.parametrize("fd", [1, 2])
@pytest.mark.parametrize("good", [True, False])
def test_no_text(fd, good):
    os.write(fd, bytes(range(256)) + b"\x1b[2J\r\n\xff")
    assert good


@pytest.mark.parametrize("fd", [1, 2])
def test_megabytes(fd):
    for _ in range(64):
        data = b"x" * 65535 + b"\n"
        while data:
            data = data[os.write(fd, data):]


def test_megabytes_and_failure():
    print("y" * 4000000)
    assert False


def test_looks_like_a_frame(capfd):
    with capfd.disabled():
        os.write(1, b"\x04\x00\x00\x00\x01\x00\x00\x00\x01L")
        os.write(1, b"\x02" + b"\xff" * 8)
    assert False


def test_reads_input():
    assert os.read(0, 10) == b""


def test_surrogates_are_printed():
    try:
        print("\udc80")
    except UnicodeEncodeError:
        pass


@pytest.mark.parametrize("fd", [0, 1, 2])
def test_closes(fd):
    # Another test may have closed it in this process.
    os.closerange(fd, fd + 1)


def test_closes_and_fails():
    os.closerange(0, 3)
    assert False


@pytest.mark.alone
def test_closes_all():
    os.closerange(3, 256)


@pytest.mark.alone
def test_closes_all_and_fails():
    os.closerange(3, 256)
    assert False


@pytest.mark.parametrize("good", [True, False])
def test_streams_stay_replaced(good):
    sys.stdout = sys.stderr = sys.stdin = None
    assert good


@pytest.mark.alone
def test_streams_are_closed():
    sys.stdout.close()
    sys.stderr.close()


@pytest.mark.alone
def test_original_streams_are_closed():
    sys.__stdin__.close()
    sys.__stdout__.close()


@pytest.mark.alone
def test_no_more_descriptors(request):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    request.addfinalizer(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    assert False


# -- what does not go into a report as it is

class Odd:
    def __repr__(self):
        raise RuntimeError("no repr")


class Endless(str):
    def __repr__(self):
        return "e" * 3000000


@pytest.mark.parametrize("value", [Odd(), Endless(), "\udc80", "\0\x1b[31m", b"\xff", 10**400, lambda: 0, sys],
                         ids=["no repr", "long repr", "surrogate", "controls", "bytes", "number", "function", "module"])
def test_assertion(value):
    assert value == [value]


@pytest.mark.parametrize("text", ["x" * 3000000, "line\n" * 100000, "\0", "\U0001f600"], ids=["long", "lines", "null", "astral"])
@pytest.mark.parametrize("end", [pytest.fail, pytest.skip, pytest.xfail], ids=["fail", "skip", "xfail"])
def test_reason(end, text):
    end(text)


@pytest.mark.parametrize("value", [1j, {1}, 2**70, object(), Endless("x"), "\udc80"],
                         ids=["complex", "set", "number", "object", "subclass", "surrogate"])
def test_property(record_property, value):
    record_property("name", value)


def test_printed_surrogates_of_a_failure(capsys):
    sys.stdout.write("before")
    os.write(1, b"\xed\xb2\x80")
    assert False, "\udc80"


class Own(Warning):
    def __init__(self, *args):
        super().__init__(object(), *args)


@pytest.mark.parametrize("warning", [UserWarning("x"), UserWarning(object()), Own("x"), UserWarning("\udc80")],
                         ids=["plain", "object", "own", "surrogate"])
def test_warning(warning):
    warnings.warn(warning)


def test_recursion():
    def deeper():
        return deeper()
    deeper()


def test_long_chain():
    error = None
    for number in range(50):
        try:
            raise ValueError(number) from error
        except ValueError as caught:
            error = caught
    raise error


def test_group():
    raise ExceptionGroup("many", [ValueError(number) for number in range(50)])


def test_error_without_text():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no text")
    raise Mute()
