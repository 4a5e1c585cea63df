"""Frames are read whole, wherever what comes over the link is cut."""
import io

import pytest


class Pieces(io.RawIOBase):
    """A link that brings bytes in these pieces, and then its end."""

    def __init__(self, *pieces):
        self.pieces = [piece for piece in pieces if piece]

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.pieces.pop(0) if self.pieces else b""
        taken = min(len(piece), len(buffer))
        buffer[:taken] = piece[:taken]
        if piece[taken:]:
            self.pieces.insert(0, piece[taken:])
        return taken


def link_of(*pieces):
    return io.BufferedReader(Pieces(*pieces))


@pytest.fixture
def frames(worker):
    items = ["text", 1, [None, b"bytes"], ("last",)]
    return [worker.frame(worker.DATA, 1, item) for item in items]


@pytest.fixture
def read(make_gateway):
    """What came on channel 1 of a link, and why no more did."""
    def read(*pieces):
        gateway = make_gateway(link_of(*pieces))
        channel = gateway._channel(1)
        reason = gateway._read_frames()
        return list(channel._queue.items), reason
    return read


def terminate(worker):
    return worker.header.pack(worker.TERMINATE, 0, 0)


def test_a_cut_anywhere_changes_nothing(worker, read, frames):
    stream = b"".join(frames) + terminate(worker)
    whole = read(stream)
    assert whole == (["text", 1, [None, b"bytes"], ("last",)], None)
    for cut in range(1, len(stream)):
        assert read(stream[:cut], stream[cut:]) == whole


def test_single_bytes_are_enough(worker, read, frames):
    stream = b"".join(frames) + terminate(worker)
    assert read(*(stream[at:at + 1] for at in range(len(stream)))) == read(stream)


def test_an_end_anywhere_gives_the_whole_frames_and_says_what_is_missing(read, frames):
    stream = b"".join(frames)
    ends = [len(b"".join(frames[:count])) for count in range(len(frames) + 1)]
    for end in range(len(stream) + 1):
        items, reason = read(stream[:end])
        start = max(place for place in ends if place <= end)
        assert len(items) == ends.index(start)
        if end - start < 9:
            assert reason == "couldn't load message header, expected 9 bytes, got %d" % (end - start)
        else:
            size = ends[ends.index(start) + 1] - start - 9
            assert reason == "expected %d bytes, got %d" % (size, end - start - 9)


@pytest.fixture
def eager(worker):
    """The lazy part, which takes many ints as one."""
    worker.compile_lazy()


def test_ints_in_a_row_come_in_order(worker, read, eager):
    numbers = list(range(-300, 300)) + [2**31 - 1, -2**31, 2**31, "text", 7, 7]
    stream = b"".join(worker.frame(worker.DATA, 1, number) for number in numbers)
    assert read(stream, terminate(worker)) == (numbers, None)


def test_ints_in_a_row_may_be_cut_anywhere(worker, read, eager):
    stream = b"".join(worker.frame(worker.DATA, 1, number) for number in (1, 2, 3, 4))
    for cut in range(1, len(stream)):
        assert read(stream[:cut], stream[cut:], terminate(worker)) == ([1, 2, 3, 4], None)
        items, reason = read(stream[:cut])
        assert items == [1, 2, 3, 4][:cut // 15]
        left = cut % 15
        if left < 9:
            assert reason == "couldn't load message header, expected 9 bytes, got %d" % left
        else:
            assert reason == "expected 6 bytes, got %d" % (left - 9)


def test_ints_go_to_their_channels(worker, make_gateway, eager):
    places = [1, 1, 3, 3, 1, 5, 5, 5, 3]
    stream = b"".join(worker.frame(worker.DATA, place, at) for at, place in enumerate(places))
    gateway = make_gateway(link_of(stream))
    channels = {place: gateway._channel(place) for place in (1, 3)}
    gateway._read_frames()
    for place, channel in channels.items():
        assert list(channel._queue.items) == [at for at, found in enumerate(places) if found == place]


def test_ints_in_a_row_go_to_a_sink(worker, make_gateway, eager):
    stream = b"".join(worker.frame(worker.DATA, 1, number) for number in range(100))
    gateway = make_gateway(link_of(stream))
    channel = gateway._channel(1)
    queue = channel._queue
    queue.sink = worker.Queue()
    gateway._read_frames()
    assert list(queue.sink.items) == list(range(100)) and not queue.items


def test_other_items_of_the_size_of_an_int_are_no_ints(worker, read, eager):
    items = [1, 1, "", "", [], [], 2, 2, "", 3]
    stream = b"".join(worker.frame(worker.DATA, 1, item) for item in items)
    assert read(stream, terminate(worker)) == (items, None)


def test_many_ints_compile_the_lazy_part(worker, read):
    stream = b"".join(worker.frame(worker.DATA, 1, number) for number in range(2000))
    assert read(stream, terminate(worker)) == (list(range(2000)), None)
    assert worker.PYPY or not worker.LAZY


@pytest.mark.parametrize("code, size", [(99, 0), (-1, 0), (4, -1)])
def test_a_header_that_makes_no_sense_ends_the_link(worker, read, capfd, code, size):
    items, reason = read(worker.header.pack(code, 1, size))
    assert items == [] and reason.startswith("protocol error: frame header ")
    assert reason in capfd.readouterr().err


def test_an_item_that_cannot_be_loaded_closes_its_channel_alone(worker, make_gateway, frames, pipe):
    reader, out = pipe
    broken = worker.header.pack(worker.DATA, 1, 2) + b"\x00Q"
    after = worker.frame(worker.DATA, 3, "after")
    gateway = make_gateway(link_of(frames[0] + broken + after + terminate(worker)), out)
    channel, other = gateway._channel(1), gateway._channel(3)
    assert gateway._read_frames() is None
    assert channel.receive() == "text"
    with pytest.raises(worker.RemoteError, match="unknown opcode"):
        channel.receive()
    assert other.receive() == "after"
    code, number, size = worker.header.unpack(reader.read(9))
    assert (code, number) == (worker.CLOSE_ERROR, 1)
    assert "unknown opcode" in worker.load(reader.read(size), (True, False), None)


class TestReceiverThatReads:
    """The receiver takes a frame from the link only if all of it is there and it is the receiver's own."""

    @pytest.fixture
    def receive(self, worker, make_gateway):
        worker.compile_lazy()

        def receive(*pieces):
            gateway = make_gateway(link_of(*pieces))
            found = gateway._read_item(1, gateway._channel(1)._queue)
            return found, gateway._link.read()
        return receive

    def test_its_frame_and_whether_more_has_come(self, receive, frames):
        assert receive(frames[0]) == (("text", False), b"")
        assert receive(frames[0] + frames[1]) == (("text", True), frames[1])

    def test_a_part_of_a_frame_is_left_to_the_reader(self, receive, frames):
        for cut in range(len(frames[0])):
            found, left = receive(frames[0][:cut], frames[0][cut:] + frames[1])
            assert found is None or (cut == 0 and found == ("text", True))
            assert left == (frames[0] if found is None else b"") + frames[1]

    def test_other_frames_are_left_to_the_reader(self, worker, receive):
        for other in (worker.frame(worker.DATA, 3, "item"), worker.frame(worker.CLOSE_ERROR, 1, "error"),
                      worker.header.pack(worker.CLOSE, 1, 0), worker.header.pack(worker.DATA, 1, -1),
                      worker.header.pack(worker.DATA, 1, 100) + b"LQ",
                      worker.header.pack(worker.DATA, 1, 2) + b"\x00Q"):
            assert receive(other) == (None, other)
