# The main thread, which runs remote code.


class Gateway(Reader):
    """The worker's end of the link, whole: what runs remote code."""

    _on_interrupt = staticmethod(_signal.default_int_handler)

    def _serve(self):
        """The main thread's loop: one task after the other until the link has ended."""
        task = True
        while task is not None:
            try:
                task = self._tasks.get()
                if task is not None and self._begin(task):
                    self._execute(task)
                    task = False
            except KeyboardInterrupt:
                pass

    def _interruptible(self, on):
        """Have Ctrl-C mean what it means to remote code, or nothing: our own steps go on."""
        if _thread.get_ident() == MAIN:
            found = _signal.signal(_signal.SIGINT, self._on_interrupt if on else ignore)
            # None: what is there is not of Python's making.
            if found is not ignore and found is not None:
                self._on_interrupt = found

    def _begin(self, task):
        with self._state:
            if task[0] is None:
                return False
            task[0] = True
            self._running.add(task[1])
            return True

    def _execute(self, task):
        channel = task[1]
        # Kept until the channel is closed, so that channels in there are dropped after it.
        names = {'channel': channel, '__name__': '__channelexec__'}
        error = None
        try:
            try:
                self._interruptible(True)
                run(names, task)
            except EndOfStream:
                pass
            except KeyboardInterrupt:
                error = 'keyboard-interrupted'
            except BaseException:
                error = failure(task)
            self._interruptible(False)
            if error is not None:
                self._release_locks()
            self._finish(channel, error)
        except KeyboardInterrupt:
            self._interruptible(False)
            self._release_locks()
            self._finish(channel, 'keyboard-interrupted')
        finally:
            self._done(channel)

    def _finish(self, channel, error):
        """Close the channel of a task that has ended, unless the other side did."""
        if channel._executing and _thread.get_ident() == MAIN:
            with self._state:
                # Before the close: what is sent because of it is to find the main thread free.
                self._main_busy = bool(self._tasks.items)
        channel._executing = False
        if self._lent:
            self._call_reader()
        if error is None:
            data = header.pack(CLOSE, channel.id, 0)
        else:
            data = frame(CLOSE_ERROR, channel.id, error)
        if not self._finished:
            try:
                self._write(data, channel, True)
            except IOError:
                pass
        self._channels.pop(channel.id, None)
        channel._closed = True
        channel._queue.end()

    def _done(self, channel):
        with self._state:
            self._running.discard(channel)
            if self._idle is not None and not self._running:
                self._idle.acquire(False)
                self._idle.release()


def ignore(number, frame):
    """A handler for signals that, unlike SIG_IGN, is not handed on to other programs."""


def failure(task):
    """The current exception as a text."""
    rest()
    return format_exception(task)


def run(names, task):
    channel, source, file_name, call_name, kwargs = task[1:]
    try:
        if not PY3:
            source, file_name = native_source(source, file_name)
        code = compile(source + '\n', file_name or '<remote exec>', 'exec', 0, 1)
        if source.startswith('# execnet '):
            rest()
            run_own(source, code, names)
        else:
            exec(code, names)
        if call_name:
            names[call_name](channel, **kwargs)
    except BaseException:
        if os.getpid() != PID:
            rest()
            leave_child(task)
        raise
    if os.getpid() != PID:
        rest()
        leave_child()


HANDLERS = {DATA: Gateway._on_data, EXEC: Gateway._on_exec}
