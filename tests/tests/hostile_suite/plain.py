"""Runs a suite with plain pytest and prints the outcomes of its tests, one a line, in the words of the example controller of
pytest-xdist: the reference that the example is compared with.

    python plain.py SUITE SCRATCH

Each file is run by a pytest of its own, and each test of test_forks.py. When a test ends its process, it has crashed, and
another pytest runs those after it. Each pytest is a fork of this process, which has imported it: that saves most of the time
that it takes to start.
"""
import fcntl
import os
import signal
import sys

import pytest

from outcomes import Outcomes

AT_ONCE = 2
# Seconds that one pytest may take.
DEADLINE = 200


class Recorder:
    """Writes to a file which tests start, their outcomes, and which finish.

    They may replace functions and close descriptors; what they fork is mute.
    """

    def __init__(self, path):
        self.path = path
        self.calls = os.getpid, os.write

    def pytest_configure(self, config):
        self.pid = os.getpid()
        with open(self.path, "w") as record:
            # Higher than those that tests close.
            self.fd = fcntl.fcntl(record, fcntl.F_DUPFD_CLOEXEC, 512)
        config.pluginmanager.register(Outcomes(config, self.write))

    def pytest_runtest_logstart(self, nodeid):
        self.write("started %s\n" % nodeid)

    def pytest_runtest_logfinish(self, nodeid):
        self.write("finished %s\n" % nodeid)

    def write(self, line):
        getpid, write = self.calls
        if getpid() == self.pid:
            write(self.fd, line.encode())


class Collector:
    def pytest_collection_finish(self, session):
        self.ids = [item.nodeid for item in session.items]


def fork_pytest(log, arguments, plugin, after=lambda: None):
    pid = os.fork()
    if pid != 0:
        return pid
    # What its tests fork is ended with it.
    os.setsid()
    signal.alarm(DEADLINE)
    log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    status = pytest.main(["-q", "-p", "no:cacheprovider"] + arguments, plugins=[plugin])
    after()
    sys.exit(status)


def collect(scratch):
    """The ids of all tests. In a process of its own: each pytest is to import the modules afresh."""
    collector = Collector()
    path = os.path.join(scratch, "ids")

    def keep():
        with open(path, "w") as ids:
            ids.write("\n".join(collector.ids))
    os.waitpid(fork_pytest(os.path.join(scratch, "collect.log"), ["--collect-only"], collector, keep), 0)
    with open(path) as ids:
        return ids.read().split("\n")


def batches(ids):
    files = {}
    for test in ids:
        file = test.partition("::")[0]
        files.setdefault(test if file == "test_forks.py" else file, []).append(test)
    return list(files.values())


def tell(record, tests):
    """Prints the outcomes of the tests that have run; returns the others."""
    last = None
    for line in record:
        word, test = line.rstrip("\n").split(" ", 1)
        if word == "started":
            last = test
        elif word == "finished":
            last = None
            tests = tests[1:]
        else:
            print(word, test)
    if last is not None:
        print("crashed", last)
        tests = tests[1:]
    return tests


def main(suite, scratch):
    os.chdir(suite)
    waiting = batches(collect(scratch))
    running = {}
    started = 0
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            tests = waiting.pop()
            started += 1
            place = os.path.join(scratch, str(started))
            arguments = ["--basetemp", place + ".tmp"] + tests
            running[fork_pytest(place + ".log", arguments, Recorder(place))] = place, tests
        pid, _ = os.wait()
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        place, tests = running.pop(pid)
        with open(place) as record:
            left = tell(record, tests)
        if left:
            waiting.append(left)


if __name__ == "__main__":
    main(*sys.argv[1:])
