"""Random traffic between a stock controller and a worker in Rust: soak.py WORKER SECONDS SEED.

Every item is accounted for. Prints what went over, and the memory of both ends after a tenth of the time and at the end.
"""
import collections
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


def talk(gw, seed, deadline):
    rng = random.Random(seed)
    try:
        while time.time() < deadline and not failures:
            kind = rng.choice(KINDS)
            kind(gw, rng)
            count(**{kind.__name__: 1})
    except BaseException as error:
        failures.append(repr(error))
        raise


def memory(pid):
    with open("/proc/%d/status" % pid) as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])


def main(worker, seconds, seed):
    gw = execnet.makegateway("popen//python=" + worker)
    pid = gw.remote_exec("pid").receive(TIMEOUT)
    began = time.time()
    threads = [threading.Thread(target=talk, args=(gw, seed + n, began + seconds)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 10.0)
    early = memory(os.getpid()), memory(pid)
    for thread in threads:
        thread.join(seconds + 2 * TIMEOUT)
        assert not thread.is_alive(), "a conversation hangs"
    late = memory(os.getpid()), memory(pid)
    for _ in range(200):
        status = gw.remote_status()
        if (status.numexecuting, status.numchannels) == (0, 0):
            break
        time.sleep(0.05)
    assert (status.numexecuting, status.numchannels) == (0, 0), status
    execnet.default_group.terminate(5)
    print("stock controller and worker in Rust, execnet %s, %d s: %s" % (
        execnet.__version__, time.time() - began,
        ", ".join("%s %d" % pair for pair in sorted(counts.items()))))
    for end, before, after in zip(("stock controller", "worker in Rust"), early, late):
        print("memory of the %s: %d KiB after a tenth of the time, %d KiB at the end" % (end, before, after))
    if failures:
        sys.exit("failed: " + failures[0])
    if not os.environ.get("EXECNET_SOAK_MEMORY") and any(after > before * 1.25 + 8192 for before, after in zip(early, late)):
        sys.exit("failed: memory grows")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
