# What Python 2.7 lacks.

if not PY3:
    # The second part is compiled at start there.
    import errno
    import fcntl
    import imp
    from itertools import compress
    from operator import methodcaller

    class RLock(object):
        """Of Python 3's, which is written in C, what is used here.

        Ctrl-C can come between any two steps of the interpreter: taking the lock and being known
        as its owner is one, and so is letting go.
        """

        def __init__(self):
            self._lock = _thread.allocate_lock()
            self._owner = []

        def acquire(self, blocking=True):
            taken = imap(self._lock.acquire, (blocking,))
            self._owner.extend(compress((_thread.get_ident(),), taken))
            return self._is_owned()

        __enter__ = acquire

        def release(self, *exc_info):
            list(imap(methodcaller('__call__'), (self._owner.pop, self._lock.release)))

        __exit__ = release

        def _is_owned(self):
            return self._owner == [_thread.get_ident()]


def native_source(source, file_name):
    """What Python 2's compile takes: its own file names, and no text with a coding line."""
    if file_name is not None and not isinstance(file_name, str):
        file_name = file_name.encode('utf-8')
    if not isinstance(source, str):
        lines = source.split('\n', 2)
        lines[:2] = [line.replace('coding', 'c0ding') if line.startswith('#') else line
                     for line in lines[:2]]
        source = '\n'.join(lines)
    return source, file_name
