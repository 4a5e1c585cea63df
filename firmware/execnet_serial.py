#!/usr/bin/env python3
"""Connects stock execnet to a device behind a serial line.

    gateway = execnet.makegateway("popen//python=python3 firmware/execnet_serial.py /dev/ttyUSB0 115200")
    channel = gateway.remote_exec("sum")
    channel.send([1, 2, 3])
    print(channel.receive())

The line is a serial port, with a speed behind it, or unix:PATH or tcp:HOST:PORT, a socket that leads to one. Execnet starts
this program as the interpreter of a gateway. It reads execnet's program for a Python and drops it, begins a connection
with the device, and then copies frames.

See the module `serial` of execnet-core-sync for the bytes on the line.
"""

import os
import select
import signal
import socket
import sys
import termios
import time
import tty

MARK, ESCAPE = 0xC0, 0xDB
ESCAPED = {MARK: b"\xdb\xdc", ESCAPE: b"\xdb\xdd"}
UNESCAPED = {0xDC: MARK, 0xDD: ESCAPE}
BEGIN, ACCEPT, END = b"B", b"A", b"E"
# How often a connection is begun again, and after how long the attempt is given up, in seconds.
RETRY, TIMEOUT = 0.25, 10


def encode(data):
    return data.replace(b"\xdb", ESCAPED[ESCAPE]).replace(b"\xc0", ESCAPED[MARK])


def mark(kind, number):
    content = kind + number
    check = 0xA5
    for byte in content:
        check ^= byte
    return b"\xc0" + encode(content + bytes([check]))


class Decoder:
    """Separates data from marks: yields bytes, and pairs (kind, number) of marks."""

    def __init__(self):
        self.escaped = False
        self.content = None

    def decode(self, received):
        data = bytearray()
        for byte in received:
            if byte == MARK:
                self.escaped, self.content = False, b""
                continue
            if self.escaped:
                self.escaped = False
                if byte not in UNESCAPED:
                    raise ConnectionError("bytes on the serial line were lost or changed")
                byte = UNESCAPED[byte]
            elif byte == ESCAPE:
                self.escaped = True
                continue
            if self.content is None:
                data.append(byte)
                continue
            self.content += bytes([byte])
            if len(self.content) == 6:
                content, self.content = self.content, None
                kind, number = content[:1], content[1:5]
                if mark(kind, number)[1:] == encode(content):
                    yield bytes(data)
                    data.clear()
                    yield kind, number
        yield bytes(data)


def open_line(target, baud):
    """The descriptor of the line."""
    kind, _, address = target.partition(":")
    if kind == "unix":
        line = socket.socket(socket.AF_UNIX)
        line.connect(address)
        return line.detach()
    if kind == "tcp":
        host, _, port = address.rpartition(":")
        line = socket.create_connection((host, int(port)))
        line.settimeout(None)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line.detach()
    line = os.open(target, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    settings = termios.tcgetattr(line)
    settings[2] |= termios.CLOCAL | termios.CREAD
    settings[4] = settings[5] = getattr(termios, "B%d" % baud, None)
    if settings[4] is None:
        raise ValueError("%d is not a speed of serial ports" % baud)
    termios.tcsetattr(line, termios.TCSANOW, settings)
    termios.tcflush(line, termios.TCIFLUSH)
    return line


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data) :]


def begin(line, decoder, number):
    """Begins a connection. Returns the data behind the answer."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        write_all(line, mark(BEGIN, number))
        retry = time.monotonic() + RETRY
        while time.monotonic() < retry:
            if not select.select([line], [], [], max(0, retry - time.monotonic()))[0]:
                break
            try:
                parts = list(decoder.decode(read(line)))
            except ConnectionError:
                # Noise, in front of the connection.
                continue
            if (ACCEPT, number) in parts:
                after = parts[parts.index((ACCEPT, number)) + 1 :]
                return b"".join(part for part in after if isinstance(part, bytes))
    raise TimeoutError("the device does not answer")


def read(line):
    received = os.read(line, 65536)
    if not received:
        raise ConnectionError("the serial line has ended")
    return received


def copy(line, decoder, number):
    """Copies frames until one side ends."""
    while True:
        ready = select.select([0, line], [], [])[0]
        if line in ready:
            for part in decoder.decode(read(line)):
                if isinstance(part, bytes):
                    write_all(1, part)
                elif part[0] == END and part[1] in (number, bytes(4)):
                    return
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                return
            write_all(line, encode(data))


def main():
    target = sys.argv[1] if sys.argv[1:] else ""
    if target in ("", "-h", "--help"):
        # As other programs whose output goes to a pager that is left early.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        print(__doc__.strip(), file=sys.stdout if target else sys.stderr)
        return 0 if target else 2
    # Behind the line come the speed, and what execnet gives to an interpreter.
    baud = int(sys.argv[2]) if sys.argv[2:] and sys.argv[2].isdigit() else 115200
    try:
        serve(target, baud)
    except (OSError, ValueError, termios.error) as error:
        print("execnet_serial.py: %s: %s" % (target, error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def serve(target, baud):
    line = open_line(target, baud)
    # The program that execnet sends to a Python: one line.
    while os.read(0, 1) not in (b"\n", b""):
        pass
    # Not 0, which a device that has restarted sends.
    number = os.urandom(3) + b"\x01"
    decoder = Decoder()
    first = begin(line, decoder, number)
    # What that program would answer.
    write_all(1, b"1" + first)
    try:
        copy(line, decoder, number)
    finally:
        write_all(line, mark(END, number))


if __name__ == "__main__":
    sys.exit(main())
