"""The programs that the controller sends, joined from their files as it joins them.

usage: programs.py DIRECTORY     writes each program there, for linters
"""
import functools
import pathlib
import re
import sys
import types

HOME = pathlib.Path(__file__).resolve().parent.parent / "src/python"
PAGE_BREAK = "\f"


def order(part):
    """The files of a part of the worker, from the list in the crate's source."""
    pattern = re.compile(r"const %s: &str = pages!\((.*?)\);" % part, re.DOTALL)
    listed, = pattern.findall((HOME / "mod.rs").read_text())
    return ["worker/" + name for name in re.findall(r'"([^"]+)"', listed)]


def text(name):
    return (HOME / (name + ".py")).read_text()


def core():
    return PAGE_BREAK.join(map(text, order("CORE")))


def lazy():
    return PAGE_BREAK.join(map(text, order("LAZY")))


def rsync(role):
    """The program of one role, as it is sent."""
    common, compat27, windows, role = map(
        text, ("rsync/common", "rsync/compat27", "rsync/windows", "rsync/" + role))
    alone = "if %s:\n    exec(r'''\n%s''')\n"
    return common + "\n" + alone % ("not PY3", compat27) + alone % ("WINDOWS", windows) + role


def programs():
    """The files of each program, by its name: Python 2 has all of them."""
    worker = ["start", "end"] + order("CORE") + order("LAZY")
    return {
        "worker": worker,
        "worker_with_options": worker + ["greenlets", "credit"],
        "socket_worker": order("CORE") + ["socket"] + order("LAZY"),
        "rsync_target": ["rsync/common", "rsync/compat27", "rsync/windows", "rsync/target"],
        "rsync_source": ["rsync/common", "rsync/compat27", "rsync/windows", "rsync/source"],
        "call": ["call"],
        "command": ["command"],
        "proxy": ["proxy"],
        "install": ["install"],
        "stock_worker": ["start", "end", "stock"],
        "stock_server": ["stock_server"],
    }


@functools.lru_cache(None)
def compiled(piece):
    return compile(piece, "<execnet worker>", "exec", 0, True)


def load_worker():
    """The worker's program as a module, with its first part run and nothing started."""
    worker = types.ModuleType("execnet_worker")
    worker.link, worker.path = None, []
    for piece in core().split(PAGE_BREAK):
        exec(compiled(piece), vars(worker))
    worker.LAZY = lazy()
    # What the lazy part is compiled with: once for all tests.
    worker.compile = lambda source, *_: compiled(source)
    return worker


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for name, files in programs().items():
        (directory / (name + ".py")).write_text("".join(map(text, files)))


if __name__ == "__main__":
    main()
