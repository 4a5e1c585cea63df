# The threading module's idea of the main thread.


def import_threading():  # type: () -> None
    """Import threading, and have it know the main thread whichever thread asks first.

    Before Python 3.13 the module takes the thread that imports it for the main one.
    """
    try:
        know_main_thread(import_standard('threading'))
    except Exception:
        # Remote code has replaced what the module needs.
        pass


def know_main_thread(threading):  # type: (Any) -> None
    if _thread.get_ident not in (getattr(threading, name, None) for name in ('get_ident', '_get_ident')):
        # Its functions were replaced, by gevent for example.
        return
    active = threading._active
    with threading._active_limbo_lock:
        for ident, thread in list(active.items()):
            if ident != MAIN and thread.__class__.__name__ == '_MainThread':
                active[MAIN] = active.pop(ident)
                make_main(threading, thread)


def make_main(threading, thread):  # type: (Any, Any) -> None
    """Make an object of threading represent the main thread."""
    if not PY3:
        thread._Thread__ident = MAIN
        return
    thread._ident = MAIN
    if hasattr(thread, '_native_id') and sys.platform == 'linux':
        thread._native_id = os.getpid()
    # Held while the thread lives; threading releases it at the end.
    alive = _thread.allocate_lock()
    alive.acquire()
    at_exit = getattr(threading, '_shutdown_locks', None)
    if at_exit is not None:
        at_exit.discard(thread._tstate_lock)
        at_exit.add(alive)
    thread._tstate_lock = alive
