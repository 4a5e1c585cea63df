"""What the benchmark scripts of this folder share: programs, stock execnet, processes and tables."""

import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RELEASE = "2.1.2"
STOCK = f"execnet=={RELEASE}"
LIMIT = 300


def arguments(description, rounds=5):
    """What the benchmarks take; without rounds if they are the program's matter."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    if rounds:
        parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--write", action="store_true", help="put the tables in their place in docs/benchmarks.md")
    return parser


def tell(lines, write, page="docs/benchmarks.md"):
    """Prints the tables of the script that runs, and puts them in their place in the book if `write` says so."""
    text = "\n".join(lines)
    print(text)
    if write:
        page = ROOT / page
        begin, end = f"<!-- scripts/{pathlib.Path(sys.argv[0]).name} -->", "<!-- up to here -->"
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        filled, count = place.subn(lambda _: f"{begin}\n\n{text}\n\n{end}", page.read_text())
        if count != 1:
            sys.exit(f"{page} has {count} places that begin with {begin}")
        page.write_text(filled)


def interpreter(python):
    """The path of the interpreter itself: a link to it, or a script that finds it, starts more slowly."""
    return os.path.realpath(output([python, "-c", "import sys; print(sys.executable)"]))


def environment(python):
    """The same, after it was given the stock execnet of scripts/stock-python, together with all that is started from
    here. The program that the script prints would be measured with the interpreter that it starts."""
    stock = output([ROOT / "scripts/stock-python", RELEASE])
    os.environ["PYTHONPATH"] = output([stock, "-c", "import os; print(os.environ['PYTHONPATH'])"])
    return interpreter(python)


def output(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def build(name):
    """The path of the program of a benchmark of ours."""
    command = ["cargo", "bench", "--locked", "-p", "execnet-tests", "--bench", name, "--no-run"]
    command.append("--message-format=json-render-diagnostics")
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    messages = map(json.loads, built.splitlines())
    return [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == name][-1]


def run(command, pinned):
    """The figures that a program prints; pinned to one core with all that it starts."""
    prefix = ["taskset", "-c", "0"] if pinned else []
    finished = subprocess.run(prefix + command, check=True, stdout=subprocess.PIPE, timeout=LIMIT)
    return [json.loads(line) for line in finished.stdout.splitlines()]


def make_tree(at, folders, files, size):
    for folder in range(folders):
        place = at / f"d{folder:04}"
        place.mkdir(parents=True)
        for file in range(files):
            (place / f"f{file:04}").write_bytes(os.urandom(size))


def file_system(place):
    return output(["stat", "-f", "-c", "%T", place])


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def machine(python):
    """What the figures were taken on."""
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown CPU")
    versions = f"{output([python, '-V'])}, {STOCK}, rustc {output(['rustc', '-V']).split()[1]}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; {versions}"
