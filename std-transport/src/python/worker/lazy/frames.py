# The rarer frames.


class FrameMethods(Gateway):

    def _protocol_error(self, what):  # type: (Any) -> str
        self._status = 1
        text = 'protocol error: %s' % (what,)
        log(text)
        return text

    def _fail_channel(self, channel_id, text):  # type: (int, str) -> None
        """Close one channel, on both sides, because its item or callback went wrong."""
        channel = self._find(channel_id)
        if channel is None:
            self._write_deferred(frame(CLOSE_ERROR, channel_id, text))
            queue = self._callback_queues.pop(channel_id, None)
            log(text)
            if queue is not None:
                queue.end()
            return
        try:
            self._write(frame(CLOSE_ERROR, channel_id, text), channel, True)
        except IOError:
            pass
        self._channels.pop(channel_id, None)
        channel._error = RemoteError(text)
        channel._closed = True
        channel._queue.end()

    def _on_close(self, channel_id, data, error=None):  # type: (int, bytes, Optional[RemoteError]) -> None
        channel = self._find(channel_id)
        self._channels.pop(channel_id, None)
        if channel is not None:
            channel._error = error
            channel._closed = True
            channel._queue.end()
            return
        if error is not None:
            warn_unhandled(error)
        queue = self._callback_queues.pop(channel_id, None)
        if queue is not None:
            queue.end()

    def _on_close_error(self, channel_id, data):  # type: (int, bytes) -> None
        text = load(data, (True, False), None)
        if not isinstance(text, (str, type(u''))):
            text = repr(text)
        self._on_close(channel_id, data, RemoteError(text))

    def _on_last_message(self, channel_id, data):  # type: (int, bytes) -> None
        channel = self._find(channel_id)
        queue = self._callback_queues.pop(channel_id, None) if channel is None else channel._queue
        if queue is not None:
            queue.end()

    def _on_status(self, channel_id, data):  # type: (int, bytes) -> None
        status = {
            'numchannels': len(self._channels),
            'numexecuting': len(self._running),
            'execmodel': str(self._execmodel),
        }
        self._write_deferred(frame(DATA, channel_id, status) + header.pack(CLOSE, channel_id, 0))

    def _on_reconfigure(self, channel_id, data):  # type: (int, bytes) -> None
        strings = load(data, self._strings, self)
        if not isinstance(strings, tuple) or len(strings) != 2:
            raise LoadError('RECONFIGURE with %r' % (strings,))
        if channel_id == 0:
            self._strings = strings
            return
        channel = self._find(channel_id)
        if channel is None:
            self._early_strings[channel_id] = strings
        else:
            channel._queue.strings = strings

    def _read_ints(self, head, channel_id):  # type: (bytes, int) -> None
        """Take the ints for one channel that follow each other in the buffer, all at once."""
        # If nothing has arrived, this waits for the link, as the caller would.
        arrived = self._link.peek(header.size)
        whole = len(arrived) // int_frame.size * int_frame.size
        ints = []  # type: List[int]
        for again, tag, number, stop in int_frame.iter_unpack(memoryview(arrived)[:whole]):
            if again != head or tag != b'F' or stop != b'Q':
                break
            ints.append(number)
        if not ints:
            return
        self._link.read(int_frame.size * len(ints))
        self._ping_pongs = 0
        self._sent = False
        channel = self._find(channel_id)
        queue = self._callback_queues.get(channel_id) if channel is None else channel._queue
        if queue is not None and not queue.no_more_input:
            queue.put_all(ints)


# A header, the opcode INT with its number, and STOP.
int_frame = Struct('>9scic')
