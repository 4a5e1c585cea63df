"""A test that leaves its process unfit for others is marked `alone`: the process dies after it, and before anything but its
outcome is reported, so that the test counts as crashed too.

The functions that `test_stays` replaces stay replaced while its outcomes are reported and until the process runs another test.
They are put back then, and so is the directory for temporary files: which tests share a process depends on the speed of the
workers, and many need these.
"""
import os
import tempfile

import pytest

from support import STAYING

alone = set()
# A test may replace them; and what it forks is not to die.
getpid, _exit, pid = os.getpid, os._exit, os.getpid()

originals = [(module, name, getattr(module, name)) for module, name in STAYING + [(tempfile, "tempdir")]]


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: the process dies after it")


def pytest_collection_modifyitems(items):
    alone.update(item.nodeid for item in items if item.get_closest_marker("alone"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logfinish(nodeid):
    if nodeid in alone and getpid() == pid:
        _exit(0)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if item.originalname != "test_stays":
        for original in originals:
            setattr(*original)
