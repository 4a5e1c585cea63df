"""The controller's side of a sync, without its rules: it sends what a test says, and unpacks what comes."""
import os
import struct
import types

from programs import rsync

LIST, DATA, FINISH = 2, 3, 4
WANT, ASK, ACK, NOTE, DONE = 10, 11, 12, 13, 14
LAST, FIRST, SAME, FAILED, HOLE = 1, 2, 4, 8, 16
NOT_YET, WHOLE, CUT_OFF = 0, 1, 2
WRITTEN, UNCHANGED, LOST = 0, 1, 2
TIME = 1500000000 * 10 ** 9
SETTINGS = {
    "version": 3, "delete": False, "checksum": False, "dry_run": False, "special_modes": False, "sparse": False,
    "hard_links": False, "fsync": False, "window": 1 << 20,
}


class Sync:
    """A sync with the program of one role, in a worker."""

    def __init__(self, worker, role, path, **settings):
        self.channel = worker.run(rsync(role))
        self.channel.send(dict(SETTINGS, path=os.fsencode(str(path)), **settings))
        self.send = self.channel.send
        self.receive = self.channel.receive
        self.ready = self.receive()

    def messages(self):
        """The messages until the end of the channel."""
        found = []
        while True:
            try:
                found.append(self.receive())
            except EOFError:
                return found


def entry(kind, name, mode=0o644, size=0, mtime=TIME, text=b""):
    return struct.pack(">cHQqH", kind, mode, size, mtime, len(name)) + name + text


def file(name, size=0, **fields):
    return entry(b"f", name, size=size, **fields)


def folder(name, mode=0o755, **fields):
    return entry(b"d", name, mode=mode, **fields)


def link(name, text, kind=b"l"):
    return entry(kind, name, size=len(text), text=text)


def section(number, *entries, ending=WHOLE, count=None):
    return struct.pack(">IIB", number, len(entries) if count is None else count, ending) + b"".join(entries)


def segment(number, flags, length=0, size=0, mode=0o644, mtime=TIME):
    return struct.pack(">IBHQqI", number, flags, mode, size, mtime, length)


def whole(number, content, **fields):
    """A DATA message with a whole file."""
    return DATA, segment(number, FIRST | LAST, len(content), size=len(content), **fields), content


def wants(data):
    """Pairs of a file number and a digest or None."""
    found = []
    while data:
        number, has_digest = struct.unpack(">IB", data[:5])
        end = 5 + 32 * has_digest
        found.append((number, data[5:end] or None))
        data = data[end:]
    return found


def outcomes(data):
    found = []
    while data:
        number, result, size = struct.unpack(">IBH", data[:7])
        found.append((number, result, data[7:7 + size]))
        data = data[7 + size:]
    return found


def notes(data):
    found = []
    while data:
        kind, number, size = struct.unpack(">cIH", data[:7])
        name, data = data[7:7 + size], data[7 + size:]
        size, = struct.unpack(">H", data[:2])
        found.append((kind, number, name, data[2:2 + size]))
        data = data[2 + size:]
    return found


def segments(data):
    fields = "number", "flags", "mode", "size", "mtime", "length"
    return [types.SimpleNamespace(**dict(zip(fields, found))) for found in struct.iter_unpack(">IBHQqI", data)]


def listing(data):
    """The sections of a LIST: number, ending, and entries as (kind, name, mode, size, time, text)."""
    found = []
    while data:
        number, count, ending = struct.unpack(">IIB", data[:9])
        data, entries = data[9:], []
        for _ in range(count):
            kind, mode, size, mtime, length = struct.unpack(">cHQqH", data[:21])
            name, data = data[21:21 + length], data[21 + length:]
            # What has a text gives its length as its size.
            text_length = {b"l": size, b"i": size, b"k": size, b"h": 4}.get(kind, 0)
            entries.append((kind, name, mode, size, mtime, data[:text_length]))
            data = data[text_length:]
        found.append((number, ending, entries))
    return found


def pack_root(kind=b"d", mode=0o755, size=0, mtime=TIME):
    return struct.pack(">cHQqH", kind, mode, size, mtime, 0)
