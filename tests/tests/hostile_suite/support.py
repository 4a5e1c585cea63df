"""For several of the tests."""
import builtins
import os
import socket
import struct
import threading
import time

# What `test_stays` replaces and does not put back.
STAYING = [
    (os, "write"), (os, "kill"), (os, "_exit"), (time, "sleep"), (time, "time"),
    (threading, "Lock"), (threading, "Event"), (struct, "pack"), (struct, "Struct"), (socket, "socket"),
    (builtins, "print"), (builtins, "input"),
]


def reap_all():
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break


def lie(*args, **kwargs):
    return 0


def refuse(*args, **kwargs):
    raise OSError("patched")
