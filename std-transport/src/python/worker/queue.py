# What a channel has received.


def new_held_lock():  # type: () -> Lock
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


# Makes what remote code waits with: something to acquire that any thread may release.
new_waiter = new_held_lock  # type: Callable[[], Lock]


class Queue(object):
    """What a channel has received: items, then the end.

    With a sink (see Channel.setcallback) everything goes there instead of into `items`.
    """

    sink = None     # type: Any
    no_more_input = False
    sink_done = False   # no more input, and the sink has seen the end
    views = False   # bytes in items are views of what was read: for programs that ask for it

    def __init__(self, strings=None):  # type: (Any) -> None
        self.strings = strings
        self.lock = RLock()         # type: Any
        self.items = deque()        # type: Deque[Any]
        self.waiters = deque()      # type: Deque[Lock]  # one for each waiting get()
        self.main_waiter = None     # type: Optional[Lock]  # that of the main thread
        self.close_waiters = ()     # type: Tuple[Lock, ...]  # the same for wait_sink_done()

    def put(self, item):  # type: (Any) -> None
        with self.lock:
            # The caller has looked as well, but another thread may have closed the channel since.
            if self.no_more_input:
                return
            if self.sink is not None:
                self.sink.put(item)
                return
            self.items.append(item)
            if self.waiters:
                self.wake_one()

    def put_all(self, items):  # type: (List[Any]) -> None
        with self.lock:
            if self.no_more_input:
                return
            if self.sink is not None:
                for item in items:
                    self.sink.put(item)
                return
            self.items.extend(items)
            for _ in items:
                if not self.waiters:
                    break
                self.wake_one()

    def get(self):  # type: () -> Any
        """The next item; IndexError at the end."""
        while True:
            waiter = None if self.items else self.enter()
            if waiter is not None:
                try:
                    waiter.acquire()
                except BaseException:
                    compile_lazy()
                    self.leave(waiter)  # type: ignore[attr-defined]
                    raise
            try:
                return self.items.popleft()
            except IndexError:
                # Before the end, another thread has taken the item.
                if self.no_more_input:
                    raise

    def enter(self):  # type: () -> Optional[Lock]
        """Queue for the next item; None if one may be there at once."""
        lock = self.lock
        try:
            with lock:
                if self.items or self.no_more_input:
                    return None
                waiter = new_waiter()
                if _thread.get_ident() == MAIN:
                    self.main_waiter = waiter
                self.waiters.append(waiter)
                return waiter
        finally:
            # Before Python 3.10 Ctrl-C can come between the end of a block and the release.
            if lock._is_owned():
                lock.release()

    def wake_one(self):  # type: () -> None
        # Ctrl-C may have interrupted the wait of the main thread at any step. If its lock were the only one that
        # is released, the item would wake nobody.
        while self.waiters:
            waiter = self.waiters.popleft()
            waiter.release()
            if waiter is not self.main_waiter:
                break

    def wake(self):  # type: () -> None
        while self.waiters:
            self.waiters.popleft().release()

    def end(self):  # type: () -> None
        with self.lock:
            if self.no_more_input:
                return
            self.no_more_input = True
            if self.sink is not None:
                self.sink.put(END)
            else:
                self.finish()

    def finish(self):  # type: () -> None
        self.sink_done = True
        self.wake()
        for waiter in self.close_waiters:
            waiter.release()


END = object()
queue_class = Queue
