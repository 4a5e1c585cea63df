"""Frames are written whole, whatever the link takes at a time and whatever interrupts it."""
import errno
import os
import threading

import pytest


class Link:
    """Takes the place of os.write: each call is told how many bytes it takes, or what it raises."""

    def __init__(self, *script):
        self.script = list(script)
        self.written = b""

    def __call__(self, descriptor, data):
        step = self.script.pop(0) if self.script else len(data)
        if not isinstance(step, int):
            raise step
        self.written += bytes(data[:step])
        return min(step, len(data))


@pytest.fixture
def write(worker, make_gateway):
    """Makes a gateway with an open channel write a frame with a link; returns the link and what was raised."""
    def write(*script):
        gateway = make_gateway()
        channel = gateway._channel(1)
        link = worker.os.write = Link(*script)
        worker.detach = lambda *_: link.script.append("detached")
        raised = None
        try:
            channel.send("item")
        except BaseException as error:
            raised = error
        channel._closed = True      # Nothing is written when it is dropped.
        assert not gateway._writing._is_owned()
        return link, raised
    worker.compile_lazy()
    return write


@pytest.fixture
def frame(worker):
    return worker.frame(worker.DATA, 1, "item")


def test_what_the_link_does_not_take_at_once_follows(write, frame):
    for first in range(len(frame)):
        for second in range(len(frame) - first):
            link, raised = write(first, second)
            assert (link.written, raised) == (frame, None)


def test_byte_by_byte(write, frame):
    link, raised = write(*[1] * len(frame))
    assert (link.written, raised) == (frame, None)


def test_an_interrupt_before_the_frame_leaves_it_out(write):
    link, raised = write(KeyboardInterrupt())
    assert (link.written, type(raised)) == (b"", KeyboardInterrupt)


def test_an_interrupt_inside_the_frame_comes_after_the_frame(write, frame):
    for cut in range(1, len(frame)):
        link, raised = write(cut, KeyboardInterrupt())
        assert (link.written, type(raised)) == (frame, KeyboardInterrupt)


def test_two_interrupts_inside_the_frame_end_the_link(write, frame):
    link, raised = write(3, KeyboardInterrupt(), KeyboardInterrupt())
    assert (link.written, type(raised)) == (frame[:3], KeyboardInterrupt)
    assert link.script == ["detached"]


@pytest.mark.parametrize("script", [(), (5,)])
def test_a_broken_link_is_an_error_of_the_send(write, script):
    link, raised = write(*script + (OSError(errno.EPIPE, "broken"),))
    assert isinstance(raised, IOError) and str(raised) == "cannot send (already closed?)"


def test_a_closed_channel_writes_nothing(worker, make_gateway):
    link = worker.os.write = Link()
    channel = make_gateway()._channel(1)
    channel.close()
    closed = link.written
    with pytest.raises(IOError, match="cannot send to <Channel id=1 closed>"):
        channel.send("item")
    channel.close()
    assert closed == link.written == worker.header.pack(worker.CLOSE, 1, 0)


def test_frames_of_a_busy_writer_follow_its_own(worker, make_gateway):
    """The garbage collector may drop a channel while its thread writes."""
    gateway = make_gateway()
    channel, dropped = gateway._channel(1), gateway._channel(3)

    class DroppingLink(Link):
        def __call__(self, descriptor, data):
            gateway._channel_dropped(dropped)
            dropped._closed = True
            return Link.__call__(self, descriptor, data)
    worker.compile_lazy()
    link = worker.os.write = DroppingLink()
    channel.send("item")
    channel._closed = True
    assert link.written == worker.frame(worker.DATA, 1, "item") + worker.header.pack(worker.CLOSE, 3, 0)


def test_frames_of_threads_do_not_mix(worker, make_gateway, pipe):
    reader, out = pipe
    gateway = make_gateway(out=out)
    channels = [gateway._channel(number) for number in (1, 3, 5)]
    text = "x" * 20000      # Several of them are more than a pipe holds.

    def send(channel):
        for _ in range(20):
            channel.send(text)
    threads = [threading.Thread(target=send, args=(channel,), daemon=True) for channel in channels]
    for thread in threads:
        thread.start()
    seen = []
    for _ in range(60):
        code, number, size = worker.header.unpack(reader.read(9))
        assert code == worker.DATA
        assert worker.load(reader.read(size), (True, False), None) == text
        seen.append(number)
    assert sorted(seen) == [1] * 20 + [3] * 20 + [5] * 20
    for channel in channels:
        channel._closed = True
    os.close(out)
    assert reader.read() == b""
