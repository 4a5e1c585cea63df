"""Encoding and decoding by the codecs of Python, on the documents that this project's side is measured on.

usage: peers.py FOLDER SECONDS

FOLDER holds the documents as execnet's dumps wrote them. Prints a JSON object for each figure: document, codec,
direction, the median seconds of one call, and the bytes of the result.
"""

import json
import marshal
import pathlib
import pickle
import statistics
import sys
import time

import execnet

CODECS = {
    "Python execnet": (execnet.dumps, execnet.loads),
    "Python pickle": (lambda value: pickle.dumps(value, 5), pickle.loads),
    "Python marshal": (marshal.dumps, marshal.loads),
}
ROUNDS_AT_LEAST = 5


def median(call, seconds):
    times = []
    end = time.perf_counter() + seconds
    while len(times) < ROUNDS_AT_LEAST or time.perf_counter() < end:
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
        del result
    return statistics.median(times)


def measure(document, codec, value, seconds):
    encode, decode = CODECS[codec]
    encoded = encode(value)
    assert decode(encoded) == value, f"{codec} gives another document back"
    for direction, call in ("encode", lambda: encode(value)), ("decode", lambda: decode(encoded)):
        figure = {"document": document, "codec": codec, "direction": direction}
        print(json.dumps({**figure, "seconds": median(call, seconds), "size": len(encoded)}), flush=True)


def main(folder, seconds):
    for path in sorted(pathlib.Path(folder).iterdir()):
        value = execnet.loads(path.read_bytes())
        for codec in CODECS:
            measure(path.name, codec, value, float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
