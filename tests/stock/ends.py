"""How gateways end."""
import os
import signal
import subprocess
import sys

from support import TIMEOUT, ended, eventually, gateway, group, receive, shows
import support


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return True
    # A zombie is one that execnet has not waited for yet.
    with open("/proc/%d/stat" % pid) as stat:
        return stat.read().split(") ")[1][0] == "Z"


@shows("test_termination::test_termination_on_remote_channel_receive")
def terminate_while_waiting():
    members = group()
    gw = members.makegateway("popen//python=" + support.WORKER)
    pid = receive(gw.remote_exec("pid"))
    channel = gw.remote_exec("wait")
    assert receive(channel) == "running"
    process = gw._io.popen
    members.terminate(TIMEOUT)
    assert is_gone(pid)
    # It left by itself: execnet would have killed it at the end of the time.
    assert process.wait() == 0


@shows("exit (ours)")
def exit_ends_the_worker():
    gw = gateway()
    pid = receive(gw.remote_exec("pid"))
    gw.exit()
    eventually("the worker is gone", lambda: is_gone(pid))


@shows("test_termination::test_endmarker_delivery_on_remote_killterm",
       "test_gateway::test_waitclose_on_remote_killed")
def killed():
    gw = gateway()
    pid = receive(gw.remote_exec("pid"))
    channel, other = gw.remote_exec("echo"), gw.remote_exec("echo")
    channel.send(1)
    assert receive(channel) == 1
    os.kill(pid, signal.SIGTERM)
    for lost in channel, other:
        try:
            lost.waitclose(TIMEOUT)
            raise AssertionError("no error")
        except EOFError:
            pass
    items = []
    other.setcallback(items.append, endmarker=999)
    assert ended(channel)
    # A process that ends may close what it writes before what it reads.
    eventually("nothing can be sent", lambda: refuses(channel))
    eventually("the end marker", lambda: items == [999])


def refuses(channel):
    try:
        channel.send(1)
        return False
    except IOError:
        return True


@shows("test_termination::test_close_initiating_remote_no_error")
def nothing_on_standard_error():
    program = """
import execnet, sys
group = execnet.Group()
gw = group.makegateway("popen//python=" + sys.argv[1])
channels = [gw.remote_exec("wait") for _ in range(2)]
print([channel.receive(10) for channel in channels])
group.terminate(10)
"""
    child = subprocess.Popen([sys.executable, "-c", program, support.WORKER],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = child.communicate()
    assert b"running" in out and err == b"", (out, err)
