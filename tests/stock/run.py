"""Runs the cases of stock controllers against a worker in Rust: run.py WORKER [NAME...].

Prints "ok CASE: NAME" for each behaviour that a case shows, or what went wrong; a case that hangs ends the program with the stacks of its threads.
"""
from __future__ import print_function

import os
import sys
import threading
import traceback

import support

import calls  # noqa: F401
import channels  # noqa: F401
import ends  # noqa: F401
import items  # noqa: F401
import places  # noqa: F401
import syncs  # noqa: F401


def hung(name):
    print("FAILED", name, "(hangs)")
    for frame in sys._current_frames().values():
        traceback.print_stack(frame, file=sys.stdout)
    sys.stdout.flush()
    os._exit(1)


def run(names, case):
    """True when the case holds."""
    name = case.__name__
    deadline = threading.Timer(support.TIMEOUT * 3, hung, [name])
    deadline.daemon = True
    deadline.start()
    try:
        case()
    except support.Skip as reason:
        print("skipped:", name + ":", reason)
        return True
    except Exception:
        print("FAILED", name)
        traceback.print_exc(file=sys.stdout)
        return False
    finally:
        deadline.cancel()
        support.end_groups()
    for shown in names:
        print("ok %s.py %s: %s" % (case.__module__, name, shown))
    return True


if __name__ == "__main__":
    support.WORKER = sys.argv[1]
    wanted = sys.argv[2:]
    cases = [case for case in support.CASES if not wanted or case[1].__name__ in wanted]
    failed = [case for case in cases if not run(*case)]
    print("%d cases, %d failed" % (len(cases), len(failed)))
    sys.exit(bool(failed or not cases))
