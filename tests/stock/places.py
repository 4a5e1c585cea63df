"""Where a worker is started: its surroundings, behind another gateway, over ssh."""
import os
import shutil
import struct
import subprocess
import tempfile

import execnet
from execnet.gateway_base import dumps_internal

from support import Skip, error_of, eventually, gateway, group, receive, shows
import support


@shows("test_gateway::test_popen_args", "test_xspec::test_popen_with_sudo_python")
def words():
    gw = group().makegateway('popen//python=env IN_FRONT=1 "%s" --an option' % support.WORKER)
    assert receive(gw.remote_exec("pid")) > 1


@shows("test_xspec::test_popen_explicit")
def explicit():
    gw = gateway("//id=rust")
    assert gw.id == "rust"
    assert os.path.realpath(gw._rinfo().executable) == os.path.realpath(support.WORKER)


@shows("test_basics::test_subprocess_interaction", "test_basics::test_wire_protocol",
       "test_basics::test_io_message")
def by_hand():
    """The bootstrap, and a frame of each code, byte by byte."""
    def frame(code, channel, payload=b""):
        return struct.pack("!bii", code, channel, len(payload)) + payload
    text = dumps_internal(u"echo")
    call = text[:-1] + b"LLJ" + struct.pack("!ci", b"@", 4) + b"Q"
    child = subprocess.Popen([support.WORKER, "-u", "-c", "import sys;..."],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(b"'whatever'\n")
    child.stdin.flush()
    assert child.stdout.read(1) == b"1"
    frames = [
        frame(3, 1, call), frame(1, 1, dumps_internal((True, False))), frame(4, 1, text), frame(7, 1),
        frame(3, 3, call), frame(4, 3, text), frame(6, 3, text),
        frame(3, 5, call), frame(5, 5), frame(5, 42),
        frame(0, 7),
    ]
    child.stdin.write(b"".join(frames))
    child.stdin.flush()
    answers = [read_frame(child.stdout) for _ in range(4)]
    child.stdin.write(frame(2, 0))
    child.stdin.flush()
    answers += iter(lambda: read_frame(child.stdout), None)
    child.stdin.close()
    assert child.wait() == 0
    # Channels 3 and 5 were closed from here: what was sent on them may have gone or not.
    assert (4, 1, b"N" + text[1:]) in answers and (5, 7, b"") in answers, answers
    assert [code for code, channel, _ in answers if channel == 7] == [4, 5], answers
    assert set(channel for _, channel, _ in answers) <= set([1, 3, 7]), answers


def read_frame(stream):
    head = stream.read(9)
    if not head:
        return None
    code, channel, size = struct.unpack("!bii", head)
    return code, channel, stream.read(size)


@shows("all (gw) tests, type proxy", "test_multi::test_terminate_with_proxying", "test_proxy.rst")
def via():
    members = group()
    members.makegateway("popen//id=master")
    gw = members.makegateway("popen//python=%s//via=master//id=rust" % support.WORKER)
    channel = gw.remote_exec("add_one")
    channel.send(41)
    assert receive(channel) == 42
    assert "on purpose" in error_of(gw.remote_exec("panic"))
    eventually("idle", lambda: gw.remote_status().numexecuting == 0)
    assert gw._rinfo().pid == receive(gw.remote_exec("pid"))
    members.terminate(5)


@shows("over ssh (ours)", "test_xspec::test_ssh_options_and_config",
       "test_gateway::test_sshconfig_config_parsing")
def ssh():
    spec = os.environ.get("EXECNET_TEST_SSH")
    if not spec:
        raise Skip(os.environ.get("EXECNET_TEST_NO_SSH", "no ssh server was given"))
    members = group()
    gw = members.makegateway(spec + "//python=" + support.WORKER)
    channel = gw.remote_exec("add_one")
    channel.send(41)
    assert receive(channel) == 42
    eventually("idle", lambda: gw.remote_status().numexecuting == 0)
    members.terminate(5)


@shows("test_xspec::test_socket", "all (gw) tests, type socket")
def socket():
    spec = os.environ.get("EXECNET_TEST_SOCKET")
    if not spec:
        raise Skip("no socket server was given")
    members = group()
    gw = members.makegateway(spec + "//id=sock1")
    assert gw.id == "sock1"
    channel = gw.remote_exec("channel.send(channel.receive() + 1)")
    channel.send(41)
    assert receive(channel) == 42
    assert gw._rinfo().pid == receive(gw.remote_exec("import os; channel.send(os.getpid())"))
    assert "ZeroDivisionError" in error_of(gw.remote_exec("1 / 0"))
    eventually("idle", lambda: gw.remote_status().numexecuting == 0)
    other = execnet.Group()
    second = other.makegateway(spec)
    channel = second.remote_exec("channel.send(1)")
    assert receive(channel) == 1
    other.terminate(5)


@shows("test_xspec::test_popen_chdir_absolute", "test_xspec::test_popen_chdir_newsub",
       "test_xspec::test_popen_nice")
def surroundings():
    place = os.path.realpath(tempfile.mkdtemp())
    try:
        gw = gateway("//chdir=%s/new//nice=1" % place)
        assert receive(gw.remote_exec("cwd")) == place + "/new"
        ni = open("/proc/%d/stat" % gw._rinfo().pid).read().rsplit(") ", 1)[1].split()[16]
        # 19 is the highest that there is.
        assert int(ni) == min(os.nice(0) + 1, 19), ni
        relative = gateway("//chdir=" + os.path.relpath(place + "/other"))
        assert receive(relative.remote_exec("cwd")) == place + "/other"
    finally:
        shutil.rmtree(place)


@shows("variables are refused (ours)")
def environment():
    try:
        gateway("//env:NAME123=123")
    except execnet.RemoteError as error:
        assert "environment" in error.formatted, error.formatted
        return
    raise AssertionError("the variable was set?")
