# A farm of workers: tasks, and their results as they complete: farm.py [WORKERS]
import itertools
import math
import sys

import mitogen
import mitogen.select


def digits(number):
    return number, len(str(math.factorial(number)))


@mitogen.main()
def main(router):
    tasks = iter(range(0, 1000, 50))
    running = mitogen.select.Select()
    contexts = {}

    def start(context):
        for number in itertools.islice(tasks, 1):
            receiver = context.call_async(digits, number)
            contexts[receiver] = context
            running.add(receiver)

    for number in range(int(sys.argv[1] if sys.argv[1:] else 4)):
        start(router.local(remote_name=str(number)))
    for message in running:
        number, count = message.unpickle()
        print("%d! has %d digits" % (number, count))
        start(contexts.pop(message.receiver))
