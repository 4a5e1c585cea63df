# Follows the first part of the worker if a stock socket server runs it, in the server's own process: the link is the
# connection `clientsock`, and the process continues when the link ends.  docs/protocol.md describes the bootstrap.

link = clientsock.makefile('rb', 65536)


class SocketGateway(Gateway):
    """A worker in the process of a server: it may neither take its stdio nor end it."""

    def _put(self, data):  # type: (bytes) -> None
        if os.getpid() != PID:
            raise IOError('a forked child has no channels')
        whole = False
        try:
            clientsock.sendall(data)
            whole = True
        except Exception:
            raise IOError('cannot send (already closed?)')
        finally:
            if not whole:
                # A part of the frame may have been sent: no other frame can follow it.
                hang_up()

    def _interruptible(self, on):  # type: (bool) -> None
        pass    # The server decides what Ctrl-C does.

    def _shut_down(self):  # type: () -> None
        """End all channels; give running code its time, then interrupt it.

        Code that still runs then is left alone: the process belongs to the server.
        """
        compile_lazy()
        finish_time, interrupt_time = self._grace
        with self._state:
            self._idle = new_held_lock()
            busy = bool(self._running)
        self._end_channels()
        if busy and not wait(self._idle, finish_time) and in_main_thread():
            interrupt_main()
            wait(self._idle, interrupt_time)
        if self._dispatcher is not None:
            self._dispatcher.stop(finish_time)
        self._tasks.put(None)


gateway_class = SocketGateway  # type: ignore[misc]


def child_of(found):
    """What a forked child does first. The process outlives the gateway."""
    def begin():
        gateway = found()
        if gateway is not None and not gateway._finished:
            in_child(gateway, clientsock.fileno())
    return begin


def in_main_thread():  # type: () -> bool
    """Whether this is the main thread: a signal reaches no other."""
    for thread in import_standard('threading').enumerate():
        if thread.__class__.__name__ == '_MainThread':
            return thread.ident == MAIN
    return False


def hang_up():  # type: () -> None
    try:
        clientsock.shutdown(2)
    except Exception:
        pass


def serve_socket(settings):  # type: (bytes) -> None
    """Serve `clientsock` until its end."""
    global LAZY
    config = load(settings, (True, False), None)
    LAZY = config['rest']
    compile_lazy()

    def answer(value):
        mark = b'EXECNET-' + config['nonce'] + b'-'
        clientsock.sendall(mark + frame(DATA, 0, value)[5:])
    try:
        set_up(config)
    except Exception:
        answer(format_exception())
    else:
        kind = gateway_class
        if os.environ.get('EXECNET_DEBUG'):
            kind = traced(kind, config['id'])
        gateway = kind(link, None, config)
        if hasattr(os, 'register_at_fork'):
            os.register_at_fork(after_in_child=child_of(ref(gateway)))
        _thread.start_new_thread(gateway._read, ())
        answer(os.getpid())
        gateway._serve()
    hang_up()
