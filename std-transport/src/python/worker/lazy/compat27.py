# Python 2 alone compiles this file, with all others and before anything else happens.

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


def poll(lock, timeout):
    """Python 2 has no lock with a time limit."""
    deadline = clock() + timeout
    pause = 0.0005
    while not lock.acquire(False):
        left = deadline - clock()
        if left <= 0:
            return False
        pause = min(pause * 2, left, 0.05)
        time.sleep(pause)
    return True


wait_lock = poll


class StandardImports(StandardImports):

    kept = None

    def begin(self):
        # Other threads must not import while sys.path is changed.
        imp.acquire_lock()
        self.kept = sys.path[:]
        sys.path[:] = self.path()

    def end(self):
        if self.kept is not None:
            sys.path[:] = self.kept
            self.kept = None
            imp.release_lock()


def run_own(source, code, names):  # noqa: F811
    """Run a program that the controller itself sends, not its user.

    Its modules are imported beforehand: the program may run for long, and would hold the lock of all imports for that
    time.
    """
    for line in source.splitlines():
        words = line.split()
        if words[:1] == ['import'] or words[:1] == ['from'] and 'import' in words:
            import_standard(words[1])
    exec(code, names)


def as_text(value):  # noqa: F811
    try:
        value = str(value)
    except UnicodeError:
        value = unicode(value)
    return value if isinstance(value, unicode) else value.decode('utf-8', 'replace')


def native(text):  # noqa: F811
    return text.encode('utf-8')


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


def close_on_exec(descriptors):
    """Keep programs from inheriting the link, as newer Pythons do by themselves."""
    for descriptor in descriptors:
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFD)
        fcntl.fcntl(descriptor, fcntl.F_SETFD, flags | fcntl.FD_CLOEXEC)


def dump_py2(tag, encode=None):
    def dump(put, value):
        raw = value.encode(encode) if encode else value
        put(pack_tagged(tag, len(raw)))
        put(raw)
    return dump


def dump_long(put, value):
    if -1 << 31 <= value < 1 << 31:
        put(pack_tagged(b'G', value))
    else:
        dump_big(put, value, b'I')


DUMPERS[str] = dump_py2(b'M')
DUMPERS[unicode] = dump_py2(b'S', 'utf-8')
DUMPERS[long] = dump_long
