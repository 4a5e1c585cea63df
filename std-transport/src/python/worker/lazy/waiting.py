# Waiting with a time limit.


def wait(lock, timeout):
    """Wait for another thread's release; False after `timeout` seconds."""
    if timeout is None:
        return lock.acquire()
    if PY3:
        return lock.acquire(True, max(0, min(timeout, _thread.TIMEOUT_MAX)))
    return poll(lock, timeout)


def poll(lock, timeout):
    """Python 2 has no lock with a time limit."""
    deadline = clock() + timeout
    pause = 0.0005
    while not lock.acquire(False):
        left = deadline - clock()
        if left <= 0:
            return False
        pause = min(pause * 2, left, 0.05)
        time.sleep(pause)
    return True


class QueueMethods(object):

    def get_within(self, timeout):
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
                if self.ended:
                    raise
            if clock() >= deadline:
                raise TimeoutError('no item in the given time')

    def leave(self, waiter):
        """Stop waiting."""
        with self.gate:
            try:
                self.waiters.remove(waiter)
            except ValueError:
                # It was woken for an item, which is for another one now.
                if self.items:
                    self.wake_one()

    def wait_over(self, timeout):
        with self.gate:
            if self.over:
                return
            sleeper = new_held_lock()
            self.closers += (sleeper,)
        if not wait(sleeper, timeout) and not self.over:
            raise TimeoutError('not closed in the given time')


def receive(channel, timeout):
    """The rest of Channel.receive: a time limit, a callback, or the end."""
    if channel._queue.sink is not None:
        raise IOError('cannot receive(), channel has receiver callback')
    try:
        if timeout is not None:
            channel.gateway._wait_for_reader()
            return channel._queue.get_within(timeout)
    except IndexError:
        pass
    raise channel._take_error() or EndOfStream()
