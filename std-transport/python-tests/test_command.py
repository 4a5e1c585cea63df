"""The program that runs commands: its streams, with the other side's part played here."""
import os
import queue
import sys
import threading

import pytest
from programs import text


@pytest.fixture
def command():
    names = {}
    exec(compile(text("command"), "command.py", "exec"), names)
    return names


class Channel:
    """What is sent, and what a test has to be received."""

    def __init__(self, broken=False):
        self.sent = queue.Queue()
        self.items = queue.Queue()
        self.broken = broken
        self.closed = threading.Event()

    def send(self, item):
        if self.broken:
            raise IOError("cannot send")
        self.sent.put(item)

    def receive(self):
        item = self.items.get()
        if item is EOFError:
            raise EOFError
        return item

    def __iter__(self):
        return iter(self.receive, "end")

    def close(self):
        self.closed.set()


@pytest.fixture
def pipes():
    read, write = os.pipe()
    with os.fdopen(read, "rb", 0) as reader, os.fdopen(write, "wb", 0) as writer:
        yield reader, writer


def test_output_is_sent_a_window_ahead(command, pipes):
    reader, writer = pipes
    channel = Channel()
    command["start"](command["send_output"], reader, channel)
    for number in range(command["WINDOW"]):
        writer.write(b"%d" % number)
        assert channel.sent.get() == b"%d" % number
    writer.write(b"more")
    # It waits for a confirmation, and reads after it.
    channel.items.put(None)
    assert channel.sent.get() == b"more"
    channel.items.put(EOFError)
    channel.closed.wait()
    with pytest.raises(BrokenPipeError):
        writer.write(b"nobody reads this")


def test_output_ends_with_the_pipe(command, pipes):
    reader, writer = pipes
    channel = Channel()
    writer.write(b"all")
    writer.close()
    command["send_output"](reader, channel)
    assert channel.sent.get() == b"all"
    assert channel.closed.is_set() and reader.closed


@pytest.mark.parametrize("broken", [False, True])
def test_input_is_written_whole_also_if_nobody_takes_confirmations(command, pipes, broken):
    reader, writer = pipes
    channel = Channel(broken)
    for item in b"one", b"two", "end":
        channel.items.put(item)
    command["write_input"](writer, channel)
    assert reader.read() == b"onetwo"
    assert channel.closed.is_set() and channel.sent.qsize() == (0 if broken else 2)


def test_input_that_the_command_does_not_read_is_no_error(command, pipes):
    reader, writer = pipes
    reader.close()
    command["write_input"](writer, b"x")
    assert writer.closed


def test_a_command_runs_with_its_environment(command):
    channel, stdout, stderr = Channel(), Channel(), Channel()
    program = b"import os; os.write(1, repr((os.environ['A'], 'HOME' in os.environ)).encode())"
    argv = [sys.executable.encode(), b"-c", program]
    channel.items.put((argv, b"/", [(b"A", b"1"), (b"HOME", None)], None, stdout, stderr))
    command["execnet_command"](channel)
    assert stdout.sent.get() == b"('1', False)"
    assert channel.sent.get() > 0 and channel.sent.get() == 0
    channel.items.put("end")


def test_a_command_that_cannot_start_has_a_reason(command):
    channel = Channel()
    channel.items.put(([b"/no/such"], None, [], None, Channel(), Channel()))
    command["execnet_command"](channel)
    assert channel.sent.get() == (2, "/no/such: No such file or directory")
