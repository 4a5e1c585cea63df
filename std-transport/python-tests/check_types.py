"""Checks the types that the programs give in comments, with mypy.

usage: check_types.py DIRECTORY     writes there what it checks
"""
import pathlib
import re
import sys

from mypy import api
from programs import HOME, programs

HERE = pathlib.Path(__file__).resolve().parent


def locate(paths, line):
    """The file that has this line of the joined program, and the line's number in it."""
    for path in paths:
        count = path.read_text().count("\n")
        if line <= count:
            break
        line -= count
    return "%s:%d" % (path.relative_to(HERE.parent), line)


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    joined = {}
    for name, files in programs().items():
        paths = [HERE / "typed_names.py"] + [HOME / (file + ".py") for file in files]
        target = directory / (name + ".py")
        target.write_text("".join(path.read_text() for path in paths))
        joined[str(target)] = paths
    config = ["--config-file", str(HERE / "mypy.ini"), "--cache-dir", str(directory / "cache")]
    output, errors, status = api.run(config + list(joined))
    found = re.sub(r"(?m)^(.*?):(\d+)(?=: )", lambda match: locate(joined[match[1]], int(match[2])), output)
    # A file that several programs have is reported once.
    print("\n".join(dict.fromkeys(found.splitlines())), errors, sep="\n", end="")
    sys.exit(status)


if __name__ == "__main__":
    main()
