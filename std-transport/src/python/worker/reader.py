# The thread that reads frames.


class Reader(Writer):
    """What comes from the link, in a thread of its own."""

    # After this many items with one sent before each, the receiver may read the link, see _lease_read.
    PING_PONG_READS = 16 if PY3 and os.name == 'posix' else NEVER
    _ping_pongs = 0     # of them so far
    # Compiling the lazy part takes as long as handling that many ints one by one.
    FEW_INTS = 500
    _ints = 0           # that came in a row
    _compiling = False
    _sent = False       # an item, since the last one came

    def _read(self):  # type: () -> None
        reason = 'internal error'  # type: Optional[str]
        try:
            reason = self._read_frames()
        except BaseException:
            self._status = 1
            compile_lazy()
            log(format_exception())
        finally:
            self._on_link_end(reason)

    def _read_frames(self):  # type: () -> Optional[str]
        """Handle frames until the end; returns the reason for receivers, or None after TERMINATE."""
        read = self._link.read
        # Where something counts or shows single frames, the reader takes them one by one.
        joins_ints = self.PING_PONG_READS != NEVER and not PYPY
        last = None
        while True:
            head = read(9)
            if len(head) < 9:
                return "couldn't load message header, expected 9 bytes, got %d" % len(head)
            code, channel_id, size = header.unpack(head)
            if code == TERMINATE:
                return None
            if code not in HANDLERS:
                compile_lazy()
            if code not in HANDLERS or size < 0:
                return self._protocol_error('frame header %r' % (head,))
            data = read(size) if size else b''
            if len(data) < size:
                return 'expected %d bytes, got %d' % (size, len(data))
            try:
                HANDLERS[code](self, channel_id, data)
                if joins_ints and size == 6 and head == last and code == DATA and data[0] == OP_INT:
                    self._read_ints(head, channel_id)
                last = head
            except LoadError:
                return self._protocol_error(exc_info()[1])
            data = None

    def _on_data(self, channel_id, data):  # type: (int, bytes) -> None
        channel = self._find(channel_id)
        queue = self._callback_queues.get(channel_id) if channel is None else channel._queue
        if queue is None or queue.no_more_input:
            return
        try:
            item = load(memoryview(data) if queue.views else data, queue.strings, self)
        except Exception:
            compile_lazy()
            self._fail_channel(channel_id, format_exception())
        else:
            self._ping_pongs = self._ping_pongs + 1 if self._sent else 0
            self._sent = False
            lease = self._ping_pongs > self.PING_PONG_READS and queue.waiters
            if lease and LAZY:
                self._compile_beside()
                lease = False
            (self._lease_read if lease else Queue.put)(queue, item)

    def _read_ints(self, head, channel_id):  # type: (bytes, int) -> None
        """Called when two ints for one channel came in a row.  That of the lazy part takes all that follow."""
        self._ints += 1
        # A conversation of ints looks the same; its lazy part is being compiled already.
        if self._ints > self.FEW_INTS and not self._compiling:
            compile_lazy()

    def _compile_beside(self):  # type: () -> None
        """Compile the lazy part during this conversation."""
        if not self._compiling:
            self._compiling = True
            compile_lazy(1)
            start_compiling()

    def _on_exec(self, channel_id, data):  # type: (int, bytes) -> None
        channel = self._channel(channel_id)
        try:
            source, file_name, call_name, kwargs = load(data, (True, False), None)
        except Exception:
            compile_lazy()
            self._close_after_run(channel, format_exception())
            return
        channel._executing = True
        task = Task(channel, source, file_name, call_name, kwargs)
        with self._state:
            beside = self._main_busy
            if not beside:
                self._main_busy = True
                self._running.add(channel)
        if beside:
            self._run_beside(task)
        else:
            self._tasks.put(task)

    def _on_link_end(self, reason):  # type: (Optional[str]) -> None
        """The link has ended; no frame comes any more."""
        self._reason = reason
        with self._state:
            self._finished = True
            busy = self._running or self._channels or self._callback_queues
        if busy or self._dispatcher or 'threading' in sys.modules:
            self._shut_down()
        else:
            self._tasks.put(None)
