"""Tests that do not put back what they have changed."""
import asyncio
import faulthandler
import gc
import os
import signal
import sys
import tempfile
import threading
import warnings

import pytest

from support import STAYING, lie, refuse


@pytest.mark.parametrize("by", [lie, refuse])
@pytest.mark.parametrize("module, name", STAYING, ids=["%s.%s" % (module.__name__, name) for module, name in STAYING])
def test_stays(module, name, by):
    setattr(module, name, by)
    assert by is lie


@pytest.mark.alone
@pytest.mark.parametrize("good", [True, False])
def test_directory_is_gone(tmp_path, good):
    place = tmp_path / "gone"
    place.mkdir()
    os.chdir(place)
    place.rmdir()
    assert good


def test_environment_is_cleared():
    os.environ.clear()


def test_umask():
    os.umask(0)


@pytest.mark.alone
def test_path_is_cleared():
    sys.path.clear()


def test_collector_is_off():
    gc.disable()
    gc.set_threshold(1)


def test_faulthandler_is_off():
    faulthandler.disable()


def test_trace():
    sys.settrace(lambda *args: None)
    threading.settrace(lambda *args: None)


@pytest.mark.parametrize("setter", [sys.settrace, sys.setprofile], ids=["trace", "profile"])
def test_trace_raises(setter):
    def trace(*args):
        raise RuntimeError("in a trace function")
    setter(trace)


def test_hooks():
    sys.excepthook = threading.excepthook = sys.unraisablehook = sys.displayhook = refuse


def test_limits():
    sys.setswitchinterval(1e-6)
    sys.setrecursionlimit(2000)


def test_digits():
    sys.set_int_max_str_digits(640)


def test_warnings_are_errors():
    warnings.simplefilter("error")


@pytest.mark.parametrize("daemon", [True, False])
def test_thread_lives_on(daemon):
    threading.Thread(target=threading.Event().wait, args=(1,), daemon=daemon).start()


def test_thread_fails():
    thread = threading.Thread(target=refuse)
    thread.start()
    thread.join()


def test_thread_writes_on():
    def write():
        for _ in range(100):
            os.write(1, b"from a thread\n")
    threading.Thread(target=write, daemon=True).start()


def test_signals_are_handled():
    for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        signal.signal(number, lambda *args: None)


@pytest.mark.alone
def test_signals_are_blocked():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def test_alarm():
    def ring(*args):
        raise TimeoutError("alarm")
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        while True:
            pass
    except TimeoutError:
        pass


def test_loop_is_not_closed():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(asyncio.sleep(0))


def test_loop_is_closed_and_fails():
    async def fail():
        await asyncio.sleep(0)
        assert False
    asyncio.run(fail())


def test_child_of_a_loop():
    async def run():
        child = await asyncio.create_subprocess_exec("true")
        return await child.wait()
    assert asyncio.run(run()) == 0


def test_temporary_directory_is_moved(tmp_path):
    tempfile.tempdir = str(tmp_path / "none")


@pytest.mark.alone
def test_modules_are_forgotten():
    for name in [name for name in sys.modules if name.startswith(("encodings", "json", "email"))]:
        del sys.modules[name]
