# The main thread, which runs remote code.


class Task(object):
    """Code to run."""

    __slots__ = 'started', 'channel', 'source', 'file_name', 'call_name', 'kwargs'

    def __init__(self, channel=None, source='', file_name=None, call_name=None, kwargs=None):
        self.started = False    # type: Optional[bool]  # None: it never will be
        self.channel = channel      # type: Channel
        self.source = source        # type: str
        self.file_name = file_name  # type: Optional[str]
        self.call_name = call_name  # type: Optional[str]
        self.kwargs = kwargs        # type: Dict[str, Any]


class Gateway(Reader):
    """The worker's end of the link, whole: what runs remote code."""

    _on_interrupt = staticmethod(_signal.default_int_handler)

    def _serve(self):  # type: () -> None
        """The main thread's loop: one task after the other until the link has ended."""
        task = True
        while task is not None:
            try:
                task = self._tasks.get()
                if task is not None and self._start_task(task):
                    self._run_task(task)
                    task = False
            except KeyboardInterrupt:
                pass

    def _interruptible(self, on):  # type: (bool) -> None
        """Have Ctrl-C mean what it means to remote code, or nothing: our own steps continue."""
        if _thread.get_ident() == MAIN:
            found = _signal.signal(_signal.SIGINT, self._on_interrupt if on else ignore)
            # None: what is there is not of Python's making.
            if found is not ignore and found is not None:
                self._on_interrupt = found

    def _start_task(self, task):  # type: (Task) -> bool
        with self._state:
            if task.started is None:
                return False
            task.started = True
            self._running.add(task.channel)
            return True

    def _run_task(self, task):  # type: (Task) -> None
        channel = task.channel
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
                self._release_owned_locks()
            self._close_after_run(channel, error)
        except KeyboardInterrupt:
            self._interruptible(False)
            self._release_owned_locks()
            self._close_after_run(channel, 'keyboard-interrupted')
        finally:
            self._task_done(channel)

    def _close_after_run(self, channel, error):  # type: (Channel, Optional[str]) -> None
        """Close the channel of a task that has ended, unless the other side did."""
        if channel._executing and _thread.get_ident() == MAIN:
            with self._state:
                # Before the close: what is sent because of it is to find the main thread free.
                self._main_busy = bool(self._tasks.items)
        channel._executing = False
        if self._read_leased:
            self._end_lease()
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

    def _task_done(self, channel):  # type: (Channel) -> None
        with self._state:
            self._running.discard(channel)
            if self._idle is not None and not self._running:
                self._idle.acquire(False)
                self._idle.release()


def ignore(number, frame):  # type: (int, Any) -> None
    """A handler for signals that, unlike SIG_IGN, is not handed on to other programs."""


def failure(task):  # type: (Task) -> str
    """The current exception as a text."""
    compile_lazy()
    return format_exception(task)


def run(names, task):  # type: (Dict[str, Any], Task) -> None
    source, file_name = task.source, task.file_name
    try:
        if not PY3:
            source, file_name = native_source(source, file_name)
        code = compile(source + '\n', file_name or '<remote exec>', 'exec', 0, 1)  # type: ignore[call-overload]
        if source.startswith('# execnet '):
            compile_lazy()
            run_own(source, code, names)
        else:
            exec(code, names)
        if task.call_name:
            names[task.call_name](task.channel, **task.kwargs)
    except BaseException:
        if os.getpid() != PID:
            compile_lazy()
            exit_child(task)
        raise
    if os.getpid() != PID:
        compile_lazy()
        exit_child()


HANDLERS = {DATA: Gateway._on_data, EXEC: Gateway._on_exec}  # type: Dict[int, Callable[[Any, int, bytes], Any]]
gateway_class = Gateway
