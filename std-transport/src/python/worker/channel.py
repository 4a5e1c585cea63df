# Channels, as far as code needs them that sends and receives.


class Channel(LazyMethods):
    """One end of a two-way stream of items."""

    _closed = False     # no further send
    _executing = False  # belongs to running remote code, which may not close it
    _error = None       # type: Optional[Exception]  # a RemoteError that nobody has seen yet

    def __init__(self, gateway, channel_id, strings):  # type: (Writer, int, Strings) -> None
        self.gateway = gateway
        self.id = channel_id
        self._queue = self._make_queue(strings)

    def _make_queue(self, strings):  # type: (Strings) -> Queue
        return queue_class(strings)

    def send(self, item):  # type: (Any) -> None
        """Send an item: None, bool, number, text, bytes, list, tuple, dict, set, channel."""
        self.gateway._write(frame(DATA, self.id, item), self)

    def receive(self, timeout=None):  # type: (Optional[float]) -> Any
        """The next item; EOFError at the end, RemoteError if the other side failed."""
        queue = self._queue
        if timeout is None and queue.sink is None:
            try:
                return self.gateway._receive_leased(self) if self.gateway._read_leased else queue.get()
            except IndexError:
                pass
        compile_lazy()
        return receive(self, timeout)

    def __iter__(self):
        return self

    def __next__(self):  # type: () -> Any
        try:
            return self.receive()
        except EOFError:
            raise StopIteration

    next = __next__

    def __del__(self):  # type: () -> None
        if not self._closed or self._error is not None:
            self.gateway._channel_dropped(self)


channel_class = Channel
