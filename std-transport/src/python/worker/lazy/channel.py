# The rarer methods of channels.


class ChannelMethods(Channel):

    RemoteError = RemoteError
    TimeoutError = TimeoutError

    def __repr__(self):
        return '<Channel id=%d %s>' % (self.id, 'closed' if self._closed else 'open')

    def _take_error(self):  # type: () -> Optional[Exception]
        error, self._error = self._error, None
        if error is None and self.gateway._reason is not None:
            error = EndOfStream(self.gateway._reason)
        return error

    def isclosed(self):  # type: () -> bool
        """True if nothing can be sent any more."""
        return self._closed

    def close(self, error=None):  # type: (Any) -> None
        """Close for both sides; with a text, the other side gets it as a RemoteError."""
        if self._executing:
            raise IOError('cannot explicitly close channel within remote_exec')
        if self._closed:
            return
        if error is None:
            data = header.pack(CLOSE, self.id, 0)
        else:
            if isinstance(error, RemoteError):
                error = error.formatted
            text = error if type(error) in (str, type(u'')) else str(error)
            data = frame(CLOSE_ERROR, self.id, text)
        try:
            self.gateway._write(data, self, True)
        except IOError:
            pass
        self._closed = True
        self.gateway._channels.pop(self.id, None)
        self._queue.end()

    def waitclose(self, timeout=None):  # type: (Optional[float]) -> None
        """Wait for the end of the channel; RemoteError if the other side failed."""
        self.gateway._wait_for_reader()
        self._queue.wait_sink_done(timeout)  # type: ignore[attr-defined]
        error = self._take_error()
        if error is not None:
            raise error

    def setcallback(self, callback, endmarker=END):  # type: (Callable[[Any], Any], Any) -> None
        """Have `callback` called with each item, and with `endmarker`, if given, at the end."""
        gateway = self.gateway
        with gateway._state:
            if gateway._dispatcher is None:
                gateway._dispatcher = dispatcher_class()
        queue = self._queue
        with queue.lock:
            if queue.sink is not None:
                raise IOError('%r has a callback already' % (self,))
            queue.sink = Callback(self, callback, endmarker)
            while queue.items:
                queue.sink.put(queue.items.popleft())
            if queue.no_more_input:
                queue.sink_done = False
                queue.sink.put(END)

    def makefile(self, mode='w', proxyclose=False):  # type: (str, bool) -> ChannelFile
        """A file object: each write is an item (mode "w"), or items are read (mode "r")."""
        if mode == 'w':
            return ChannelFileWrite(self, proxyclose)
        if mode == 'r':
            return ChannelFileRead(self, proxyclose)
        raise ValueError('mode %r not available' % (mode,))

    def reconfigure(self, py2str_as_py3str=True, py3str_as_py2str=False):  # type: (bool, bool) -> None
        """Say what native texts of the other Python become, on both sides."""
        self._queue.strings = (py2str_as_py3str, py3str_as_py2str)
        self.gateway._write(frame(RECONFIGURE, self.id, self._queue.strings), self)
