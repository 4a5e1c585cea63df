# The state of the link, and writing frames to it.


class Writer(LazyMethods):
    """The worker's end of the link: what all of it knows, and sending."""

    def __init__(self, link, out, config):  # type: (Any, Any, Dict[str, Any]) -> None
        self.id = config['id'] + '-worker'
        self._execmodel = config['execmodel']
        self._grace = config['grace']
        self._link = link
        self._out = out
        self._writing = RLock()         # type: Any  # never taken twice
        self._deferred_frames = deque() # type: Deque[bytes]  # of threads that must not wait for _writing
        self._reading = RLock()         # type: Any  # held by a receiver that reads the link
        self._read_leased = False       # whether it may
        self._lease_reads = 0           # how often it has
        self._reader_parked = deque()   # type: Deque[Lock]  # the held lock that the reader waits for during a lease
        self._channels = {}             # type: Dict[int, Callable[[], Optional[Channel]]]  # weak references by id
        self._callback_queues = {}      # type: Dict[int, Queue]  # with a callback whose channel is gone
        self._early_strings = {}        # type: Dict[int, Strings]  # set before the channel came
        self._strings = (True, False)
        self._last_id = 0
        self._dispatcher = None         # type: Optional[Dispatcher]
        self._finished = False
        self._reason = None             # type: Optional[str]  # for receivers, once the link has ended by itself
        self._status = 0
        self._state = RLock()           # type: Any
        self._tasks = queue_class()     # for the main thread
        self._main_busy = False
        self._running = set()           # type: Set[Channel]  # of tasks
        self._idle = None               # type: Optional[Lock]  # held, and released when the last task ends

    def _find(self, channel_id):  # type: (int) -> Optional[Channel]
        found = self._channels.get(channel_id)
        return found and found()

    def _channel(self, channel_id):  # type: (int) -> Channel
        channel = self._find(channel_id)
        if channel is None:
            strings = self._early_strings.pop(channel_id, self._strings)
            channel = channel_class(self, channel_id, strings)
            if self._finished:
                channel._queue.end()
            else:
                self._channels[channel_id] = ref(channel)
        return channel

    # A frame is one write, and frames of two threads never mix.

    def _write(self, data, channel, last=False):  # type: (bytes, Channel, bool) -> None
        """Write a frame of an open channel, which the `last` one closes."""
        owned = self._writing._is_owned
        if owned():
            # A __del__ that sends, run by the garbage collector during a write of this thread.
            self._deferred_frames.append(data)
            return
        try:
            with self._writing:
                if channel._closed:
                    raise IOError('cannot send to %r' % (channel,))
                if last:
                    channel._closed = True
                self._sent = True
                self._put(data)
        finally:
            # Before Python 3.10 Ctrl-C can come between the end of a block and the release.
            if owned():
                self._writing.release()
            # Even if nothing was written: other threads have queued frames because the lock was held.
            if self._deferred_frames:
                self._flush_deferred()

    def _put(self, data):  # type: (bytes) -> None
        # Ctrl-C can come between any two steps of the interpreter.  This is one step: the number of bytes
        # written is known, so the rest of the frame can follow.
        done = []  # type: List[int]
        try:
            done.extend(imap(os.write, (self._out,), (data,)))
        finally:
            if done != [len(data)]:
                compile_lazy()
                self._put_rest(data, done)
