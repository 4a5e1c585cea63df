import faulthandler
import os

import pytest
from interpreters import VERSIONS, Worker, find
from programs import load_worker

DEADLINE = 30
CONFIG = {"id": "test", "execmodel": "thread", "grace": (5.0, 5.0)}


@pytest.fixture(autouse=True)
def deadline():
    """A test that hangs ends the run, with the stack of each thread."""
    faulthandler.dump_traceback_later(DEADLINE, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def worker():
    """A fresh copy of the program: tests may replace what is in it."""
    return load_worker()


@pytest.fixture
def make_gateway(worker):
    """Makes gateways that read from an object, and write to a descriptor or nowhere."""
    with open(os.devnull, "wb") as nowhere:
        def make(link=None, out=None):
            return worker.gateway_class(link, nowhere.fileno() if out is None else out, CONFIG)
        yield make


@pytest.fixture
def pipe():
    """The two ends of a pipe: a file that reads, and a descriptor."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader:
        yield reader, write
        try:
            os.close(write)
        except OSError:
            pass    # The test has closed it.


@pytest.fixture(scope="module")
def loaded_worker():
    """A copy of the program with both parts compiled, for tests that replace nothing in it."""
    worker = load_worker()
    worker.compile_lazy()
    return worker


@pytest.fixture(scope="session", params=[version for version in VERSIONS if find(version)])
def live_worker(request):
    """A worker on each interpreter of this machine: programs run in it one after the other."""
    worker = Worker(find(request.param))
    yield worker
    worker.stop()
