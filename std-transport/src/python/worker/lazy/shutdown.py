# The end of the link.


class ShutdownMethods(Gateway):
    """Running code in other threads than the main one, and shutting down."""

    def _run_beside(self, task):  # type: (Task) -> None
        """Start a task while the main thread runs another."""
        if self._execmodel == 'main_thread_only':
            self._tasks.put(task)
            _thread.start_new_thread(self._refuse_unless_started, (task,))
            return
        import_threading()
        self._start_task(task)
        try:
            _thread.start_new_thread(self._run_task, (task,))
        except Exception:
            self._close_after_run(task.channel, format_exception())
            self._task_done(task.channel)

    def _refuse_unless_started(self, task):  # type: (Task) -> None
        """Refuse the task if the main thread has not started it after a second."""
        time.sleep(1.0)
        with self._state:
            if task.started:
                return
            task.started = None
        self._close_after_run(task.channel, 'concurrent remote_exec would cause deadlock '
                              'for main_thread_only execmodel')

    def _shut_down(self):  # type: () -> None
        """End all channels; give running code its time, interrupt it, leave without it."""
        finish_time, interrupt_time = self._grace
        with self._state:
            self._idle = new_held_lock()
            busy = bool(self._running)
        self._end_channels()
        if busy and not wait(self._idle, finish_time):
            self._interrupt(interrupt_time)
        if self._dispatcher is not None:
            self._dispatcher.stop(finish_time)
        self._tasks.put(None)
        # Threads of remote code keep the interpreter from exiting, for this time at most.
        time.sleep(finish_time + interrupt_time)
        exit_now()

    def _interrupt(self, timeout):  # type: (float) -> None
        """Interrupt running code; leave if it has not ended `timeout` seconds later.

        Python drops the exception where it ends a destructor or the callback of a weakref, and tells a hook: the code
        is interrupted again then.  It is not interrupted by the clock, as that would hit what it does to end.
        """
        dropped = []
        hook = getattr(sys, 'unraisablehook', None)

        def note_dropped(event):
            if issubclass(event.exc_type, KeyboardInterrupt):
                dropped.append(True)
            else:
                hook(event)  # type: ignore[misc]

        if hook is not None:
            sys.unraisablehook = note_dropped
        deadline = clock() + timeout
        interrupt_main()
        while not wait(self._idle, min(INTERRUPT_INTERVAL, deadline - clock())):
            if clock() >= deadline:
                exit_now()
            if dropped:
                del dropped[:]
                interrupt_main()

    def _end_channels(self):  # type: () -> None
        for found in list(self._channels.values()):
            channel = found()
            if channel is not None:
                channel._queue.end()
        for queue in list(self._callback_queues.values()):
            queue.end()


def interrupt_main():  # type: () -> None
    """Have the main thread interrupted, as by Ctrl-C."""
    if os.name == 'posix':
        os.kill(os.getpid(), _signal.SIGINT)
    elif hasattr(_signal, 'raise_signal'):
        # Of Windows: kill would end the process.
        _signal.raise_signal(_signal.SIGINT)
    else:
        _thread.interrupt_main()


def exit_now():  # type: () -> None
    """Exit at once, without the shutdown of the interpreter, which would wait for running code."""
    if 'end_group' in globals():
        end_group()
    os._exit(1)
