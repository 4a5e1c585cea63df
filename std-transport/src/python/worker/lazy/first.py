# Small, as it is compiled during a conversation, and has the other files compiled by a thread; or in a forked child.

clock = getattr(time, 'monotonic', time.time)
HANDBACK_DELAY = 0.001      # seconds; the reader takes the link back after one to two times this delay
INTERRUPT_INTERVAL = 0.05   # seconds between two interrupts, where Python drops the first
COMPILE_PAUSE = 0.0002      # seconds between two pieces that are compiled during a conversation


def start_compiling():  # type: () -> None
    try:
        _thread.start_new_thread(compile_in_steps, ())
    except Exception:
        compile_lazy()


def compile_in_steps():  # type: () -> None
    """Compile the lazy part piece by piece, with pauses in which a conversation has the interpreter.

    Long pauses would do harm: until the end of it the receiver may not read the link.
    """
    pause = new_held_lock()
    while LAZY:
        pause.acquire(True, COMPILE_PAUSE)
        compile_lazy(1)


def begin_child(gateway, *descriptors):  # type: (Gateway, *int) -> None
    """A forked child has neither the link nor the threads: it must not keep the link open, write to it, or wait for
    what other threads would have to do."""
    detach(*descriptors)
    gateway.__class__ = ForkedGateway
    gateway._state = RLock()
    gateway._finished = gateway._read_leased = True


class ForkedGateway(Gateway):
    """The gateway in a forked child: it has no link, and its channels are closed by the parent alone."""

    def _write(self, *_):
        raise IOError('a forked child has no channels')

    _receive_leased = _wait_for_reader = _write

    def _channel_dropped(self, channel):
        pass


def detach(*descriptors):  # type: (*int) -> None
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor, *((False,) if PY3 else ()))
    os.close(null)
