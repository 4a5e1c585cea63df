"""Random traffic between a stock controller and a worker in Rust: soak.py WORKER SECONDS ROUNDS SEED.

Every item is accounted for. After each round all conversations end: then no channel may be left, and what both ends hold is
printed, for the soak to judge. At the end what went over is printed.
"""
import collections
import gc
import os
import random
import sys
import threading
import time

import execnet

TIMEOUT = 60
THREADS = 4
counts = collections.Counter()
lock = threading.Lock()
failures = []


def count(**items):
    with lock:
        counts.update(items)


def values(channel, seed, count):
    pass


def numbers(channel, count):
    pass


def spread(channel, count):
    pass


def echo(gw, rng):
    """All values go back, where they are compared."""
    n = rng.randrange(1, 40)
    channel = gw.remote_exec(values, seed=rng.randrange(2 ** 31), count=n)
    for item in [channel.receive(TIMEOUT) for _ in range(n)]:
        channel.send(item)
    assert channel.receive(TIMEOUT) == n
    channel.waitclose(TIMEOUT)
    count(received=n + 1, sent=n)


def callback(gw, rng):
    n = rng.randrange(200)
    items, done = [], threading.Event()

    def take(item):
        done.set() if item is None else items.append(item)
    gw.remote_exec(numbers, count=n).setcallback(take, endmarker=None)
    assert done.wait(TIMEOUT)
    assert items == list(range(n))
    count(received=n)


def pass_channels(gw, rng):
    n = rng.randrange(30)
    channel = gw.remote_exec(spread, count=n)
    others = [gw.newchannel() for _ in range(rng.randrange(1, 6))]
    channel.send({"some": tuple(others[1:]), "one": [others[0]]})
    for other in others:
        assert list(other) == list(range(n))
    channel.waitclose(TIMEOUT)
    count(received=n * len(others), sent=1)


def remote_callback(gw, rng):
    channel, other = gw.remote_exec("total"), gw.newchannel()
    channel.send(other)
    total = 0
    for _ in range(rng.randrange(1, 30)):
        number = rng.randrange(1000)
        other.send(number)
        total += number
        assert channel.receive(TIMEOUT) == total
        count(received=1, sent=1)
    other.close()
    channel.waitclose(TIMEOUT)


def close_early(gw, rng):
    """What was received is a beginning of what was sent; the rest is cut off."""
    channel = gw.remote_exec(numbers, count=1000)
    wanted = rng.randrange(50)
    assert [channel.receive(TIMEOUT) for _ in range(wanted)] == list(range(wanted))
    if rng.random() < 0.5:
        channel.close()
    count(received=wanted, cut_off=1)


def fail(gw, rng):
    try:
        gw.remote_exec("fail").waitclose(TIMEOUT)
    except execnet.RemoteError as error:
        assert "on purpose" in str(error)
    else:
        raise AssertionError("no error")


KINDS = [echo, echo, callback, pass_channels, remote_callback, close_early, fail]


def talk(gw, rng, deadline):
    try:
        while time.time() < deadline and not failures:
            kind = rng.choice(KINDS)
            kind(gw, rng)
            count(**{kind.__name__: 1})
    except BaseException as error:
        failures.append(repr(error))
        raise


def talk_all(gw, rngs, deadline):
    threads = [threading.Thread(target=talk, args=(gw, rng, deadline)) for rng in rngs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(deadline - time.time(), 0) + 2 * TIMEOUT)
        assert not thread.is_alive(), "a conversation hangs"
    if failures:
        sys.exit("failed: " + failures[0])


def quiet(gw):
    """No code runs there, and no channel is left."""
    for _ in range(200):
        status = gw.remote_status()
        if (status.numexecuting, status.numchannels) == (0, 0):
            return
        time.sleep(0.05)
    sys.exit("failed: left behind: %r" % status)


def resident():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])


def held(end, seconds, figures):
    print("held by the %s: %d s, %d KiB, %d blocks, %d bytes" % ((end, seconds) + figures))


def look(gw, seconds):
    of_worker = gw.remote_exec("held").receive(TIMEOUT)
    gc.collect()
    # Python 2 does not count its blocks, and neither counts bytes.
    blocks = getattr(sys, "getallocatedblocks", lambda: 0)()
    held("stock controller", seconds, (resident(), blocks, 0))
    held("worker in Rust", seconds, of_worker)


def main(worker, seconds, rounds, seed):
    gw = execnet.makegateway("popen//python=" + worker)
    # The bytes of a Python 2 arrive as bytes.
    gw.reconfigure(py2str_as_py3str=False, py3str_as_py2str=False)
    rngs = [random.Random(seed + n) for n in range(THREADS)]
    began = time.time()
    for n in range(1, rounds + 1):
        talk_all(gw, rngs, began + seconds * n / rounds)
        quiet(gw)
        look(gw, time.time() - began)
    execnet.default_group.terminate(5)
    print("stock controller and worker in Rust, execnet %s, %d s: %s" % (
        execnet.__version__, time.time() - began,
        ", ".join("%s %d" % pair for pair in sorted(counts.items()))))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
