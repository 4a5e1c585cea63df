"""Other ways from Python to Python for the items that gateway.rs and stock.py measure.

usage: peers.py pipe|mitogen|write DIR

`pipe` is multiprocessing.Pipe between two interpreters, `mitogen` a call in another interpreter with the item as its argument,
which mitogen sends one way. `write` is the limit of single ints: one os.write for each frame, to a process that reads large
blocks and does nothing with them. Each prints JSON objects, one a line, as stock.py does.
"""

import multiprocessing
import os
import subprocess
import sys

import execnet
from stock import ITEMS, REPORTS, median_seconds, seconds, tell

READ = "import os\nwhile os.read(0, 1 << 16): pass"


def documents(folder):
    for name in ("reports", "ints"):
        with open(os.path.join(folder, name + ".execnet"), "rb") as stored:
            yield name, execnet.loads(stored.read())


def answer(connection):
    """The other end of the pipe: answers each item with its length, unless it is a command."""
    while True:
        item = connection.recv()
        if item is None:
            return
        if item == "give":
            given = connection.recv()
            while connection.recv():
                connection.send(given)
        elif item == "count":
            count = 0
            while connection.recv() is not None:
                count += 1
            connection.send(count)
        elif item == "send":
            given = connection.recv()
            for _ in range(REPORTS):
                connection.send(given)
        else:
            connection.send(len(item))


def measure_pipe(folder):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=answer, args=(there,))
    process.start()
    for name, document in documents(folder):
        work = lambda: (here.send(document), here.recv())
        tell(name + " to the worker", median_seconds(work, 9) * 1e3, "ms")
        here.send("give")
        here.send(document)
        tell(name + " from the worker", median_seconds(lambda: (here.send(1), here.recv()), 9) * 1e3, "ms")
        here.send(0)
        if name == "reports":
            single(here, document[0])
    here.send(None)
    process.join()


def single(here, report):
    def send():
        here.send("count")
        for _ in range(REPORTS):
            here.send(report)
        here.send(None)
        assert here.recv() == REPORTS

    tell("single reports to the worker", REPORTS / seconds(send), "items/s")

    def receive():
        here.send("send")
        here.send(report)
        for _ in range(REPORTS):
            here.recv()

    tell("single reports from the worker", REPORTS / seconds(receive), "items/s")


def measure_mitogen(folder):
    import mitogen.utils

    def measure(router):
        context = router.local(python_path=sys.executable)
        for name, document in documents(folder):
            work = lambda: context.call(len, document)
            tell(name + " to the worker", median_seconds(work, 9) * 1e3, "ms")

    mitogen.utils.run_with_router(measure)


def measure_write(folder):
    frame = b"\4\0\0\0\1\0\0\0\6F\0\0\0\1Q"
    process = subprocess.Popen([sys.executable, "-c", READ], stdin=subprocess.PIPE)
    out = process.stdin.fileno()

    def write():
        for _ in range(ITEMS):
            os.write(out, frame)

    tell("single ints from the worker", ITEMS / seconds(write), "items/s")
    process.stdin.close()
    process.wait()


if __name__ == "__main__":
    {"pipe": measure_pipe, "mitogen": measure_mitogen, "write": measure_write}[sys.argv[1]](sys.argv[2])
