# The rarer methods of the gateway, and what is left of a write.


class ExecModel(object):
    """What code takes from `channel.gateway.execmodel` instead of from the threading module."""

    def __init__(self, backend):  # type: (str) -> None
        threading = import_standard('threading')
        self.backend = backend
        self.subprocess, self.socket = import_standard('subprocess'), import_standard('socket')
        self.queue = import_standard('queue' if PY3 else 'Queue')
        self.Lock, self.RLock, self.Event = threading.Lock, threading.RLock, threading.Event
        self.sleep, self.get_ident, self.fdopen = time.sleep, _thread.get_ident, os.fdopen

    def __repr__(self):
        return '<ExecModel %r>' % (self.backend,)

    def start(self, func, args=()):
        _thread.start_new_thread(func, args)


exec_model_class = ExecModel


class GatewayMethods(Gateway):

    @property
    def execmodel(self):  # type: () -> ExecModel
        return exec_model_class(str(self._execmodel))

    def __repr__(self):
        return '<Gateway id=%r, %s model>' % (str(self.id), self._execmodel)

    def newchannel(self):  # type: () -> Channel
        """A new channel, to be sent to the other side inside an item."""
        with self._state:
            if self._finished:
                raise IOError('connection already closed')
            self._last_id += 2
            channel_id = self._last_id
        return self._channel(channel_id)

    def _release_owned_locks(self):  # type: () -> None
        """Release what this thread holds: before Python 3.10, and on PyPy, Ctrl-C can come between the end of a block
        and the release of its lock."""
        locks = [self._state, self._tasks.lock]
        for found in list(self._channels.values()):
            channel = found()
            if channel is not None:
                locks.append(channel._queue.lock)
        if self._dispatcher is not None:
            locks.append(self._dispatcher.queue.lock)
        for lock in locks:
            if lock._is_owned():
                lock.release()

    def _channel_dropped(self, channel):  # type: (Channel) -> None
        """The last reference to a channel is gone: this may run inside of anything, so nothing here blocks."""
        if channel._error is not None:
            warn_unhandled(channel._error)
        if channel._closed or self._finished:
            return
        # Newer Pythons clear weak references after __del__ only: it may find itself.
        if self._find(channel.id) not in (None, channel):
            return
        self._channels.pop(channel.id, None)
        queue = channel._queue
        code = CLOSE
        if queue.sink is not None and not queue.no_more_input:
            code = LAST_MESSAGE
            self._callback_queues[channel.id] = queue
        self._write_deferred(header.pack(code, channel.id, 0))

    # -- writing

    def _put_rest(self, data, done):  # type: (bytes, List[int]) -> None
        """Write what a first write has left of a frame, or deal with what it raised.

        If nothing was written, the exception is raised as it is.
        """
        error = None if done else exc_info()[1]
        whole = isinstance(error, KeyboardInterrupt)
        try:
            if isinstance(error, OSError) and (PY3 or error.errno != errno.EINTR):
                raise error
            if not whole:
                try:
                    self._write_all(data, done)
                except KeyboardInterrupt:
                    # The frame is completed first, so that other frames can follow.
                    self._write_all(data, done)
                    whole = True
                    raise
                whole = True
        except OSError:
            whole = True
            raise IOError('cannot send (already closed?)')
        finally:
            if not whole:
                # Interrupted twice inside the frame: no other frame can follow it.
                detach(self._out)

    def _write_all(self, data, done):  # type: (bytes, List[int]) -> None
        while sum(done) < len(data):
            try:
                done.extend(imap(os.write, (self._out,), (memoryview(data)[sum(done):],)))
            except OSError:
                # Only Python 2 reports EINTR.
                if PY3 or exc_info()[1].errno != errno.EINTR:
                    raise

    def _write_deferred(self, data):  # type: (bytes) -> None
        """Write a frame without waiting for other threads: now, or when they are done."""
        self._deferred_frames.append(data)
        self._flush_deferred()

    def _flush_deferred(self):  # type: () -> None
        # The thread that holds the lock checks the queue again after its release: no frame is left.
        owned = self._writing._is_owned
        if owned():
            return
        try:
            while self._deferred_frames and self._writing.acquire(False):
                try:
                    while self._deferred_frames:
                        self._put(self._deferred_frames.popleft())
                except IOError:
                    self._deferred_frames.clear()
                self._writing.release()
        finally:
            if owned():
                self._writing.release()
