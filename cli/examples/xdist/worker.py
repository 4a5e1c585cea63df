"""Sends the text and the path of xdist.remote, which the controller may not have, and adds a plugin for pytest.

Imports neither pytest nor xdist: pytest rewrites the assertions of its plugins when it imports them, and warns of those
that were imported before, which projects with `filterwarnings = error` take for an error.
"""
import importlib.util
import os
import sys
import types

NO_HOOK = None


def pytest_sessionstart(session):
    """Leave out what nobody reads: the progress that pytest prints, and events that the controller ignores."""
    manager = session.config.pluginmanager
    for plugin in manager.get_plugins():
        hooks = replaced_hooks(plugin)
        if hooks:
            name = manager.get_name(plugin)
            manager.unregister(plugin)
            vars(plugin).update(hooks)
            manager.register(plugin, name)


def replaced_hooks(plugin):
    kind = type(plugin).__name__
    if kind not in ("TerminalReporter", "WorkerInteractor"):
        return {}
    hooks = {"pytest_runtest_logstart": NO_HOOK, "pytest_runtest_logfinish": NO_HOOK, "pytest_runtest_logreport": NO_HOOK}
    if kind == "WorkerInteractor":
        send = plugin.pytest_runtest_logreport

        def pytest_runtest_logreport(report):
            # A setup or teardown that passed says nothing about the outcome of its test.
            if report.when == "call" or not report.passed:
                send(report)

        hooks["pytest_runtest_logreport"] = pytest_runtest_logreport
    return hooks


plugin = types.ModuleType("execnet_xdist_worker", "PYTEST_DONT_REWRITE")
plugin.pytest_sessionstart = pytest_sessionstart
sys.modules[plugin.__name__] = plugin

found = importlib.util.find_spec("xdist")
if found is None:
    raise ImportError("pytest-xdist is not installed for " + sys.executable)
path = os.path.join(found.submodule_search_locations[0], "remote.py")
with open(path) as file:
    channel.send((file.read(), path))  # noqa: F821
