# Reading the link in the thread that waits for an item.


class ReadLeaseMethods(Gateway):

    # In a ping-pong conversation the main thread reads the link itself while it waits for an item: otherwise the
    # reader would be woken only to wake it.  It takes a whole frame of its own channel, and leaves all others to the
    # reader, so that Ctrl-C at any step loses no item of another channel.

    def _lease_read(self, queue, item):  # type: (Queue, Any) -> None
        """Deliver an item, and leave the link to its receiver while it keeps reading."""
        parked = new_held_lock()
        self._reader_parked.append(parked)
        self._read_leased = True
        queue.put(item)
        reads = None
        while reads != self._lease_reads:
            reads = self._lease_reads
            if parked.acquire(True, HANDBACK_DELAY):
                break
        # A receiver that is reading finishes its item first.
        with self._reading:
            self._end_lease()

    def _end_lease(self):  # type: () -> None
        """Give the link back to the reader."""
        self._read_leased = False
        self._ping_pongs = 0
        try:
            self._reader_parked.pop().release()
        except IndexError:
            pass

    def _wait_for_reader(self):  # type: () -> None
        """Called before a wait for something that only the reader handles."""
        self._refuse_in_handler()
        self._end_lease()

    def _refuse_in_handler(self):  # type: () -> None
        """Refuse to wait in a signal handler that has interrupted a read: the reader waits for that read too."""
        if self._reading._is_owned():
            raise IOError('cannot wait for a channel inside of a receive()')

    def _receive_leased(self, channel):  # type: (Channel) -> Any
        """The next item of a channel, from the link if that is left to its receiver."""
        self._refuse_in_handler()
        found = None
        owned = self._reading._is_owned
        try:
            with self._reading:
                if self._read_leased and alone():
                    self._lease_reads += 1
                    found = self._read_item(channel.id, channel._queue)
        finally:
            # Before Python 3.10 Ctrl-C can come between the end of a block and the release.
            if owned():
                self._reading.release()
        if found is None:
            self._end_lease()
            return channel._queue.get()
        item, more = found
        if more:
            # The reader handles what has arrived at once, without a look into the buffer for each item.
            self._end_lease()
        return item

    def _read_item(self, channel_id, queue):  # type: (int, Queue) -> Optional[Tuple[Any, bool]]
        """The item of the next frame, and whether more has arrived; None if the reader must handle the frame."""
        if queue.items or queue.no_more_input or queue.views:
            return None
        try:
            data = self._link.peek(9)
        except OSError as error:
            if error.errno is None:
                # Raised by a signal handler, and not by the system.
                raise
            return None
        if len(data) < 9:
            return None
        code, frame_id, size = header.unpack_from(data)
        end = 9 + size
        if code != DATA or frame_id != channel_id or not 9 <= end <= len(data):
            return None
        try:
            # Without the gateway: there are no channels to make in here.
            item = load(data[9:end], queue.strings, None)
        except (LoadError, StructError, LookupError, TypeError, ValueError, MemoryError):
            return None
        self._link.read(end)
        return item, end < len(data)


def alone():  # type: () -> bool
    """Whether there is no third thread: it could close the channel that the main one reads for."""
    return _thread._count() == 1
