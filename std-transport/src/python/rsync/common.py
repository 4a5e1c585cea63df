# execnet rsync 3
#
# The far end of a sync: takes a tree (Target) or has one (Source).  Sent to a worker when it is
# needed, and runs there with `channel` in its globals.  docs/rsync-protocol.md describes the
# messages.
#
# For CPython 2.7, 3.6 and later, and PyPy; standard library only.  This file has what both roles
# need.  The file of one role follows it, and not that of the other, because compiling takes time.
# compat27.py and windows.py are between the two, and replace some functions of this file on Python 2 and
# on Windows.
#
# All file operations use descriptors of open directories and single names in them, and follow no link: a
# link that another program puts in place during a sync leads nowhere.  Windows has no such descriptors:
# there a directory is its path.
import errno
import os
import sys
from stat import S_IFREG, S_ISDIR, S_ISLNK, S_ISREG
from struct import Struct

PY3 = sys.version_info[0] >= 3
VERSION = 3
LIST, DATA, FINISH = 2, 3, 4
WANT, ASK, ACK, NOTE, DONE = 10, 11, 12, 13, 14

section = Struct('>IIB')
entry = Struct('>cHQqH')
segment = Struct('>IBHQqI')
u32 = Struct('>I')
two_u64 = Struct('>QQ')
want = Struct('>IB')
outcome = Struct('>IBH')
LAST, FIRST, SAME, FAILED, HOLE = 1, 2, 4, 8, 16
NOT_YET, WHOLE, CUT_OFF = 0, 1, 2
WRITTEN, HAD, LOST = 0, 1, 2

ROOT = 0
MAX_DEPTH = 1024
MAX_LINK = 4096
MAX_ENTRIES = 10000000
MAX_LISTING = 1 << 30
# How many folders a walk holds open: those that were requested, those it passed on the way to one,
# and waypoints, which are STRETCH levels apart.
RECENT, PASSED, WAYPOINTS = 32, 24, 16
STRETCH = 64
CLOEXEC = getattr(os, 'O_CLOEXEC', 0o2000000 if sys.platform.startswith('linux') else 0)
WINDOWS = os.name == 'nt'
if not WINDOWS:
    ANY_FOLDER = os.O_RDONLY | os.O_DIRECTORY | CLOEXEC
    FOLDER = ANY_FOLDER | os.O_NOFOLLOW
    READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | CLOEXEC
    CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | CLOEXEC


def clamped(nanoseconds):  # type: (int) -> int
    """A time that fits a record: file systems hold times before 1677 and after 2262, records do not."""
    return max(-1 << 63, min(nanoseconds, (1 << 63) - 1))


if PY3 and not WINDOWS and os.open not in os.supports_dir_fd:
    raise RuntimeError('this Python cannot work relative to open directories')


def open_folder(path):  # type: (bytes) -> Any
    """A directory by its path, which comes from the user: links are followed."""
    return os.open(path, ANY_FOLDER)


def open_folder_at(fd, name):  # type: (Any, bytes) -> Any
    return open_at(fd, name, FOLDER)


def close_folder(fd):  # type: (Any) -> None
    os.close(fd)


def stat_folder(fd):  # type: (Any) -> os.stat_result
    return os.fstat(fd)


def stat_path(path):  # type: (bytes) -> os.stat_result
    return os.stat(path)


def stat_file(file):  # type: (int) -> os.stat_result
    return os.fstat(file)


def sync_folder(fd):  # type: (Any) -> None
    os.fsync(fd)


def set_folder_mode(fd, mode):  # type: (Any, int) -> None
    os.fchmod(fd, mode)


def set_folder_mtime(fd, mtime):  # type: (Any, int) -> None
    set_mtime(fd, mtime)


def kept_mode(mode):  # type: (int) -> int
    """The permission bits that a file here can have of these."""
    return mode


def set_mode(file, mode):  # type: (int, int) -> None
    os.fchmod(file, mode)


def set_closed(fd, name, mode, mtime):  # type: (Any, bytes, int, int) -> None
    """Sets mode and time of a file that has been closed, where an open one cannot get them."""


def refusal(name, others):  # type: (bytes, Set[Any]) -> Optional[bytes]
    """Why the system does not take a name beside these others, to which it is added."""


def is_same_as_one(name, others):  # type: (bytes, Set[Any]) -> bool
    """Whether the system takes the name for one of these."""
    return False


def protocol_path(path):  # type: (bytes) -> bytes
    return path


def lstat(fd, name):  # type: (int, bytes) -> os.stat_result
    return os.stat(name, dir_fd=fd, follow_symlinks=False)


def mtime_of(status):  # type: (os.stat_result) -> int
    return clamped(status.st_mtime_ns)


def same_time(here, there):  # type: (int, int) -> bool
    return here == there


def set_mtime(fd, mtime):  # type: (int, int) -> None
    os.utime(fd, ns=(mtime, mtime))


def open_at(fd, name, flags, mode=0o600):  # type: (int, bytes, int, int) -> int
    return os.open(name, flags, mode, dir_fd=fd)


def mkdir_at(fd, name):  # type: (int, bytes) -> None
    os.mkdir(name, 0o700, dir_fd=fd)


def unlink_at(fd, name):  # type: (int, bytes) -> None
    os.unlink(name, dir_fd=fd)


def rmdir_at(fd, name):  # type: (int, bytes) -> None
    os.rmdir(name, dir_fd=fd)


def rename_at(fd, old, new):  # type: (int, bytes, bytes) -> None
    os.rename(old, new, src_dir_fd=fd, dst_dir_fd=fd)


# To not follow a link, PyPy passes a flag that the system refuses.  Without that flag the
# system follows none either.
FOLLOW = hasattr(sys, 'pypy_version_info')


def link_at(old_fd, old, fd, name):  # type: (int, bytes, int, bytes) -> None
    os.link(old, name, src_dir_fd=old_fd, dst_dir_fd=fd, follow_symlinks=FOLLOW)


def symlink_at(target, fd, name):  # type: (bytes, int, bytes) -> None
    os.symlink(target, name, dir_fd=fd)


def readlink_at(fd, name):  # type: (int, bytes) -> bytes
    return os.readlink(name, dir_fd=fd)


def list_names(fd):  # type: (int) -> List[bytes]
    return [os.fsencode(name) for name in os.listdir(fd)]


fsbytes = os.fsencode if PY3 else str  # type: Any


class Violation(Exception):
    """The other side does not keep to the protocol."""


def lstat_or_none(fd, name):  # type: (int, bytes) -> Optional[os.stat_result]
    try:
        return lstat(fd, name)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise


def check_name(name):  # type: (bytes) -> None
    if not name or name in (b'.', b'..') or b'/' in name or b'\0' in name or len(name) > 255:
        raise Violation('not the name of a directory entry: %r' % (name,))


def dispatch(handlers, message):  # type: (Dict[Any, Any], Any) -> None
    """Call the handler of a message, and check its number of fields."""
    number = message[0] if isinstance(message, tuple) and message else None
    handler, fields = handlers.get(number, (None, 0))
    if handler is None or len(message) != 1 + fields:
        raise Violation('not a message, or out of turn')
    handler(*message[1:])


def reason(error):  # type: (Exception) -> bytes
    """What went wrong, as bytes that fit a record."""
    text = getattr(error, 'strerror', None) or str(error) or type(error).__name__
    if not isinstance(text, bytes):
        text = text.encode('utf-8', 'replace')
    return text[:1024]


class Folders(object):
    """The directories of one tree by number.  The listing and the content have separate walks, so that
    neither closes what the other needs next."""

    def __init__(self, root):
        self.root = root
        self.nodes = [(ROOT, b'', 0)]
        self.listing = Walk(self)
        self.content = Walk(self)

    def add(self, parent, name):  # type: (int, bytes) -> int
        depth = self.nodes[parent][2] + 1
        if depth > MAX_DEPTH:
            raise Violation('folders nested deeper than %d' % MAX_DEPTH)
        self.nodes.append((parent, name, depth))
        return len(self.nodes) - 1

    def names(self, number):  # type: (int) -> List[bytes]
        """Those from the root to the folder."""
        found = []  # type: List[bytes]
        while number != ROOT:
            number, name, _ = self.nodes[number]
            found.insert(0, name)
        return found

    def deepest_first(self):  # type: () -> List[int]
        """All numbers but the root's, each after those of what is in it, neighbours close to one
        another."""
        inside = {}  # type: Dict[int, List[int]]
        for number in range(1, len(self.nodes)):
            inside.setdefault(self.nodes[number][0], []).append(number)
        order, pending = [], [ROOT]
        while pending:
            number = pending.pop()
            order.append(number)
            pending += inside.pop(number, ())
        return order[:0:-1]

    def close(self):  # type: () -> None
        self.listing.close()
        self.content.close()
        close_folder(self.root)


class Walk(object):
    """Opens folders when they are needed: a tree has more of them than a process can hold open.

    Going through it depth first takes a constant number of openings for each folder.  Going down,
    the parent was used last; going up past what is held, those of one stretch serve the whole way
    up through it."""

    def __init__(self, tree):
        self.tree = tree
        # A descriptor by number, with the list that the number is in, the last used last.
        self.held = {}  # type: Dict[int, Tuple[int, List[int]]]
        self.recent, self.passed, self.waypoints = [], [], []  # type: List[int], List[int], List[int]

    def open(self, number):  # type: (int) -> int
        """A descriptor that stays open until the next call at least."""
        held, nodes, missing = self.held, self.tree.nodes, []
        while number != ROOT and number not in held:
            missing.append(number)
            number = nodes[number][0]
        fd = self.use(number)
        while missing:
            number = missing.pop()
            fd = open_folder_at(fd, nodes[number][1])
            if nodes[number][2] % STRETCH == 0:
                self.hold(number, fd, self.waypoints, WAYPOINTS)
            elif missing:
                self.hold(number, fd, self.passed, PASSED)
            else:
                self.hold(number, fd, self.recent, RECENT)
        return fd

    def use(self, number):  # type: (int) -> int
        if number == ROOT:
            return self.tree.root
        fd, order = self.held[number]
        if order[-1] != number:
            order.remove(number)
            order.append(number)
        return fd

    def hold(self, number, fd, order, most):  # type: (int, int, List[int], int) -> None
        self.held[number] = fd, order
        order.append(number)
        if len(order) > most:
            close_folder(self.held.pop(order.pop(0))[0])

    def close(self):  # type: () -> None
        while self.held:
            close_folder(self.held.popitem()[1][0])


def open_file(fd, name):  # type: (int, bytes) -> Tuple[int, os.stat_result]
    """A regular file and its status.  A pipe is not waited for, nothing else is opened."""
    file = open_at(fd, name, READ)
    status = stat_file(file)
    if not S_ISREG(status.st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, 'not a regular file')
    return file, status


def digest_of(fd, name):  # type: (int, bytes) -> bytes
    import hashlib
    file, status = open_file(fd, name)
    try:
        digest = hashlib.sha256()
        while True:
            block = os.read(file, 1 << 17)
            if not block:
                return digest.digest()
            digest.update(block)
    finally:
        os.close(file)


def host():  # type: () -> bytes
    """On Linux what identifies the running system, elsewhere the host's name."""
    try:
        file = os.open('/proc/sys/kernel/random/boot_id', os.O_RDONLY | CLOEXEC)
    except OSError:
        return fsbytes(os.uname()[1])
    try:
        return os.read(file, 64).strip()
    finally:
        os.close(file)


def identity(status):  # type: (os.stat_result) -> bytes
    """Device and inode."""
    return two_u64.pack(status.st_dev & (1 << 64) - 1, status.st_ino & (1 << 64) - 1)


def serve(channel, worker, start):  # type: (Any, Any, Dict[str, Any]) -> None
    """Runs a role.  A path that it cannot open is an answer and no traceback."""
    try:
        try:
            first = worker.begin(start)
        except (EnvironmentError, ValueError, Violation) as error:
            channel.send({u'version': VERSION, u'error': reason(error)})
            return
        worker.run(first)
    finally:
        worker.close()


def absolute(path):  # type: (bytes) -> bytes
    return os.path.join(fsbytes(os.getcwd()), path)
