"""The programs that the controller sends, joined from their files as it joins them.

usage: programs.py DIRECTORY     writes each program there, for linters
"""
import functools
import pathlib
import re
import sys
import types

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"
HOME = SOURCE / "python"
PAGE_BREAK = "\f"


def order(part):
    """The files of a part of the worker, from the list in the crate's source."""
    pattern = re.compile(r"const %s: &str = pages!\((.*?)\);" % part, re.DOTALL)
    found = [match for path in sorted(SOURCE.glob("*.rs")) for match in pattern.findall(path.read_text())]
    assert len(found) == 1, "the crate lists the files of %s %d times" % (part, len(found))
    return re.findall(r'"([^"]+)"', found[0])


def text(*names):
    return [(HOME / (name + ".py")).read_text() for name in names]


def core():
    return PAGE_BREAK.join(text(*("worker/" + name for name in order("CORE"))))


def lazy():
    return PAGE_BREAK.join(text(*("worker/" + name for name in order("LAZY"))))


def programs():
    """Each program whole, by name."""
    worker = text("start", "end") + [core(), lazy()]
    return {
        "worker": "".join(worker),
        "worker_with_options": "".join(worker + text("greenlets", "credit")),
        "socket_worker": "".join([core()] + text("socket") + [lazy()]),
        "rsync_target": "".join(text("rsync/common", "rsync/target")),
        "rsync_source": "".join(text("rsync/common", "rsync/source")),
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
    for name, program in programs().items():
        (directory / (name + ".py")).write_text(program)


if __name__ == "__main__":
    main()
