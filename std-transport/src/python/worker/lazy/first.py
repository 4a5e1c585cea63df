# Small: it is compiled in the middle of a conversation, and has the others compiled beside it; or in a forked child.

clock = getattr(time, 'monotonic', time.time)
LULL = 0.001    # seconds: for no longer, and as long again, is the link left unread
BEAT = 0.05     # seconds: so long after an interrupt was dropped may the next one come
PATIENCE = 2    # times LULL: for no longer does a piece wait for a pause of the conversation


def prepare_beside(gateway):
    try:
        _thread.start_new_thread(prepare, (gateway,))
    except Exception:
        rest()


def prepare(gateway):
    """Compile the second part piece by piece, in the pauses of a conversation where it has some."""
    pause = new_held_lock()
    while REST:
        for _ in range(PATIENCE):
            turns = gateway._turns
            pause.acquire(True, LULL)
            if gateway._turns == turns:
                break
        rest(1)


def new_held_lock():
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


def begin_child(gateway, *descriptors):
    """A forked child has neither the link nor the threads: it must not keep the link open, write to it, or wait for
    what other threads would have to do."""
    let_go(*descriptors)
    gateway._state = RLock()
    gateway._finished = gateway._lent = True
    gateway._write = gateway._take = gateway._wait_for_reader = refuse_in_child
    Channel.__del__ = lambda self: None


def refuse_in_child(*_):
    raise IOError('a forked child has no channels')


def let_go(*descriptors):
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor, *((False,) if PY3 else ()))
    os.close(null)
