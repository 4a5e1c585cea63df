"""Tests that end their process, or try to."""
import atexit
import os
import signal
import sys

import pytest


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_signal(number):
    os.kill(os.getpid(), number)


def test_abort():
    os.abort()


@pytest.mark.parametrize("status", [0, 3])
def test_exit_at_once(status):
    os._exit(status)


@pytest.mark.parametrize("error", [SystemExit(0), SystemExit("text"), GeneratorExit(), BaseException()], ids=repr)
def test_raise(error):
    raise error


def test_sys_exit():
    sys.exit(0)


@pytest.fixture
def dies_before():
    os._exit(0)


@pytest.fixture
def dies_after():
    yield
    os._exit(0)


@pytest.fixture
def raises_after():
    yield
    raise SystemExit(0)


def test_dies_in_setup(dies_before):
    pass


def test_dies_in_teardown(dies_after):
    pass


def test_fails_and_dies_in_teardown(dies_after):
    assert False


# pytest would report the next test of the process as an error: "previous item was not torn down properly".
@pytest.mark.alone
def test_exits_in_teardown(raises_after):
    pass


def test_dies_at_exit():
    atexit.register(os._exit, 9)


def test_last_words():
    os.write(2, b"half a line \xff\xfe")
    os.kill(os.getpid(), signal.SIGKILL)
