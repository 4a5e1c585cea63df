# The thread that reads frames.


class Reader(Writer):
    """What comes from the link, in a thread of its own."""

    # After so many items with one sent before each, the link is lent to who waits, see _lend.
    TURNS = 16 if PY3 and os.name == 'posix' else NEVER
    _turns = 0      # how many it were so far
    _prepares = False
    _sent = False   # an item, since the last one came

    def _read(self):
        reason = 'internal error'
        try:
            reason = self._read_frames()
        except BaseException:
            self._status = 1
            rest()
            note(format_exception())
        finally:
            self._end(reason)

    def _read_frames(self):
        """Handle frames until the end; returns what receivers are told then."""
        read = self._link.read
        while True:
            head = read(9)
            if len(head) < 9:
                return "couldn't load message header, expected 9 bytes, got %d" % len(head)
            code, channel_id, size = header.unpack(head)
            if code == TERMINATE:
                return None
            if code not in HANDLERS:
                rest()
            if code not in HANDLERS or size < 0:
                return self._corrupt('frame header %r' % (head,))
            data = read(size) if size else b''
            if len(data) < size:
                return 'expected %d bytes, got %d' % (size, len(data))
            try:
                HANDLERS[code](self, channel_id, data)
            except LoadError:
                return self._corrupt(exc_info()[1])
            data = None

    def _on_data(self, channel_id, data):
        channel = self._find(channel_id)
        queue = self._kept.get(channel_id) if channel is None else channel._queue
        if queue is None or queue.ended:
            return
        try:
            item = load(memoryview(data) if queue.views else data, queue.strings, self)
        except Exception:
            rest()
            self._fail(channel_id, format_exception())
        else:
            self._turns = self._turns + 1 if self._sent else 0
            self._sent = False
            lends = self._turns > self.TURNS and queue.waiters
            if lends and REST:
                self._prepare()
                lends = False
            (self._lend if lends else Queue.put)(queue, item)

    def _prepare(self):
        """Have the second part compiled while this conversation goes on."""
        if not self._prepares:
            self._prepares = True
            rest(1)
            prepare_beside(self)

    def _on_exec(self, channel_id, data):
        channel = self._channel(channel_id)
        try:
            source, file_name, call_name, kwargs = load(data, (True, False), None)
        except Exception:
            rest()
            self._finish(channel, format_exception())
            return
        channel._executing = True
        # [has it begun (None: it never will), ...]
        task = [False, channel, source, file_name, call_name, kwargs]
        with self._state:
            beside = self._main_busy
            if not beside:
                self._main_busy = True
                self._running.add(channel)
        if beside:
            self._start_beside(task)
        else:
            self._tasks.put(task)

    def _end(self, reason):
        """The link has ended; no frame comes any more."""
        self._reason = reason
        with self._state:
            self._finished = True
            busy = self._running or self._channels or self._kept
        if busy or self._dispatcher or 'threading' in sys.modules:
            self._wind_down()
        else:
            self._tasks.put(None)
