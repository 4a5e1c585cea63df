"""Tests that replace what others need, until their end: their reports are made and sent while it is replaced."""
import _thread
import builtins
import gc
import io
import os
import select
import signal
import socket
import struct
import sys
import threading
import time

import pytest

from support import lie, refuse

NAMES = [
    (os, "write"), (os, "read"), (os, "getpid"), (os, "kill"), (os, "dup2"), (os, "_exit"), (os, "fork"), (os, "close"),
    (time, "sleep"), (time, "time"), (time, "monotonic"), (time, "perf_counter"),
    (threading, "Thread"), (threading, "Lock"), (threading, "RLock"), (threading, "Event"), (threading, "get_ident"),
    (threading, "current_thread"),
    (_thread, "allocate_lock"), (_thread, "start_new_thread"), (_thread, "get_ident"),
    (socket, "socket"), (select, "select"), (signal, "signal"), (gc, "isenabled"),
    (struct, "pack"), (struct, "unpack"), (struct, "Struct"), (io, "BytesIO"), (io, "open"),
    (sys, "exit"), (builtins, "open"), (builtins, "print"), (builtins, "input"), (builtins, "sum"),
]
NAMED = ["%s.%s" % (module.__name__, name) for module, name in NAMES]


@pytest.mark.parametrize("by", [lie, refuse])
@pytest.mark.parametrize("module, name", NAMES, ids=NAMED)
def test_fails(monkeypatch, module, name, by):
    monkeypatch.setattr(module, name, by)
    assert False


@pytest.mark.parametrize("module, name", [(sys, "exc_info"), (builtins, "compile")], ids=["sys.exc_info", "compile"])
def test_breaks_pytest(monkeypatch, module, name):
    monkeypatch.setattr(module, name, refuse)
    assert False


@pytest.mark.parametrize("name", ["len", "isinstance", "type", "getattr", "list", "map", "__import__"])
def test_builtin_is_replaced_for_a_moment(name):
    kept = getattr(builtins, name)
    try:
        setattr(builtins, name, refuse)
    finally:
        setattr(builtins, name, kept)
    assert False


@pytest.mark.parametrize("name", ["len", "isinstance"])
def test_builtin_of_its_own_making(monkeypatch, name):
    kept = getattr(builtins, name)
    monkeypatch.setattr(builtins, name, lambda *args: kept(*args))
    assert False


def test_pass_with_all(monkeypatch):
    for module, name in NAMES:
        if module not in (builtins, sys):
            monkeypatch.setattr(module, name, refuse)


def test_modules_are_hidden(monkeypatch):
    for name in ["os", "time", "struct", "threading", "traceback", "linecache", "execnet", "socket"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert False
