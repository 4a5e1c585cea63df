"""The stock side of scripts/bench-growth: what Python execnet takes for the work that `growth/` measures.

usage: stock_growth.py PYTHON MEASURE N
       stock_growth.py PYTHON sync SOURCE DESTINATION

Prints the seconds that one unit of work takes among N, as JSON objects. PYTHON is the interpreter of the workers.
"""

import inspect
import os
import sys
import tempfile
import time

import execnet
from growth import far
from stock import tell

MIB = 1 << 20
REPEAT = 0.3
ROUND_TRIPS = 1024
CHAIN_ROUND_TRIPS = 100
ITEMS = 1 << 14
LISTS = 1 << 12
WARM_UP = 20


class Stock:
    """A group with the spec of its workers. The methods of the first part are the measures: they
    print what a unit costs."""

    def __init__(self, python):
        self.spec = "popen//python=" + python
        self.group = execnet.Group()
        self.gone = 0

    def open(self, n):
        gateway = self.gateway()
        keeper = gateway.remote_exec(far.keep)

        def work():
            channels = []
            for _ in range(n):
                channel = gateway.newchannel()
                keeper.send(channel)
                channels.append(channel)
            for channel in channels:
                channel.receive()
            exchange(keeper, None)

        self.repeated(n, work)

    def life(self, n):
        gateway = self.gateway()

        def work():
            for _ in range(n):
                channel = gateway.remote_exec(far.answer)
                channel.receive()
                channel.waitclose()

        self.once(n, work)

    def gateways(self, n):
        def work():
            for _ in range(n):
                self.group.makegateway(self.spec)
            self.answers()
            self.gone += self.workers()
            self.group.terminate(60)

        self.repeated(n, work)

    def size(self, n):
        channel = self.gateway().remote_exec(far.echo)
        self.repeated(n, lambda: exchange(channel, b"x" * (n * MIB)))

    def queue(self, n):
        gateway = self.gateway()

        def work():
            channel = gateway.remote_exec(far.hold, n=n)
            gate = gateway.newchannel()
            channel.send(gate)
            for item in range(n):
                channel.send(item)
            gate.send(None)
            channel.receive()

        self.repeated(n, work)

    def waiters(self, n):
        # As text: stock execnet takes no function that has another in it.
        source = inspect.getsource(far.waiters) + "\nwaiters(channel, %d)" % n
        self.round_trips([self.gateway().remote_exec(source)])

    def threads(self, n):
        gateway = self.gateway()
        self.round_trips([gateway.remote_exec(far.echo) for _ in range(n)])

    def hops(self, n):
        channel = self.chain(n)

        def work():
            for _ in range(CHAIN_ROUND_TRIPS):
                exchange(channel, 1)

        self.repeated(n * CHAIN_ROUND_TRIPS, work)

    def hops_size(self, n):
        channel = self.chain(n)
        block = b"x" * MIB
        self.repeated(n, lambda: exchange(channel, block))

    def members(self, n):
        self.make(n)
        self.repeated(n, self.answers)

    def receivers(self, n):
        self.make(n)
        channels = self.group.remote_exec(far.items, n=ITEMS // n)
        queue = channels.make_receive_queue()

        def work():
            channels.send_each(None)
            for _ in range(ITEMS // n * n):
                queue.get()

        self.repeated(ITEMS, work)

    def container(self, kind, n):
        container, elements = CONTAINERS[kind](n), n
        if kind == "depth":
            container, elements = [container] * (LISTS // n), LISTS // n * n
        self.repeated(elements, lambda: execnet.loads(execnet.dumps(container)))

    def sync(self, source, destination):
        gateway = self.gateway()

        def sync(source, destination):
            rsync = execnet.RSync(source, verbose=False)
            rsync.add_target(gateway, destination)
            rsync.send()

        with tempfile.TemporaryDirectory() as empty:
            sync(empty, os.path.join(empty, "copy"))
        self.once(1, lambda: sync(source, destination))

    # What they have in common.

    def gateway(self):
        self.make(1)
        return self.group[0]

    def make(self, n):
        for _ in range(n):
            self.group.makegateway(self.spec)
        for _ in range(WARM_UP):
            self.answers()

    def answers(self):
        self.group.remote_exec(far.answer).receive_each()

    def chain(self, n):
        last = self.gateway()
        for _ in range(n):
            last = self.group.makegateway("%s//via=%s" % (self.spec, last.id))
        channel = last.remote_exec(far.echo)
        for _ in range(CHAIN_ROUND_TRIPS):
            exchange(channel, 1)
        return channel

    def round_trips(self, channels):
        for channel in channels:
            exchange(channel, 1)

        def work():
            for turn in range(ROUND_TRIPS):
                exchange(channels[turn % len(channels)], 1)

        self.repeated(ROUND_TRIPS, work)

    def workers(self):
        return sum(self.group.remote_exec(far.spent).receive_each())

    def once(self, units, work):
        spent, begun = time.process_time() + self.workers(), time.perf_counter()
        turns = work() or 1
        units *= turns
        elapsed = time.perf_counter() - begun
        spent = time.process_time() + self.workers() + self.gone - spent
        tell("processor", spent / units, "s")
        tell("elapsed", elapsed / units, "s")

    def repeated(self, units, turn):
        def work():
            turns, begun = 0, time.perf_counter()
            while turns == 0 or time.perf_counter() - begun < REPEAT:
                turn()
                turns += 1
            return turns

        self.once(units, work)


def exchange(channel, item):
    channel.send(item)
    channel.receive()


def tower(n):
    inner = None
    for _ in range(n):
        inner = [inner]
    return inner


CONTAINERS = {
    "list": lambda n: list(range(n)),
    "texts": lambda n: {"key-%d" % i: i for i in range(n)},
    "keys": lambda n: {(i, "key-%d" % i): i for i in range(n)},
    "pairs": lambda n: {(i // 100, i % 100) for i in range(n)},
    "depth": tower,
}


def main(python, measure, *arguments):
    stock = Stock(python)
    if measure in CONTAINERS:
        stock.container(measure, int(arguments[0]))
    elif measure == "sync":
        stock.sync(*arguments)
    else:
        getattr(stock, measure.replace("-", "_"))(int(arguments[0]))
    stock.group.terminate(5)


if __name__ == "__main__":
    main(*sys.argv[1:])
