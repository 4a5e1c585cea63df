# execnet rsync 3
#
# The far end of a sync: takes a tree (Target) or has one (Source).  Sent to a worker when it is
# needed, and runs there with `channel` in its globals.  docs/rsync-protocol.md describes the
# messages.
#
# One file for CPython 2.7, 3.6 and later, and PyPy; standard library only.  The file is cut at the
# lines that begin with "# ==": first what both roles need, then a part for each role, of which
# only one is sent, because compiling takes time.
#
# All file work goes through descriptors of open directories and single names in them, and follows
# no link: whoever swaps one in while a sync runs leads it nowhere.
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
four = Struct('>I')
two = Struct('>QQ')
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
# How many folders a walk holds open: those it was asked for, those it passed on the way to one,
# and waypoints, which are STRETCH levels apart.
RECENT, PASSED, WAYPOINTS = 32, 24, 16
STRETCH = 64
CLOEXEC = getattr(os, 'O_CLOEXEC', 0o2000000 if sys.platform.startswith('linux') else 0)
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | CLOEXEC
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | CLOEXEC


def clamped(nanoseconds):
    """A time that fits a record: file systems hold times before 1677 and after 2262, records do not."""
    return max(-1 << 63, min(nanoseconds, (1 << 63) - 1))


if PY3:
    if os.open not in os.supports_dir_fd:
        raise RuntimeError('this Python cannot work relative to open directories')

    def lstat(fd, name):
        return os.stat(name, dir_fd=fd, follow_symlinks=False)

    def mtime_of(status):
        return clamped(status.st_mtime_ns)

    def same_time(here, there):
        return here == there

    def set_mtime(fd, mtime):
        os.utime(fd, ns=(mtime, mtime))

    def open_at(fd, name, flags, mode=0o600):
        return os.open(name, flags, mode, dir_fd=fd)

    def mkdir_at(fd, name):
        os.mkdir(name, 0o700, dir_fd=fd)

    def unlink_at(fd, name):
        os.unlink(name, dir_fd=fd)

    def rmdir_at(fd, name):
        os.rmdir(name, dir_fd=fd)

    def rename_at(fd, old, new):
        os.rename(old, new, src_dir_fd=fd, dst_dir_fd=fd)

    # To not follow a link, PyPy passes a flag that the system refuses.  Without that flag the
    # system follows none either.
    FOLLOW = hasattr(sys, 'pypy_version_info')

    def link_at(old_fd, old, fd, name):
        os.link(old, name, src_dir_fd=old_fd, dst_dir_fd=fd, follow_symlinks=FOLLOW)

    def symlink_at(target, fd, name):
        os.symlink(target, name, dir_fd=fd)

    def readlink_at(fd, name):
        return os.readlink(name, dir_fd=fd)

    def list_names(fd):
        return [os.fsencode(name) for name in os.listdir(fd)]

    fsbytes = os.fsencode
else:
    # Python 2 has no calls relative to a directory, but Linux has a name for each open one.
    if not os.path.isdir('/proc/self/fd'):
        raise RuntimeError('Python 2 needs /proc/self/fd to work relative to open directories')

    def at(fd, name):
        return '/proc/self/fd/%d/%s' % (fd, name)

    def lstat(fd, name):
        return os.lstat(at(fd, name))

    def mtime_of(status):
        # What the system counts in nanoseconds is a float here.
        return clamped(int(status.st_mtime * 1000000) * 1000)

    def same_time(here, there):
        # Its utime cuts off the fraction of a time before 1970.
        cut = there if there >= 0 else -(-there // 1000000000 * 1000000000)
        # A float and its parts cut off a microsecond twice, and round beside it.
        return abs(here - there) <= 3000 or here == cut

    def set_mtime(fd, mtime):
        seconds = mtime / 1e9
        os.utime('/proc/self/fd/%d' % fd, (seconds, seconds))

    def open_at(fd, name, flags, mode=0o600):
        return os.open(at(fd, name), flags, mode)

    def mkdir_at(fd, name):
        os.mkdir(at(fd, name), 0o700)

    def unlink_at(fd, name):
        os.unlink(at(fd, name))

    def rmdir_at(fd, name):
        os.rmdir(at(fd, name))

    def rename_at(fd, old, new):
        os.rename(at(fd, old), at(fd, new))

    def link_at(old_fd, old, fd, name):
        os.link(at(old_fd, old), at(fd, name))

    def symlink_at(target, fd, name):
        os.symlink(target, at(fd, name))

    def readlink_at(fd, name):
        return os.readlink(at(fd, name))

    def list_names(fd):
        return os.listdir('/proc/self/fd/%d' % fd)

    fsbytes = str


class Violation(Exception):
    """The other side does not keep to the protocol."""


def lstat_or_none(fd, name):
    try:
        return lstat(fd, name)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise


def check_name(name):
    if not name or name in (b'.', b'..') or b'/' in name or b'\0' in name or len(name) > 255:
        raise Violation('not the name of a directory entry: %r' % (name,))


def dispatch(handlers, message):
    """Call what is there for a message, with so many fields."""
    number = message[0] if isinstance(message, tuple) and message else None
    handler, fields = handlers.get(number, (None, 0))
    if handler is None or len(message) != 1 + fields:
        raise Violation('not a message, or out of turn')
    handler(*message[1:])


def reason(error):
    """What went wrong, as bytes that fit a record."""
    text = getattr(error, 'strerror', None) or str(error) or type(error).__name__
    if not isinstance(text, bytes):
        text = text.encode('utf-8', 'replace')
    return text[:1024]


class Folders(object):
    """The directories of one tree by number.  The listing and the content have walks of their
    own: neither takes away what the other needs next."""

    def __init__(self, root):
        self.root = root
        self.nodes = [(ROOT, b'', 0)]
        self.listing = Walk(self)
        self.content = Walk(self)

    def add(self, parent, name):
        depth = self.nodes[parent][2] + 1
        if depth > MAX_DEPTH:
            raise Violation('folders nested deeper than %d' % MAX_DEPTH)
        self.nodes.append((parent, name, depth))
        return len(self.nodes) - 1

    def deepest_first(self):
        """All numbers but the root's, each after those of what is in it, neighbours close to one
        another."""
        inside = {}
        for number in range(1, len(self.nodes)):
            inside.setdefault(self.nodes[number][0], []).append(number)
        order, pending = [], [ROOT]
        while pending:
            number = pending.pop()
            order.append(number)
            pending += inside.pop(number, ())
        return order[:0:-1]

    def close(self):
        self.listing.close()
        self.content.close()
        os.close(self.root)


class Walk(object):
    """Opens folders when they are needed: a tree has more of them than a process can hold open.

    Going through it depth first takes a constant number of openings for each folder.  Going down,
    the parent was used last; going up past what is held, those of one stretch serve the whole way
    up through it."""

    def __init__(self, tree):
        self.tree = tree
        # A descriptor by number, with the list that the number is in, the last used last.
        self.held = {}
        self.recent, self.passed, self.waypoints = [], [], []

    def open(self, number):
        """A descriptor that stays open until the next call at least."""
        held, nodes, missing = self.held, self.tree.nodes, []
        while number != ROOT and number not in held:
            missing.append(number)
            number = nodes[number][0]
        fd = self.use(number)
        while missing:
            number = missing.pop()
            fd = open_at(fd, nodes[number][1], FOLDER)
            if nodes[number][2] % STRETCH == 0:
                self.hold(number, fd, self.waypoints, WAYPOINTS)
            elif missing:
                self.hold(number, fd, self.passed, PASSED)
            else:
                self.hold(number, fd, self.recent, RECENT)
        return fd

    def use(self, number):
        if number == ROOT:
            return self.tree.root
        fd, order = self.held[number]
        if order[-1] != number:
            order.remove(number)
            order.append(number)
        return fd

    def hold(self, number, fd, order, most):
        self.held[number] = fd, order
        order.append(number)
        if len(order) > most:
            os.close(self.held.pop(order.pop(0))[0])

    def close(self):
        while self.held:
            os.close(self.held.popitem()[1][0])


def open_file(fd, name):
    """A regular file and its status.  A pipe is not waited for, nothing else is opened."""
    file = open_at(fd, name, READ)
    status = os.fstat(file)
    if not S_ISREG(status.st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, 'not a regular file')
    return file, status


def digest_of(fd, name):
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


def host():
    """On Linux what identifies the running system, elsewhere the host's name."""
    try:
        file = os.open('/proc/sys/kernel/random/boot_id', os.O_RDONLY | CLOEXEC)
    except OSError:
        return fsbytes(os.uname()[1])
    try:
        return os.read(file, 64).strip()
    finally:
        os.close(file)


def identity(status):
    """Device and inode."""
    return two.pack(status.st_dev & (1 << 64) - 1, status.st_ino & (1 << 64) - 1)


def serve(channel, worker, start):
    """Lets a worker begin and run.  A place that it cannot open is an answer and no traceback."""
    try:
        try:
            first = worker.begin(start)
        except (EnvironmentError, ValueError, Violation) as error:
            channel.send({u'version': VERSION, u'error': reason(error)})
            return
        worker.run(first)
    finally:
        worker.close()


def absolute(path):
    return os.path.join(fsbytes(os.getcwd()), path)
# == target ==


class Target(object):
    """Takes what it asks for into a tree.  Other names of files come after the files, then links,
    deletions after these, modes and times of folders last."""

    def __init__(self, channel, start):
        self.channel = channel
        self.delete = start['delete']
        self.checksum = start['checksum']
        self.dry_run = start['dry_run']
        self.file_mode = 0o7777 if start['special_modes'] else 0o777
        self.sparse = start['sparse']
        self.hard_links = start['hard_links']
        self.fsync = start['fsync']
        self.window = start['window']
        self.wanted = []
        self.next_wanted = 0
        self.incoming = None
        self.files = self.taken = self.acknowledged = self.temporaries = 0
        self.entries = self.listed = 0
        # Folders whose listing is still to come, the next one last.
        self.due = []
        self.listing = None
        self.links = []
        # Files with several names: by the number of the first, its place and which file it is;
        # that of a name by its own number while its content is to come; and the names to give.
        self.groups = {}
        self.group_of = {}
        self.names = []
        self.deletions = []
        self.outcomes = []
        self.notes = []
        self.prefix = b'.execnet-rsync.' + os.urandom(6).hex().encode() if PY3 else (
            '.execnet-rsync.' + os.urandom(6).encode('hex'))
        # By folder: whether it was here ('old'), was made ('new'), would be in a dry run
        # ('imagined'), or is not to be touched (None); its mode and time.
        self.states = []
        self.folders = None

    def begin(self, start):
        """Opens where the tree goes, and returns the request for a tree that is a single file."""
        path = start['path']
        kind, mode, size, mtime, _ = entry.unpack(start['root'])
        self.place = absolute(path)
        if kind == b'd':
            self.due.append(ROOT)
            self.open_root(path, mode, mtime)
            if self.delete and self.states[ROOT][0] == 'old':
                self.spare_source(start)
            return []
        self.open_root(os.path.dirname(path) or b'.', 0o700, 0)
        name = os.path.basename(path)
        check_name(name)
        wants = self.take_file(ROOT, self.folders.root, name, mode, size, mtime)
        self.states[ROOT][0] = None
        return wants

    def spare_source(self, start):
        """Raises an error if the source is in this tree, on this running system."""
        above = start.get('above', b'')
        here = identity(os.fstat(self.folders.root))
        if start.get('host') == host():
            for pos in range(0, len(above), two.size):
                if above[pos:pos + two.size] == here:
                    raise OSError(errno.EINVAL, 'the source is in it and would be deleted')

    def open_root(self, path, mode, mtime):
        presence = 'old'
        if not os.path.isdir(path):
            presence = 'imagined' if self.dry_run else 'new'
            if not self.dry_run:
                self.make_root(path)
        stand_in = b'.' if presence == 'imagined' else path
        self.folders = Folders(os.open(stand_in, os.O_RDONLY | os.O_DIRECTORY | CLOEXEC))
        self.states.append([presence, mode, mtime])

    def make_root(self, path):
        parents = []
        at = absolute(path)
        while self.fsync and not os.path.isdir(at):
            at = os.path.dirname(at.rstrip(b'/'))
            parents.append(at)
        os.makedirs(path)
        for parent in parents:
            fd = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | CLOEXEC)
            os.fsync(fd)
            os.close(fd)

    def run(self, wants):
        self.channel.send({u'version': VERSION})
        if wants:
            self.channel.send((WANT, b''.join(wants)))
        self.finish_if_due()
        # Content is written from the memory it was read into.  Other workers do not know this.
        queue = getattr(self.channel, '_queue', None)
        if PY3 and hasattr(queue, 'views'):
            queue.views = True
        handlers = {LIST: (self.on_list, 1), DATA: (self.on_data, 2)}
        while True:
            message = self.channel.receive()
            if message == (FINISH,):
                return
            dispatch(handlers, message)
            self.finish_if_due()

    # -- the listing

    def on_list(self, data):
        data = bytes(data)
        pos, end, wants = 0, len(data), []
        self.listed += end
        while pos < end:
            folder, count, ending = section.unpack_from(data, pos)
            self.entries += count
            if self.entries > MAX_ENTRIES or self.listed > MAX_LISTING:
                raise Violation('more entries than the limit')
            last, names, first = self.enter(folder)
            pos = self.take_entries(data, pos + section.size, folder, count, last, names, wants)
            if ending == NOT_YET:
                self.listing = (folder, self.last_name, names, first)
                continue
            # What is in a folder comes before its neighbours.
            self.due += range(len(self.folders.nodes) - 1, first - 1, -1)
            if ending == WHOLE:
                self.find_deletions(folder, names)
        if pos != end:
            raise Violation('a record that is cut short')
        if wants:
            self.channel.send((WANT, b''.join(wants)))
        self.send_notes()

    def enter(self, folder):
        if self.listing is not None:
            current, last, names, first = self.listing
            self.listing = None
            if current == folder:
                return last, names, first
        elif self.due and self.due.pop() == folder:
            return b'', set(), len(self.folders.nodes)
        raise Violation('the listing of a folder that is not due')

    def take_entries(self, data, pos, folder, count, last, names, wants):
        state = self.states[folder][0]
        fd = None
        if state == 'old' or state == 'new':
            try:
                fd = self.folders.listing.open(folder)
            except OSError as error:
                self.states[folder][0] = state = None
                self.note(b'e', folder, b'', reason(error))
        unpack, size_of_entry, delete = entry.unpack_from, entry.size, self.delete
        # What is unchanged is passed over in here: in most syncs that is nearly everything.
        quick = state == 'old' and PY3 and not self.checksum
        stat, file_mode = os.stat, self.file_mode
        for _ in range(count):
            kind, mode, size, mtime, length = unpack(data, pos)
            pos += size_of_entry
            name = data[pos:pos + length]
            pos += length
            if (name <= last or b'/' in name or b'\0' in name or name == b'.' or name == b'..'
                    or length > 255):
                raise Violation('not a name, or not in ascending order: %r' % (name,))
            last = name
            if delete:
                names.add(name)
            if kind == b'f':
                if quick:
                    try:
                        here = stat(name, dir_fd=fd, follow_symlinks=False)
                        if (here.st_mtime_ns == mtime and here.st_size == size
                                and here.st_mode == mode & file_mode | S_IFREG):
                            self.files += 1
                            continue
                    except OSError:
                        pass
                if state is not None:
                    wants += self.take_file(folder, fd, name, mode, size, mtime)
                self.files += 1
            elif kind == b'h':
                group, = four.unpack_from(data, pos)
                pos += four.size
                wants += self.take_name(group, folder, fd, name, mode, size, mtime)
                self.files += 1
            elif kind == b'd':
                self.take_folder(folder, fd, name, mode, mtime)
            elif kind == b'l' or kind == b'i':
                target = data[pos:pos + size]
                pos += size
                if size > MAX_LINK:
                    raise Violation('the text of a link is too long')
                if kind == b'i':
                    target = self.inside(target)
                if state is not None:
                    self.links.append((folder, name, target))
            elif kind == b'k':
                pos += size
                if size > MAX_LINK:
                    raise Violation('the text of a reason is too long')
            else:
                raise Violation('an entry of no known kind: %r' % (kind,))
            if state is None and kind != b'k':
                self.note(b'e', folder, name, b'its folder could not be made or opened')
        self.last_name = last
        return pos

    def inside(self, path):
        """A path into the tree, made of one from its root."""
        parts = [part for part in path.split(b'/') if part]
        for part in parts:
            check_name(part)
        return b'/'.join([self.place] + parts)

    def take_file(self, folder, fd, name, mode, size, mtime):
        """The request for it, unless it is here."""
        wanted = want.pack(self.files, 0)
        if self.states[folder][0] == 'old':
            try:
                here = lstat(fd, name)
            except OSError:
                here = None
            if here is not None and S_ISREG(here.st_mode) and here.st_size == size:
                if self.checksum:
                    try:
                        wanted = want.pack(self.files, 1) + digest_of(fd, name)
                    except OSError:
                        pass
                elif same_time(mtime_of(here), mtime):
                    mode &= self.file_mode
                    if here.st_mode & 0o7777 == mode or self.set_file(fd, name, mode, mtime):
                        return []
        if not self.dry_run:
            self.wanted.append((self.files, folder, name, size))
        return [wanted]

    def take_name(self, group, folder, fd, name, mode, size, mtime):
        """A name of a file that has several: the first comes with the file, the others are given
        to it when it is here."""
        if group == self.files:
            self.groups[group] = None
        if not self.hard_links or group not in self.groups:
            raise Violation('another name of a file that was not listed')
        if self.states[folder][0] is None:
            return []
        if self.groups[group] is not None:
            self.names.append((group, folder, name))
            return []
        self.groups[group] = [folder, name, None]
        wants = self.take_file(folder, fd, name, mode, size, mtime)
        if wants:
            self.group_of[self.files] = group
        else:
            self.groups[group][2] = file_identity(fd, name)
        return wants

    def set_file(self, fd, name, mode, mtime):
        """Whether the file that is here has this mode and time now."""
        if self.dry_run:
            return True
        try:
            file, status = open_file(fd, name)
        except OSError:
            return False
        try:
            os.fchmod(file, mode)
            if not same_time(mtime_of(status), mtime):
                set_mtime(file, mtime)
            if self.fsync:
                os.fsync(file)
            return True
        except OSError:
            return False
        finally:
            os.close(file)

    def take_folder(self, parent, fd, name, mode, mtime):
        state = [None, mode, mtime]
        self.states.append(state)
        self.folders.add(parent, name)
        if self.states[parent][0] is None:
            return
        try:
            state[0] = 'imagined' if fd is None else self.provide(fd, name)
        except OSError as error:
            self.note(b'e', parent, name, reason(error))

    def provide(self, fd, name):
        here = lstat_or_none(fd, name)
        if here is not None and S_ISDIR(here.st_mode):
            if here.st_mode & 0o700 != 0o700 and not self.dry_run:
                folder = open_at(fd, name, FOLDER)
                os.fchmod(folder, here.st_mode & 0o7777 | 0o700)
                os.close(folder)
            return 'old'
        if self.dry_run:
            return 'imagined'
        if here is not None:
            unlink_at(fd, name)
        mkdir_at(fd, name)
        return 'new'

    def find_deletions(self, folder, names):
        if not self.delete or self.states[folder][0] != 'old':
            return
        try:
            here = list_names(self.folders.listing.open(folder))
        except OSError as error:
            self.note(b'e', folder, b'', reason(error))
            return
        self.deletions += [(folder, name) for name in sorted(here) if name not in names]

    # -- the content

    def on_data(self, segments, body):
        pos = 0
        for at in range(0, len(segments), segment.size):
            number, flags, mode, size, mtime, length = segment.unpack_from(segments, at)
            block = body if length == len(body) else body[pos:pos + length]
            pos += length
            if len(block) != length:
                raise Violation('a body that is cut short')
            if flags & FIRST and flags & LAST and size == length:
                self.put_file(number, mode, mtime, block)
                continue
            if flags & FIRST:
                self.begin_file(number, mode, size, mtime)
            elif flags & HOLE:
                self.take_hole(number, size, length, flags & LAST)
                continue
            elif flags & SAME:
                self.keep_same(self.take_wanted(number), mode, mtime)
                continue
            elif flags & FAILED:
                self.give_up(number, bytes(block))
                continue
            self.take_block(number, block, flags & LAST)
        if pos != len(body):
            raise Violation('content that was not announced')
        self.taken += len(segments) + len(body)
        if self.taken - self.acknowledged >= self.window // 4 or len(self.outcomes) > 1000:
            self.acknowledge()

    def take_wanted(self, number):
        """Files come in the order in which they were asked for."""
        if self.next_wanted < len(self.wanted) and self.incoming is None:
            wanted = self.wanted[self.next_wanted]
            if wanted[0] == number:
                self.wanted[self.next_wanted] = None
                self.next_wanted += 1
                return wanted
        raise Violation('content that was not asked for')

    def put_file(self, number, mode, mtime, block):
        """A file that came whole."""
        wanted = self.take_wanted(number)
        _, folder, name, _ = wanted
        temporary = None
        failure = b''
        try:
            fd = self.folders.content.open(folder)
            unnamed = self.new_name()
            file = open_at(fd, unnamed, CREATE)
            temporary = unnamed
            try:
                if block:
                    write_all(file, block)
                os.fchmod(file, mode & self.file_mode)
                set_mtime(file, mtime)
                self.keep(wanted, file)
            finally:
                os.close(file)
            if self.states[folder][0] == 'old':
                self.clear_folder(fd, name)
            rename_at(fd, temporary, name)
        except OSError as error:
            failure = reason(error)
            if temporary is not None:
                unlink_quietly(fd, temporary)
        self.settle(wanted, LOST if failure else WRITTEN, failure)

    def new_name(self):
        self.temporaries += 1
        return self.prefix + str(self.temporaries).encode('ascii')

    def begin_file(self, number, mode, size, mtime):
        wanted = self.take_wanted(number)
        # The last is how many bytes can be holes: what was listed, so that limits of the listing
        # hold for what costs nothing to send.
        self.incoming = [wanted, None, None, None, mode & self.file_mode, mtime, size, None,
                         wanted[3]]
        try:
            fd = self.folders.content.open(wanted[1])
            name = self.new_name()
            self.incoming[1:4] = [open_at(fd, name, CREATE), fd, name]
        except OSError as error:
            self.incoming[7] = reason(error)

    def take_block(self, number, block, last):
        incoming = self.incoming
        if incoming is None or incoming[0][0] != number or len(block) > incoming[6]:
            raise Violation('content that was not announced')
        incoming[6] -= len(block)
        if incoming[7] is None:
            try:
                write_all(incoming[1], block)
            except OSError as error:
                incoming[7] = reason(error)
        self.end_if_last(last)

    def take_hole(self, number, size, length, last):
        incoming = self.incoming
        if (not self.sparse or length or incoming is None or incoming[0][0] != number
                or size > incoming[6] or size > incoming[8]):
            raise Violation('a hole that was not announced')
        incoming[6] -= size
        incoming[8] -= size
        if incoming[7] is None:
            try:
                end = os.lseek(incoming[1], size, os.SEEK_CUR)
                os.ftruncate(incoming[1], end)
            except (OSError, OverflowError) as error:
                incoming[7] = reason(error)
        self.end_if_last(last)

    def end_if_last(self, last):
        if last:
            if self.incoming[6]:
                raise Violation('less content than was announced')
            self.end_file()

    def keep(self, wanted, file):
        """What is to be done about a file before it gets its name."""
        if self.fsync:
            os.fsync(file)
        group = self.group_of.pop(wanted[0], None)
        if group is not None:
            self.groups[group][2] = identity(os.fstat(file))

    def end_file(self):
        wanted, file, fd, temporary, mode, mtime, _, failure, _ = self.incoming
        name = wanted[2]
        if failure is None:
            try:
                os.fchmod(file, mode)
                set_mtime(file, mtime)
                self.keep(wanted, file)
                if self.states[wanted[1]][0] == 'old':
                    self.clear_folder(fd, name)
                rename_at(fd, temporary, name)
                self.incoming[3] = None
            except OSError as error:
                failure = reason(error)
        self.drop_incoming()
        self.settle(wanted, WRITTEN if failure is None else LOST, failure or b'')

    def clear_folder(self, fd, name):
        here = lstat_or_none(fd, name)
        if here is not None and S_ISDIR(here.st_mode):
            remove(fd, name)

    def close(self):
        self.drop_incoming()
        if self.folders is not None:
            self.folders.close()

    def drop_incoming(self):
        """Closes what is open of the file, and removes it if it is not finished."""
        if self.incoming is None:
            return
        _, file, fd, temporary = self.incoming[:4]
        self.incoming = None
        if file is not None:
            os.close(file)
            if temporary is not None:
                unlink_quietly(fd, temporary)

    def keep_same(self, wanted, mode, mtime):
        number, folder, name, _ = wanted
        try:
            fd = self.folders.content.open(folder)
        except OSError as error:
            self.settle(wanted, LOST, reason(error))
            return
        kept = self.set_file(fd, name, mode & self.file_mode, mtime)
        group = self.group_of.pop(number, None)
        if kept and group is not None:
            self.groups[group][2] = file_identity(fd, name)
        self.settle(wanted, HAD if kept else LOST, b'' if kept else b'cannot set mode and time')

    def give_up(self, number, text):
        if self.incoming is not None and self.incoming[0][0] == number:
            wanted = self.incoming[0]
            self.drop_incoming()
        else:
            wanted = self.take_wanted(number)
        self.settle(wanted, LOST, text)

    def settle(self, wanted, fate, text):
        self.outcomes.append(outcome.pack(wanted[0], fate, len(text)) + text)

    def acknowledge(self):
        self.acknowledged = self.taken
        self.channel.send((ACK, self.taken, b''.join(self.outcomes)))
        self.outcomes = []

    # -- the end

    def finish_if_due(self):
        if (self.due or self.listing is not None or self.incoming is not None
                or self.next_wanted < len(self.wanted)):
            return
        self.give_names()
        self.make_links()
        for folder, name in self.deletions:
            self.remove_extra(folder, name)
        if not self.dry_run:
            self.set_folders()
            if self.fsync:
                os.fsync(self.folders.root)
        if self.taken != self.acknowledged or self.outcomes:
            self.acknowledge()
        self.send_notes()
        self.channel.send((DONE,))

    def give_names(self):
        for group, folder, name in self.names:
            try:
                if not self.has_name(group, folder, name):
                    if not self.dry_run:
                        self.give_name(group, folder, name)
                    self.note(b'l', folder, name, b'')
            except OSError as error:
                self.note(b'e', folder, name, reason(error))

    def has_name(self, group, folder, name):
        file = self.groups[group][2]
        if file is None or self.states[folder][0] != 'old':
            return False
        return file_identity(self.folders.content.open(folder), name) == file

    def give_name(self, group, folder, name):
        first, old, file = self.groups[group]
        if file is None:
            raise OSError(errno.ENOENT, 'the file that it is another name of is not here')
        fd = self.folders.content.open(folder)
        self.clear_folder(fd, name)
        temporary = self.new_name()
        link_at(self.folders.listing.open(first), old, fd, temporary)
        try:
            if file_identity(fd, temporary) != file:
                raise OSError(errno.ESTALE, 'the file that it is has another name now')
            rename_at(fd, temporary, name)
        finally:
            # It is there after a failure, and where the file has been given this name meanwhile.
            unlink_quietly(fd, temporary)

    def make_links(self):
        for folder, name, target in self.links:
            try:
                if self.states[folder][0] != 'imagined':
                    fd = self.folders.content.open(folder)
                    here = lstat_or_none(fd, name)
                    if (here is not None and S_ISLNK(here.st_mode)
                            and readlink_at(fd, name) == target):
                        continue
                    if not self.dry_run:
                        self.make_link(fd, name, target)
                self.note(b'l', folder, name, b'')
            except OSError as error:
                self.note(b'e', folder, name, reason(error))

    def make_link(self, fd, name, target):
        self.clear_folder(fd, name)
        temporary = self.new_name()
        symlink_at(target, fd, temporary)
        try:
            rename_at(fd, temporary, name)
        except OSError:
            unlink_quietly(fd, temporary)
            raise

    def remove_extra(self, folder, name):
        try:
            if not self.dry_run:
                remove(self.folders.content.open(folder), name)
            self.note(b'x', folder, name, b'')
        except OSError as error:
            if error.errno != errno.ENOENT:
                self.note(b'e', folder, name, reason(error))

    def set_folders(self):
        for number in self.folders.deepest_first() + [ROOT]:
            presence, mode, mtime = self.states[number]
            if presence is None:
                continue
            try:
                fd = self.folders.content.open(number)
                here = os.fstat(fd)
                # The owner keeps all rights, so that the next sync can work in it.
                mode = mode & 0o777 | 0o700 | here.st_mode & 0o7000
                if here.st_mode & 0o7777 != mode:
                    os.fchmod(fd, mode)
                if not same_time(mtime_of(here), mtime):
                    set_mtime(fd, mtime)
                if self.fsync:
                    os.fsync(fd)
            except OSError as error:
                self.note(b'e', number, b'', reason(error))

    def note(self, kind, folder, name, text):
        self.notes.append(b''.join((kind, four.pack(folder), pack_short(name), pack_short(text))))
        if len(self.notes) > 500:
            self.send_notes()

    def send_notes(self):
        if self.notes:
            self.channel.send((NOTE, b''.join(self.notes)))
            self.notes = []


def file_identity(fd, name):
    """Which regular file has the name; None if none has."""
    here = lstat_or_none(fd, name)
    return identity(here) if here is not None and S_ISREG(here.st_mode) else None


def write_all(file, block):
    written = os.write(file, block)
    while written < len(block):
        written += os.write(file, block[written:])


def unlink_quietly(fd, name):
    try:
        unlink_at(fd, name)
    except OSError:
        pass


def pack_short(text):
    return Struct('>H').pack(len(text)) + text


def remove(fd, name):
    """Removes what has the name: a directory with all that is in it, links without following."""
    try:
        return unlink_at(fd, name)
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.EPERM):
            raise
    tree = Folders(open_at(fd, name, FOLDER))
    try:
        due = [ROOT]
        while due:
            at = due.pop()
            folder = tree.listing.open(at)
            for child in list_names(folder):
                if S_ISDIR(lstat(folder, child).st_mode):
                    due.append(tree.add(at, child))
                else:
                    unlink_at(folder, child)
        for number in tree.deepest_first():
            parent, child, _ = tree.nodes[number]
            rmdir_at(tree.listing.open(parent), child)
    finally:
        tree.close()
    rmdir_at(fd, name)


def main(channel):
    start = channel.receive()
    serve(channel, Target(channel, start), start)


main(channel)  # noqa: F821
# == source ==


class Source(object):
    """Lists all folders, or those that it is asked for, and sends the files it listed, by number."""

    CHUNK = 256 << 10
    SEGMENTS = 1024
    BATCH = 48 << 10

    def __init__(self, channel, start):
        self.channel = channel
        self.window = start['window']
        self.dry_run = start['dry_run']
        # Python 2 knows no holes.
        self.sparse = start['sparse'] and hasattr(os, 'SEEK_DATA')
        # The number of each file that has several names.
        self.linked = {} if start['hard_links'] else None
        self.files = []
        self.wants = []
        self.next_want = self.next_file = 0
        # Who is asked remembers for what; who is not has the folders to list, the next one last.
        self.asked = set() if start['asked'] else None
        self.due = []
        # Listed, and not sent yet.
        self.batch = bytearray()
        self.sending = None
        self.sent = self.taken = 0
        self.folders = None

    def begin(self, start):
        """Opens the tree, and returns the answer that says what its root is."""
        path = start['path']
        status = os.stat(path)
        if S_ISDIR(status.st_mode):
            self.folders = Folders(os.open(path, os.O_RDONLY | os.O_DIRECTORY | CLOEXEC))
            kind = b'd'
            if self.asked is None:
                self.due.append(ROOT)
        else:
            path = os.path.realpath(path)
            self.folders = Folders(os.open(os.path.dirname(path), FOLDER & ~os.O_NOFOLLOW))
            file, status = open_file(self.folders.root, os.path.basename(path))
            os.close(file)
            self.files.append((ROOT, os.path.basename(path), status.st_size))
            kind = b'f'
        self.places = [absolute(path), os.path.realpath(path)]
        root = entry.pack(kind, status.st_mode & 0o7777, status.st_size, mtime_of(status), 0)
        ready = {u'version': VERSION, u'root': root}
        if start['delete']:
            ready.update({u'host': host(), u'above': above(self.places[1])})
        return ready

    def run(self, ready):
        self.channel.send(ready)
        handlers = {
            WANT: (self.on_want, 1), ASK: (self.on_ask, 1),
            ACK: (self.on_ack, 2), NOTE: (self.on_note, 1),
        }
        while True:
            # What came meanwhile waits until the window is used up: the target has enough to do.
            pending = self.sending is not None or self.next_want < len(self.wants)
            if pending and self.sent - self.taken < self.window:
                self.send_files()
                continue
            try:
                message = self.channel.receive(0 if self.due else None)
            except self.channel.TimeoutError:
                self.list_more()
                continue
            if message == (DONE,):
                self.channel.send((FINISH,))
                return
            dispatch(handlers, message)

    def on_want(self, data):
        pos = 0
        while pos < len(data):
            file, has_digest = want.unpack_from(data, pos)
            pos += want.size
            digest = None
            if has_digest:
                digest = data[pos:pos + 32]
                pos += 32
            if not self.next_file <= file < len(self.files):
                raise Violation('a request for what was not offered, or for the second time')
            self.next_file = file + 1
            # In a dry run the request is all there is.
            if not self.dry_run:
                self.wants.append((file, digest))

    def on_ack(self, taken, outcomes):
        self.taken = taken

    def on_note(self, notes):
        pass

    # -- the listing

    def on_ask(self, data):
        for pos in range(0, len(data), four.size):
            folder, = four.unpack_from(data, pos)
            if self.asked is None or folder in self.asked or folder >= len(self.folders.nodes):
                raise Violation('a request for what was not offered, or for the second time')
            self.asked.add(folder)
            self.list_folder(folder)
        self.send_list()

    def list_more(self):
        """Goes on with the listing depth first, by a message's worth."""
        while self.due and len(self.batch) < self.BATCH:
            folder, first = self.due.pop(), len(self.folders.nodes)
            self.list_folder(folder)
            self.due += range(len(self.folders.nodes) - 1, first - 1, -1)
        self.send_list()

    def send_list(self):
        if self.batch:
            self.channel.send((LIST, bytes(self.batch)))
            self.batch = bytearray()

    def list_folder(self, folder):
        """Adds the folder to the batch, and sends the batch when it is large enough."""
        try:
            fd = self.folders.listing.open(folder)
            names = sorted(list_names(fd))
        except OSError:
            self.batch += section.pack(folder, 0, CUT_OFF)
            return
        for start in range(0, len(names) or 1, 500):
            entries = [self.list_entry(folder, fd, name) for name in names[start:start + 500]]
            entries = [packed for packed in entries if packed is not None]
            ending = NOT_YET if start + 500 < len(names) else WHOLE
            self.batch += section.pack(folder, len(entries), ending) + b''.join(entries)
            if len(self.batch) > self.BATCH:
                self.send_list()

    def list_entry(self, folder, fd, name):
        """The packed entry; None where there is nothing of that name any more."""
        try:
            here = lstat_or_none(fd, name)
            if here is None:
                return None
            mode, size, mtime, target = here.st_mode & 0o7777, 0, mtime_of(here), b''
            if S_ISREG(here.st_mode):
                kind, size = b'f', here.st_size
                if self.linked is not None and here.st_nlink > 1:
                    first = self.linked.setdefault(identity(here), len(self.files))
                    kind, target = b'h', four.pack(first)
                self.files.append((folder, name, size))
            elif S_ISDIR(here.st_mode):
                kind = b'd'
                self.folders.add(folder, name)
            elif S_ISLNK(here.st_mode):
                kind, target = self.list_link(readlink_at(fd, name))
                size = len(target)
            else:
                kind = b'k'
        except (OSError, Violation) as error:
            target = reason(error)
            kind, mode, size, mtime = b'k', 0, len(target), 0
        return entry.pack(kind, mode, size, mtime, len(name)) + name + target

    def list_link(self, target):
        for place in self.places:
            if target == place or target.startswith(place + b'/') and b'..' not in target.split(b'/'):
                parts = target[len(place) + 1:].split(b'/')
                return b'i', b'/'.join(part for part in parts if part not in (b'', b'.'))
        return b'l', target

    # -- the content

    def send_files(self):
        segments, blocks, used = [], [], 0
        while used < self.CHUNK and len(segments) < self.SEGMENTS:
            if self.sending is None:
                if self.next_want >= len(self.wants):
                    break
                header, block = self.begin_file(*self.wants[self.next_want])
                self.wants[self.next_want] = None
                self.next_want += 1
                if header is not None:
                    segments.append(header)
                    blocks.append(block)
                    used += len(block)
                    continue
            header, block = self.send_piece(self.CHUNK - used)
            segments.append(header)
            blocks.append(block)
            used += len(block)
        segments = b''.join(segments)
        self.sent += len(segments) + used
        self.channel.send((DATA, segments, blocks[0] if len(blocks) == 1 else b''.join(blocks)))

    def begin_file(self, wanted, digest):
        """A record where there is nothing to read, else (None, None)."""
        folder, name, listed = self.files[wanted]
        try:
            fd = self.folders.content.open(folder)
            file, status = open_file(fd, name)
        except OSError as error:
            return self.failed(wanted, error)
        mode, mtime = status.st_mode & 0o7777, mtime_of(status)
        try:
            if digest is not None and digest_of(fd, name) == digest:
                os.close(file)
                return segment.pack(wanted, SAME | LAST, mode, 0, mtime, 0), b''
        except OSError:
            pass
        size = status.st_size
        self.sending = [wanted, file, size, (mode, size, mtime), 0, 0 if self.sparse else size,
                        listed]
        return None, None

    def send_piece(self, room):
        # The last three: how many bytes are a hole, how many after these are not, and how many may
        # still be sent as holes.  The target takes no more than were listed.
        wanted, file, left, first, hole, data, holes_left = self.sending
        flags, block, size = FIRST if first else 0, b'', 0
        try:
            if left and not hole and not data:
                hole, data = extent(file, left)
                if hole > holes_left:
                    # It has grown since it was listed: the rest is sent as zeros.
                    os.lseek(file, -hole, os.SEEK_CUR)
                    hole, data = 0, left
                holes_left -= hole
            if hole and not first:
                flags, size = HOLE, hole
                left, hole = left - hole, 0
            elif left and not hole:
                block = os.read(file, min(data, room))
                left, data = left - len(block), data - len(block)
                if not block:
                    raise OSError(errno.EIO, 'it was truncated while it was read')
        except OSError as error:
            os.close(file)
            self.sending = None
            return self.failed(wanted, error)
        flags |= 0 if left else LAST
        mode, whole, mtime = first or (0, size, 0)
        self.sending = [wanted, file, left, None, hole, data, holes_left]
        if not left:
            os.close(file)
            self.sending = None
        return segment.pack(wanted, flags, mode, whole, mtime, len(block)), block

    def close(self):
        if self.sending is not None:
            os.close(self.sending[1])
        if self.folders is not None:
            self.folders.close()

    def failed(self, wanted, error):
        text = reason(error)
        return segment.pack(wanted, FAILED | LAST, 0, 0, 0, len(text)), text


def extent(file, left):
    """How many of the next bytes are a hole, and how many after these are not."""
    start = os.lseek(file, 0, os.SEEK_CUR)
    end = start + left
    try:
        data = min(os.lseek(file, start, os.SEEK_DATA), end)
    except OSError as error:
        # What was cut off is no hole, and not every file system knows any: reading tells.
        is_hole = error.errno == errno.ENXIO and os.fstat(file).st_size >= end
        data = end if is_hole else start
    try:
        hole = min(os.lseek(file, data, os.SEEK_HOLE), end)
    except OSError:
        hole = end
    os.lseek(file, data, os.SEEK_SET)
    return data - start, (hole if hole > data else end) - data


def above(path):
    """The directories that a path without links is in, each by device and inode."""
    found = []
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        found.append(identity(os.stat(path)))
    return b''.join(found)


def main(channel):
    start = channel.receive()
    serve(channel, Source(channel, start), start)


main(channel)  # noqa: F821
