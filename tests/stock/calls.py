"""Calls by name and by function, status, models and threads."""
import os

import execnet

from support import PY2, RELEASE, TIMEOUT, Skip, ended, error_of, eventually, gateway, group
from support import receive, shows
import support


def kwargs(channel, data, other):
    raise NotImplementedError("done in Rust")


def multiply(channel, factor):
    raise NotImplementedError("done in Rust")


def pid(channel):
    raise NotImplementedError("done in Rust")


@shows("test_basics::test_remote_exec_function_with_kwargs")
def function_with_kwargs():
    channel = gateway().remote_exec(kwargs, data=1, other=[u"x", None])
    assert receive(channel) == {"data": 1, "other": [u"x", None]}


@shows("test_multi::test_remote_exec_args", "test_multi::test_multichannel_send_each")
def group_with_args():
    members = group()
    for _ in range(2):
        members.makegateway("popen//python=" + support.WORKER)
    channels = members.remote_exec(multiply, factor=1)
    channels.send_each(41)
    assert channels.receive_each() == [41, 41]


@shows("test_multi::test_multichannel_receive_queue_for_two_subprocesses",
       "taskserver.py / popen_read_multiple.py")
def receive_queue():
    members = group()
    for _ in range(2):
        members.makegateway("popen//python=" + support.WORKER)
    channels = members.remote_exec(pid)
    queue = channels.make_receive_queue(endmarker=-1)
    pairs = [queue.get(timeout=TIMEOUT) for _ in range(4)]
    pids = [item for _, item in pairs if item != -1]
    assert len(set(pids)) == 2 and len(pairs) - len(pids) == 2
    channels.waitclose()


@shows("funcmultiplier.py")
def function_in_a_loop():
    channel = gateway().remote_exec(multiply, factor=10)
    for number in range(10):
        channel.send(number)
        assert receive(channel) == number * 10
    channel.close()


@shows("test_gateway::test_remote_exec_waitclose", "test_gateway::test_remote_exec_channel_anonymous")
def waitclose():
    channel = gateway().remote_exec("pid")
    channel.waitclose(TIMEOUT)
    echo = gateway().remote_exec("echo")
    echo.send(42)
    assert receive(echo) == 42


@shows("test_gateway::test_remote_exec_no_explicit_close")
def no_explicit_close():
    channel = gateway().remote_exec("close_own")
    assert "explicit" in error_of(channel)


@shows("test_gateway::test_confusion_from_os_write_stdout",
       "test_gateway::test_confusion_from_os_write_stderr", "test_basics::test_stdouterrin_setnull")
def printing():
    gw = gateway()
    assert receive(gw.remote_exec("print")) == 0
    channel = gw.remote_exec("add_one")
    channel.send(17)
    assert receive(channel) == 18


@shows("test_gateway::test_gateway_status_simple", "test_gateway::test_gateway_status_no_real_channel")
def status_simple():
    gw = gateway()
    before = list(gw._channelfactory.channels())
    for _ in range(3):
        status = gw.remote_status()
        assert status.numexecuting == 0 and status.numchannels == 0, status
        assert status.execmodel == "thread"
    assert list(gw._channelfactory.channels()) == before


@shows("test_gateway::test_gateway_status_busy", "test_gateway::test_status_with_threads")
def status_busy():
    gw = gateway()
    running = [gw.remote_exec("wait") for _ in range(2)]
    assert [receive(channel) for channel in running] == ["running"] * 2
    status = gw.remote_status()
    assert (status.numexecuting, status.numchannels) == (2, 2), status
    for channel in running:
        channel.send(None)
        channel.waitclose(TIMEOUT)
    eventually("idle", lambda: gw.remote_status().numexecuting == 0)
    eventually("no channels", lambda: gw.remote_status().numchannels == 0)


@shows("test_info.rst")
def info():
    gw = gateway()
    rinfo = gw._rinfo()
    assert os.path.realpath(rinfo.executable) == os.path.realpath(support.WORKER)
    assert rinfo.cwd == os.getcwd()
    assert rinfo.pid == receive(gw.remote_exec("pid"))
    assert "rust" in rinfo.version_info
    items = []
    channel = gw.remote_exec(count, n=10)
    channel.setcallback(items.append, endmarker=None)
    channel.waitclose(TIMEOUT)
    eventually("the end marker", lambda: items == list(range(10)) + [None])
    assert [number for number in gw.remote_exec(count, n=3)] == [0, 1, 2]


def count(channel, n):
    raise NotImplementedError("done in Rust")


@shows("test_gateway::test_assert_main_thread_only")
def main_thread_only():
    needs_main_thread_only()
    gw = gateway(execmodel="main_thread_only")
    assert gw.remote_status().execmodel == "main_thread_only"
    for _ in range(10):
        channel = gw.remote_exec("where")
        assert receive(channel) == "main"
        channel.close()


@shows("test_gateway::test_assert_main_thread_only")
def main_thread_only_waits():
    """For code that has sent its answer, and works on for less than a second."""
    needs_main_thread_only()
    gw = gateway(execmodel="main_thread_only")
    for _ in range(3):
        assert receive(gw.remote_exec("linger")) == "answer"


@shows("test_gateway::test_main_thread_only_concurrent_remote_exec_deadlock")
def main_thread_only_is_busy():
    needs_main_thread_only()
    gw = gateway(execmodel="main_thread_only")
    first = gw.remote_exec("wait")
    assert receive(first) == "running"
    text = error_of(gw.remote_exec("pid"))
    assert text == "concurrent remote_exec would cause deadlock for main_thread_only execmodel"
    first.send(None)
    first.waitclose(TIMEOUT)


def needs_main_thread_only():
    if RELEASE < (2, 1):
        raise Skip("execnet %s has no main_thread_only" % execnet.__version__)


@shows("test_gateway::test_threads")
def threads():
    gw = gateway()
    first, second = gw.remote_exec("add_one"), gw.remote_exec("add_one")
    second.send(1)
    assert receive(second) == 2
    first.send(2)
    assert receive(first) == 3


@shows("test_gateway::test_threads_race_sending")
def threads_race():
    gw = gateway()
    channels = [gw.remote_exec(count, n=200) for _ in range(5)]
    for channel in channels:
        assert [receive(channel) for _ in range(200)] == list(range(200))
        assert ended(channel)


@shows("servefiles.py, svn-sync-repo.py, sysinfo.py, hybridpython.rst")
def large_and_binary():
    channel = gateway().remote_exec("echo")
    piece = u"x" * 5000000 if PY2 else bytes(range(256)) * 20000
    for _ in range(3):
        channel.send(piece)
        assert receive(channel) == piece
