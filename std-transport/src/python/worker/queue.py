# What a channel has received.


class Queue(object):
    """What a channel has received: items, then the end.

    With a sink (see Channel.setcallback) everything goes there instead of into `items`.
    """

    sink = None
    ended = False   # nothing further comes in
    over = False    # ended, and the sink has seen it
    views = False   # bytes in items are views of what was read: for programs that ask for it

    def __init__(self, strings=None):
        self.strings = strings
        self.gate = RLock()
        self.items = deque()
        self.waiters = deque()  # one held lock for each waiting get()
        self.main_waiter = None     # the main thread's
        self.closers = ()       # the same for wait_over()

    def put(self, item):
        with self.gate:
            if self.sink is not None:
                self.sink.put(item)
                return
            self.items.append(item)
            if self.waiters:
                self.wake_one()

    def get(self):
        """The next item; IndexError at the end."""
        while True:
            waiter = None if self.items else self.enter()
            if waiter is not None:
                try:
                    waiter.acquire()
                except BaseException:
                    rest()
                    self.leave(waiter)
                    raise
            try:
                return self.items.popleft()
            except IndexError:
                # Without the end another thread was faster.
                if self.ended:
                    raise

    def enter(self):
        """Queue for the next item; None if one may be there at once."""
        gate = self.gate
        try:
            with gate:
                if self.items or self.ended:
                    return None
                waiter = _thread.allocate_lock()
                waiter.acquire()
                if _thread.get_ident() == MAIN:
                    self.main_waiter = waiter
                self.waiters.append(waiter)
                return waiter
        finally:
            # As in Writer._write.
            if gate._is_owned():
                gate.release()

    def wake_one(self):
        # Ctrl-C may have taken the main thread away from its place, at any step: the lock of a
        # thread that does not wait any more must not be the only one that is released.
        while self.waiters:
            waiter = self.waiters.popleft()
            waiter.release()
            if waiter is not self.main_waiter:
                break

    def wake(self):
        while self.waiters:
            self.waiters.popleft().release()

    def end(self):
        with self.gate:
            if self.ended:
                return
            self.ended = True
            if self.sink is not None:
                self.sink.put(END)
            else:
                self.finish()

    def finish(self):
        self.over = True
        self.wake()
        for sleeper in self.closers:
            sleeper.release()


END = object()
