"""For several of the tests."""
import os


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
