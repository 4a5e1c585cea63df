"""The queue of a channel, with the threads that wait for it."""
import threading
import time

import pytest


class Receiver(threading.Thread):
    """Receives one item in a thread of its own."""

    def __init__(self, get):
        threading.Thread.__init__(self, daemon=True)
        self.get = get
        self.outcome = None
        self.start()

    def run(self):
        try:
            self.outcome = self.get()
        except Exception as error:
            self.outcome = error

    def result(self):
        self.join()
        return self.outcome


def wait_for(condition):
    """The deadline is that of the test."""
    while not condition():
        time.sleep(0.001)


@pytest.fixture
def queue(worker):
    return worker.Queue()


def waiting(queue, number):
    """As many threads that wait for an item."""
    receivers = [Receiver(queue.get) for _ in range(number)]
    wait_for(lambda: len(queue.waiters) == number)
    return receivers


def test_items_come_in_order_and_then_the_end(queue):
    for item in range(3):
        queue.put(item)
    queue.end()
    assert [queue.get() for _ in range(3)] == [0, 1, 2]
    for _ in range(2):
        with pytest.raises(IndexError):
            queue.get()


def test_each_item_wakes_one_thread(queue):
    receivers = waiting(queue, 3)
    for item in range(3):
        queue.put(item)
    assert sorted(receiver.result() for receiver in receivers) == [0, 1, 2]
    assert not queue.items and not queue.waiters


def test_items_that_come_together_wake_as_many_threads(queue):
    receivers = waiting(queue, 3)
    queue.put_all([1, 2])
    assert len(queue.waiters) == 1
    queue.put(3)
    assert sorted(receiver.result() for receiver in receivers) == [1, 2, 3]


def test_nothing_follows_the_end(worker, queue):
    queue.sink = worker.Queue()
    queue.put(1)
    queue.end()
    queue.put(2)
    queue.put_all([3, 4])
    assert list(queue.sink.items) == [1, worker.END] and not queue.items


def test_a_thread_whose_item_another_has_taken_waits_again(queue):
    receiver, = waiting(queue, 1)
    queue.wake()
    wait_for(lambda: queue.waiters or not receiver.is_alive())
    queue.put("item")
    assert receiver.result() == "item"


def test_the_end_wakes_all_threads(queue):
    receivers = waiting(queue, 3)
    queue.end()
    assert [type(receiver.result()) for receiver in receivers] == [IndexError] * 3


def behind(queue):
    """A thread that waits behind the one that has called `enter`."""
    receiver = Receiver(queue.get)
    wait_for(lambda: len(queue.waiters) == 2)
    return receiver


def test_an_item_wakes_another_thread_beside_the_main_one(queue):
    """Ctrl-C may have taken the main thread away from its place."""
    assert queue.main_waiter is None
    assert queue.enter() is queue.main_waiter
    receiver = behind(queue)
    queue.put("item")
    assert receiver.result() == "item"


def test_a_thread_that_leaves_passes_its_item_on(worker, queue):
    worker.compile_lazy()
    worker.MAIN = None
    leaving = queue.enter()
    receiver = behind(queue)
    # Woken for the item, and interrupted before it takes it.
    queue.put("item")
    queue.leave(leaving)
    assert receiver.result() == "item"


def test_a_time_limit_ends_a_wait(worker, queue):
    worker.compile_lazy()
    with pytest.raises(worker.TimeoutError):
        queue.get_within(0.01)
    assert not queue.waiters
    queue.put("item")
    assert queue.get_within(0) == "item"
    queue.end()
    with pytest.raises(IndexError):
        queue.get_within(60)


def test_a_wait_for_the_end_lasts_until_the_end(worker, queue):
    worker.compile_lazy()
    with pytest.raises(worker.TimeoutError):
        queue.wait_sink_done(0.01)
    waiter = Receiver(lambda: queue.wait_sink_done(None) or "over")
    wait_for(lambda: len(queue.close_waiters) == 2)
    queue.put("item")
    queue.end()
    assert waiter.result() == "over"
    assert queue.wait_sink_done(0) is None


class Sink:
    def __init__(self):
        self.items = []
        self.put = self.items.append


def test_a_sink_gets_the_items_and_the_end(worker, queue):
    queue.sink = Sink()
    queue.put("item")
    queue.end()
    queue.end()
    assert queue.sink.items == ["item", worker.END]
    # It is over when the sink says that it has seen it.
    assert not queue.sink_done
    queue.finish()
    assert queue.sink_done
