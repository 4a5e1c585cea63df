"""A test that leaves its process unfit for others is marked `alone`: the process dies after it, and before anything but its
outcome is reported, so that the test counts as crashed too."""
import os

import pytest

alone = set()
# A test may replace them; and what it forks is not to die.
getpid, _exit, pid = os.getpid, os._exit, os.getpid()


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: the process dies after it")


def pytest_collection_modifyitems(items):
    alone.update(item.nodeid for item in items if item.get_closest_marker("alone"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logfinish(nodeid):
    if nodeid in alone and getpid() == pid:
        _exit(0)
