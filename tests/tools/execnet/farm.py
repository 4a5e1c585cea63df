# A farm of workers: tasks, and their results as they complete: farm.py [WORKERS]
import itertools
import sys

import execnet


def digits(channel):
    import math

    for number in channel:
        channel.send((number, len(str(math.factorial(number)))))


def start(channel):
    for number in itertools.islice(tasks, 1):
        channel.send(number)


tasks = iter(range(0, 1000, 50))
group = execnet.Group(["popen"] * int(sys.argv[1] if sys.argv[1:] else 4))
channels = group.remote_exec(digits)
queue = channels.make_receive_queue()
for channel in channels:
    start(channel)
for _ in range(20):
    channel, (number, count) = queue.get()
    print("%d! has %d digits" % (number, count))
    start(channel)
group.terminate(5)
