"""Flow control: what a sender may send, and what a receiver gives back."""
import pytest
from programs import load_worker, text
from test_queue import Receiver, wait_for
from test_reading import link_of

WINDOW = 200
COST = 64 + 6   # of a small int


@pytest.fixture
def worker():
    worker = load_worker()
    worker.LAZY += "\nCREDIT_WINDOW = %d\n" % WINDOW + text("credit")
    worker.compile_lazy()
    return worker


@pytest.fixture
def channel(make_gateway):
    gateway = make_gateway()
    gateway.written = []
    gateway._put = gateway.written.append
    return gateway._channel(1)


def written(worker, channel):
    frames = [worker.header.unpack_from(frame) + (frame[9:],) for frame in channel.gateway.written]
    return [(code, worker.load(data, (True, False), None)) for code, _, _, data in frames]


def test_a_send_beyond_the_window_waits_for_credit(worker, channel):
    for item in range(3):
        channel.send(item)
    blocked = Receiver(lambda: channel.send(3) or "sent")
    wait_for(lambda: channel._queue.senders)
    assert written(worker, channel) == [(worker.DATA, 0), (worker.DATA, 1), (worker.DATA, 2)]
    channel.gateway._on_credit( 1, worker.frame(worker.CREDIT, 1, COST)[9:])
    assert blocked.result() == "sent"
    assert written(worker, channel)[3:] == [(worker.DATA, 3)]


def test_the_end_of_a_channel_ends_a_wait_for_credit(worker, channel):
    for item in range(3):
        channel.send(item)
    blocked = Receiver(lambda: channel.send(3))
    wait_for(lambda: channel._queue.senders)
    channel.gateway._on_close(1, b"")
    assert isinstance(blocked.result(), IOError)


def data(worker, item):
    return worker.frame(worker.DATA, 1, item)[9:]


def test_what_is_received_is_given_back_in_steps_of_half_a_window(worker, channel):
    for item in range(4):
        worker.HANDLERS[worker.DATA](channel.gateway, 1, data(worker, item))
    assert written(worker, channel) == []
    assert [channel.receive() for _ in range(4)] == list(range(4))
    assert written(worker, channel) == [(worker.CREDIT, 2 * COST)] * 2


def test_ints_in_a_row_are_counted_one_by_one(worker, make_gateway):
    stream = b"".join(worker.frame(worker.DATA, 1, item) for item in range(10))
    gateway = make_gateway(link_of(stream))
    gateway.written = []
    gateway._put = gateway.written.append
    channel = gateway._channel(1)
    gateway._read_frames()
    assert [channel.receive() for _ in range(10)] == list(range(10))
    assert sum(grant for _, grant in written(worker, channel)) == 10 * COST


def test_what_a_callback_has_had_is_given_back(worker, channel):
    seen = []
    channel.setcallback(seen.append)
    for item in range(4):
        worker.HANDLERS[worker.DATA](channel.gateway, 1, data(worker, item))
    wait_for(lambda: len(channel.gateway.written) == 2)
    assert seen == list(range(4))
    assert written(worker, channel) == [(worker.CREDIT, 2 * COST)] * 2


def test_credit_that_is_no_number_ends_the_link(worker, channel):
    for value in (-1, "1", None, True):
        with pytest.raises(worker.LoadError):
            channel.gateway._on_credit( 1, worker.frame(worker.CREDIT, 1, value)[9:])
