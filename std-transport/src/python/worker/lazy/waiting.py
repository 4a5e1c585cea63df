# Waiting with a time limit.


def acquire_within(lock, timeout):  # type: (Any, float) -> bool
    return lock.acquire(True, min(timeout, _thread.TIMEOUT_MAX))


wait_lock = acquire_within  # how a wait with a time limit is done


def wait(lock, timeout):  # type: (Lock, Optional[float]) -> bool
    """Wait for another thread's release; False after `timeout` seconds."""
    return lock.acquire() if timeout is None else wait_lock(lock, max(0, timeout))


class QueueMethods(Queue):

    def get_within(self, timeout):  # type: (float) -> Any
        """The next item; IndexError at the end, TimeoutError after `timeout` seconds."""
        deadline = clock() + timeout
        while True:
            waiter = None if self.items else self.enter()
            if waiter is not None:
                woken = False
                try:
                    woken = wait(waiter, deadline - clock())
                finally:
                    if not woken:
                        self.leave(waiter)
            try:
                return self.items.popleft()
            except IndexError:
                if self.no_more_input:
                    raise
            if clock() >= deadline:
                raise TimeoutError('no item in the given time')

    def leave(self, waiter):  # type: (Lock) -> None
        """Stop waiting."""
        with self.lock:
            try:
                self.waiters.remove(waiter)
            except ValueError:
                # It was woken for an item, which is for another one now.
                if self.items:
                    self.wake_one()

    def wait_sink_done(self, timeout):  # type: (Optional[float]) -> None
        with self.lock:
            if self.sink_done:
                return
            waiter = new_waiter()
            self.close_waiters += (waiter,)
        if not wait(waiter, timeout) and not self.sink_done:
            raise TimeoutError('not closed in the given time')

    def delivered(self):  # type: () -> None
        """The callback has had an item."""


def receive(channel, timeout):  # type: (Channel, Optional[float]) -> Any
    """The rest of Channel.receive: a time limit, a callback, or the end."""
    if channel._queue.sink is not None:
        raise IOError('cannot receive(), channel has receiver callback')
    try:
        if timeout is not None:
            channel.gateway._wait_for_reader()
            return channel._queue.get_within(timeout)  # type: ignore[attr-defined]
    except IndexError:
        pass
    raise channel._take_error() or EndOfStream()
