"""Shared by the scripts in Python of this folder: their options, programs, stock execnet, processes and tables."""

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


def parser_of(text):
    """A parser with the text of a script as its help: the first paragraph above the options, the others below them."""
    summary, *notes = (part for part in text.strip().split("\n\n") if not part.startswith("usage: "))
    return argparse.ArgumentParser(description=summary, epilog=" ".join(notes))


def arguments(text, rounds=5):
    """The options of a benchmark. Without rounds if its program decides how often it measures."""
    parser = parser_of(text)
    if rounds:
        parser.add_argument("--rounds", type=int, default=rounds, help="how often to measure (default: %(default)s)")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the workers (default: this one)")
    parser.add_argument("--write", action="store_true", help="replace the tables of the page")
    return parser


def tell(lines, write, page="docs/benchmarks.md"):
    """Prints the tables of the running script. With `write`, they also replace those of the page."""
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


def environment(python, release=RELEASE):
    """The same, with the stock execnet of scripts/stock-python on the path of this process and all that it starts. The
    program that scripts/stock-python prints is a shell script, whose own start would be measured too."""
    stock = output([ROOT / "scripts/stock-python", release])
    os.environ["PYTHONPATH"] = output([stock, "-c", "import os; print(os.environ['PYTHONPATH'])"])
    return interpreter(python)


def output(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def build(name):
    """Builds one of the programs of tests/benches and returns its path."""
    command = ["cargo", "bench", "--locked", "-p", "execnet-tests", "--bench", name, "--no-run"]
    command.append("--message-format=json-render-diagnostics")
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    messages = map(json.loads, built.splitlines())
    return [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == name][-1]


def run(command, pinned):
    """The figures that a program prints, one JSON document a line. If pinned, it and its children run on one core."""
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


def bars(found, label, is_ours):
    """A plot of milliseconds: a block of bars for each task, scaled to its longest. This project has its own colour."""
    left, panel, row, lines, y = 150, 420, 18, [], 10
    for what, medians in found.items():
        y += 24
        lines.append(f'<text x="{left}" y="{y - 6}" font-size="13" font-weight="bold">{what}, milliseconds</text>')
        longest = max(medians.values())
        for side, time_taken in medians.items():
            width = panel * time_taken / longest
            colour = "#c8102e" if is_ours(side) else "#4a7ab5"
            lines.append(f'<text x="{left - 6}" y="{y + 11}" text-anchor="end">{label(side)}</text>')
            lines.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="14" fill="{colour}"/>')
            lines.append(f'<text x="{left + width + 4:.1f}" y="{y + 11}" fill="#333">{number(time_taken)}</text>')
            y += row
    width, height = left + panel + 60, y + 10
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           f'font-family="sans-serif" font-size="11">')
    yield f'<rect width="{width}" height="{height}" fill="#fff"/>'
    yield from lines
    yield "</svg>"


def write_bars(name, found, label, is_ours):
    """Writes the plot to docs/benchmarks, and returns the line of the page that shows it."""
    plot = "\n".join(bars(found, label, is_ours)) + "\n"
    (ROOT / f"docs/benchmarks/{name}.svg").write_text(plot)
    return f"![the same as bars](benchmarks/{name}.svg)"


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def machine(python):
    """The machine and the versions that the figures are of."""
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown CPU")
    versions = f"{output([python, '-V'])}, {STOCK}, rustc {output(['rustc', '-V']).split()[1]}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; {versions}"
