"""The stock side of the gateway benchmark: what Python execnet takes for the work that gateway.rs measures.

usage: stock.py MEASURE [DIR]

Each measure prints JSON objects, one a line: {"name": ..., "value": ..., "unit": ...}. `documents DIR` writes the
documents that both sides encode and decode. scripts/bench runs this file and its twin in turns.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time

import execnet

STARTS = 3
ROUND_TRIPS = 5000
WARM_UP = 500
ECHOES = 100
ITEMS = 50_000
ECHO = """
while True:
    item = channel.receive()
    if item is None:
        break
    channel.send(item)
"""
COUNT = """
count = 0
while channel.receive() is not None:
    count += 1
channel.send(count)
"""
TAKE = "for item in channel: channel.send(len(item))"
GIVE = "item = channel.receive()\nwhile channel.receive(): channel.send(item)"
REPORTS = 5_000


def tell(name, value, unit):
    print(json.dumps({"name": name, "value": value, "unit": unit}), flush=True)


def seconds(work):
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def median_seconds(work, times):
    return statistics.median(seconds(work) for _ in range(times))


def gateway():
    return execnet.makegateway("popen//python=" + sys.executable)


def measure_interpreter():
    work = lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)
    tell("interpreter", median_seconds(work, STARTS) * 1e3, "ms")


def measure_startup():
    """From the call of makegateway to the first item in hand. `import` is the way of a popen gateway of stock execnet
    that names no python: it imports execnet from this installation instead of sending its source."""

    def start(spec):
        before = time.perf_counter()
        made = execnet.makegateway(spec)
        made.remote_exec("channel.send(1)").receive()
        elapsed = time.perf_counter() - before
        execnet.default_group.terminate(5)
        return elapsed

    by_source = "popen//python=" + sys.executable
    tell("startup", statistics.median(start(by_source) for _ in range(STARTS)) * 1e3, "ms")
    tell("startup (import)", statistics.median(start("popen") for _ in range(STARTS)) * 1e3, "ms")


def measure_roundtrip():
    channel = gateway().remote_exec(ECHO)
    times = []
    for turn in range(WARM_UP + ROUND_TRIPS):
        before = time.perf_counter()
        channel.send(1)
        channel.receive()
        if turn >= WARM_UP:
            times.append(time.perf_counter() - before)
    times.sort()
    tell("round trip p50", times[len(times) // 2] * 1e6, "µs")
    tell("round trip p99", times[len(times) * 99 // 100] * 1e6, "µs")
    channel.send(None)


def measure_echo():
    channel = gateway().remote_exec(ECHO)
    block = b"x" * (1 << 20)

    def work():
        for _ in range(ECHOES):
            channel.send(block)
            channel.receive()

    work()
    tell("echo of 1 MiB", 2 * ECHOES / seconds(work), "MiB/s")
    channel.send(None)


def measure_oneway():
    made = gateway()
    out = made.remote_exec(COUNT)

    def send():
        for item in range(ITEMS):
            out.send(item)
        out.send(None)
        assert out.receive() == ITEMS

    tell("items to the worker", ITEMS / seconds(send), "items/s")
    back = made.remote_exec("channel.receive()\nfor item in range(%d): channel.send(item)" % ITEMS)

    def receive():
        back.send(None)
        for _ in range(ITEMS):
            back.receive()

    tell("items from the worker", ITEMS / seconds(receive), "items/s")


def documents():
    """500 reports as a test runner sends them, many small integers, large blobs."""
    rand = random.Random(7)
    reports = [
        {
            "nodeid": "tests/test_store.py::test_insert[%d]" % number,
            "location": ("tests/test_store.py", 41 + number, "test_insert[%d]" % number),
            "keywords": {word: 1 for word in ("test_insert", "tests", "parametrize", "slow", "store")},
            "outcome": "passed",
            "longrepr": None,
            "when": "call",
            "user_properties": [("attempt", 1), ("load", 2.5)],
            "sections": [("Captured stdout call", "row written\n" * 18)],
            "duration": rand.random(),
            "start": 1.7e9 + number,
            "stop": 1.7e9 + number + 1,
            "item_index": number,
            "worker_id": "gw0",
            "testrun_uid": "%032x" % rand.getrandbits(128),
        }
        for number in range(500)
    ]
    yield "reports", reports
    yield "ints", list(range(100_000))
    yield "bytes", [rand.getrandbits(8 << 20).to_bytes(1 << 20, "big") for _ in range(16)]


def write_documents(folder):
    for name, document in documents():
        with open(os.path.join(folder, name + ".execnet"), "wb") as out:
            out.write(execnet.dumps(document))


def measure_serializer(folder):
    for name in ("reports", "ints", "bytes"):
        with open(os.path.join(folder, name + ".execnet"), "rb") as stored:
            data = stored.read()
        document = execnet.loads(data)
        assert execnet.dumps(document) == data
        megabytes = len(data) / 1e6
        tell("dumps " + name, megabytes / median_seconds(lambda: execnet.dumps(document), 7), "MB/s")
        tell("loads " + name, megabytes / median_seconds(lambda: execnet.loads(data), 7), "MB/s")


def measure_structured(folder):
    """Items with structure, one way at a time: an answer and a request are single ints."""
    made = gateway()
    for name in ("reports", "ints"):
        with open(os.path.join(folder, name + ".execnet"), "rb") as stored:
            document = execnet.loads(stored.read())
        out = made.remote_exec(TAKE)
        tell(name + " to the worker", median_seconds(lambda: (out.send(document), out.receive()), 9) * 1e3, "ms")
        back = made.remote_exec(GIVE)
        back.send(document)
        tell(name + " from the worker", median_seconds(lambda: (back.send(1), back.receive()), 9) * 1e3, "ms")
        if name == "reports":
            single(made, document[0])


def single(made, report):
    out = made.remote_exec(COUNT)

    def send():
        for _ in range(REPORTS):
            out.send(report)
        out.send(None)
        assert out.receive() == REPORTS

    tell("single reports to the worker", REPORTS / seconds(send), "items/s")
    back = made.remote_exec("item = channel.receive()\nchannel.receive()\nfor _ in range(%d): channel.send(item)" % REPORTS)
    back.send(report)

    def receive():
        back.send(1)
        for _ in range(REPORTS):
            back.receive()

    tell("single reports from the worker", REPORTS / seconds(receive), "items/s")


def main(measure, *arguments):
    if measure == "documents":
        write_documents(*arguments)
    else:
        globals()["measure_" + measure](*arguments)
    execnet.default_group.terminate(5)


if __name__ == "__main__":
    main(*sys.argv[1:])
