from binascii import hexlify

IN_THE_WAY = 'a directory that is not empty is in the way; delete it or use --delete'
ITSELF = b'it is the destination and would be copied into itself; exclude it'


class Wanted(object):
    """A requested file."""

    __slots__ = 'number', 'folder', 'name', 'size'

    def __init__(self, number, folder, name, size):  # type: (int, int, bytes, int) -> None
        self.number = number
        self.folder = folder
        self.name = name
        self.size = size    # as listed


class Incoming(object):
    """A file whose content is coming in pieces."""

    __slots__ = 'wanted', 'mode', 'mtime', 'left', 'holes_left', 'file', 'folder', 'temporary', 'failure'

    def __init__(self, wanted, mode, mtime, size):  # type: (Wanted, int, int, int) -> None
        self.wanted = wanted
        self.mode = mode
        self.mtime = mtime
        self.left = size
        # Holes cost nothing to send, so the listed size limits them.
        self.holes_left = wanted.size
        self.file = self.folder = None  # type: Any  # descriptors
        self.temporary = None           # type: Optional[bytes]  # its name until it is whole
        self.failure = None             # type: Optional[bytes]


class Group(object):
    """A file with several names."""

    __slots__ = 'folder', 'name', 'identity'

    def __init__(self, folder, name):  # type: (int, bytes) -> None
        self.folder = folder
        self.name = name
        self.identity = None    # type: Optional[bytes]  # once the file is here


class FolderState(object):

    __slots__ = 'presence', 'mode', 'mtime'

    def __init__(self, presence, mode, mtime):  # type: (Optional[str], int, int) -> None
        # 'old' if it existed, 'new' if it was created, 'imagined' if a dry run would create it, None if
        # it must not be touched.
        self.presence = presence
        self.mode = mode
        self.mtime = mtime


class Target(object):
    """Takes what it asks for into a tree.  Other names of files come after the files, then links,
    deletions after these, modes and times of folders last."""

    def __init__(self, channel, start):  # type: (Any, Dict[str, Any]) -> None
        self.channel = channel
        self.delete = start['delete']
        self.checksum = start['checksum']
        self.dry_run = start['dry_run']
        self.file_mode = 0o7777 if start['special_modes'] else 0o777
        self.sparse = start['sparse']
        self.hard_links = start['hard_links']
        self.fsync = start['fsync']
        self.window = start['window']
        self.single = False     # Whether the root is a file.
        self.wanted = []        # type: List[Any]  # a Wanted each, or None when it has come
        self.next_wanted = 0
        self.incoming = None    # type: Any  # an Incoming
        self.files = self.taken = self.acknowledged = self.temporaries = 0
        self.entries = self.listed = 0
        # Folders whose listing is still to come, the next one last.
        self.to_list = []       # type: List[int]
        self.listing = None     # type: Optional[Tuple[int, bytes, Set[bytes], int]]
        # The names in that folder, as the system compares them, where it does not by their bytes.
        self.siblings = set()   # type: Set[Any]
        self.links = []         # type: List[Tuple[int, bytes, bytes]]
        # Files with several names: by the number of the first; the number of the first by that of
        # a name whose content is to come; and the names to give.
        self.groups = {}        # type: Dict[int, Any]  # a Group each, or None before the first name
        self.group_of = {}      # type: Dict[int, int]
        self.names = []         # type: List[Tuple[int, int, bytes]]
        self.deletions = []     # type: List[Tuple[int, bytes]]
        self.outcomes = []      # type: List[bytes]
        self.notes = []         # type: List[bytes]
        self.prefix = b'.execnet-rsync.' + hexlify(os.urandom(6))
        self.states = []        # type: List[FolderState]  # by folder
        self.folders = None     # type: Any  # Folders, once they are open

    def begin(self, start):  # type: (Dict[str, Any]) -> List[bytes]
        """Opens the destination, and returns the request if the tree is a single file."""
        path = start['path']
        kind, mode, size, mtime, _ = entry.unpack(start['root'])
        self.place = absolute(path)
        # The names from the source's root to this tree, if it is in the source.
        self.itself = []        # type: List[bytes]
        if kind == b'd':
            self.to_list.append(ROOT)
            self.refuse_itself(start, path)
            self.open_root(path, mode, mtime)
            if self.delete and self.states[ROOT].presence == 'old':
                self.refuse_source_inside(start)
            return []
        self.single = True
        self.open_root(os.path.dirname(path) or b'.', 0o700, 0)
        name = os.path.basename(path)
        check_name(name)
        wants = self.take_file(ROOT, self.folders.root, name, mode, size, mtime)
        self.states[ROOT].presence = None
        return wants

    def refuse_source_inside(self, start):  # type: (Dict[str, Any]) -> None
        """Raises an error if the source is in this tree, on this running system."""
        above = start.get('above', b'')
        here = identity(stat_folder(self.folders.root))
        if start.get('host') == host():
            for pos in range(0, len(above), two_u64.size):
                if above[pos:pos + two_u64.size] == here:
                    raise OSError(errno.EINVAL, 'the source is in it and would be deleted')

    def refuse_itself(self, start, path):  # type: (Dict[str, Any], bytes) -> None
        """Raises an error if the path is that of the source or in it, on this running system.  A filter
        may exclude it: then the listing tells."""
        if 'here' not in start or start['host'] != host():
            return
        names = names_below(start['here'], path)
        if names is None:
            return
        if not names:
            raise OSError(errno.EINVAL, 'it is the source itself')
        if not start['filtered']:
            raise OSError(errno.EINVAL, 'it is in the source and would be copied into itself; exclude it')
        self.itself = names

    def open_root(self, path, mode, mtime):  # type: (bytes, int, int) -> None
        presence = 'old'
        if not os.path.isdir(path):
            presence = 'imagined' if self.dry_run else 'new'
            if not self.dry_run:
                self.make_root(path)
        directory = b'.' if presence == 'imagined' else path
        self.folders = Folders(open_folder(directory))
        self.states.append(FolderState(presence, mode, mtime))

    def make_root(self, path):  # type: (bytes) -> None
        parents = []
        at = absolute(path)
        while self.fsync and not os.path.isdir(at):
            at = os.path.dirname(at.rstrip(b'/'))
            parents.append(at)
        os.makedirs(path)
        for parent in parents:
            fd = open_folder(parent)
            sync_folder(fd)
            close_folder(fd)

    def run(self, wants):  # type: (List[bytes]) -> None
        self.channel.send({u'version': VERSION})
        if wants:
            self.channel.send((WANT, b''.join(wants)))
        self.finish_if_complete()
        # Write content from the buffer that it was read into. Workers of stock execnet have no such option.
        queue = getattr(self.channel, '_queue', None)  # type: Any
        if PY3 and hasattr(queue, 'views'):
            queue.views = True
        handlers = {LIST: (self.on_list, 1), DATA: (self.on_data, 2)}
        while True:
            message = self.channel.receive()
            if message == (FINISH,):
                return
            dispatch(handlers, message)
            self.finish_if_complete()

    # -- the listing

    def on_list(self, data):  # type: (bytes) -> None
        data = bytes(data)
        pos, end, wants = 0, len(data), []  # type: int, int, List[bytes]
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
            self.to_list += range(len(self.folders.nodes) - 1, first - 1, -1)
            if ending == WHOLE:
                self.find_deletions(folder, names)
        if pos != end:
            raise Violation('a record that is cut short')
        if wants:
            self.channel.send((WANT, b''.join(wants)))
        self.send_notes()

    def enter(self, folder):  # type: (int) -> Tuple[bytes, Set[bytes], int]
        if self.listing is not None:
            current, last, names, first = self.listing
            self.listing = None
            if current == folder:
                return last, names, first
        elif self.to_list and self.to_list.pop() == folder:
            self.siblings = set()
            return b'', set(), len(self.folders.nodes)
        raise Violation('the listing of a folder out of turn')

    def take_entries(self, data, pos, folder, count, last, names, wants):
        # type: (bytes, int, int, int, bytes, Set[bytes], List[bytes]) -> int
        state = self.states[folder].presence
        fd = None
        if state == 'old' or state == 'new':
            try:
                fd = self.folders.listing.open(folder)
            except OSError as error:
                self.states[folder].presence = state = None
                self.note(b'e', folder, b'', reason(error))
        unpack, size_of_entry, delete = entry.unpack_from, entry.size, self.delete
        # Unchanged files are handled in this loop: in most syncs nearly all are.
        quick = state == 'old' and PY3 and not self.checksum and not WINDOWS
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
            if WINDOWS:
                refused = refusal(name, self.siblings)
                if refused is not None and kind != b'k' and state is not None:
                    pos = refuse(self, kind, folder, name, (mode, size, mtime), pos, data, refused)
                    continue
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
                group, = u32.unpack_from(data, pos)
                pos += u32.size
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
                if state is not None and not self.is_blocked(folder, fd, name):
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

    def inside(self, path):  # type: (bytes) -> bytes
        """A path into the tree, made of one from its root."""
        parts = [part for part in path.split(b'/') if part]
        for part in parts:
            check_name(part)
        return b'/'.join([protocol_path(self.place)] + parts)

    def take_file(self, folder, fd, name, mode, size, mtime):  # type: (int, Any, bytes, int, int, int) -> List[bytes]
        """The request for a file, unless it is unchanged."""
        wanted = want.pack(self.files, 0)
        if self.states[folder].presence == 'old':
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
                    mode = kept_mode(mode & self.file_mode)
                    if here.st_mode & 0o7777 == mode or self.set_file(fd, name, mode, mtime):
                        return []
        if self.is_blocked(folder, fd, name):
            return []
        if not self.dry_run:
            self.wanted.append(Wanted(self.files, folder, name, size))
        return [wanted]

    def take_name(self, group, folder, fd, name, mode, size, mtime):
        # type: (int, int, Any, bytes, int, int, int) -> List[bytes]
        """A name of a file that has several: the first comes with the file, the others are given
        to it when it is here."""
        if group == self.files:
            self.groups[group] = None
        if not self.hard_links or group not in self.groups:
            raise Violation('another name of a file that was not listed')
        if self.states[folder].presence is None:
            return []
        if self.groups[group] is not None:
            if not self.is_blocked(folder, fd, name):
                self.names.append((group, folder, name))
            return []
        self.groups[group] = Group(folder, name)
        wants = self.take_file(folder, fd, name, mode, size, mtime)
        if wants:
            self.group_of[self.files] = group
        else:
            found = file_identity(fd, name)
            if found is None:
                # It has failed: the next name becomes the first, and brings the content.
                self.groups[group] = None
            else:
                self.groups[group].identity = found
        return wants

    def set_file(self, fd, name, mode, mtime):  # type: (int, bytes, int, int) -> bool
        """Set mode and time of an unchanged file; returns whether that worked."""
        if self.dry_run:
            return True
        try:
            file, status = open_file(fd, name)
        except OSError:
            return False
        try:
            try:
                set_mode(file, mode)
                if not same_time(mtime_of(status), mtime):
                    set_mtime(file, mtime)
                if self.fsync and not WINDOWS:
                    os.fsync(file)
            finally:
                os.close(file)
            set_closed(fd, name, mode, mtime)
            return True
        except OSError:
            return False

    def add_folder(self, parent, name, mode, mtime):  # type: (int, bytes, int, int) -> FolderState
        state = FolderState(None, mode, mtime)
        self.states.append(state)
        self.folders.add(parent, name)
        return state

    def take_folder(self, parent, fd, name, mode, mtime):  # type: (int, Any, bytes, int, int) -> None
        state = self.add_folder(parent, name, mode, mtime)
        if self.states[parent].presence is None:
            return
        if self.itself and self.folders.names(parent) + [name] == self.itself:
            self.note(b'e', parent, name, ITSELF)
            return
        try:
            state.presence = 'imagined' if fd is None else self.provide(fd, name)
        except OSError as error:
            self.note(b'e', parent, name, reason(error))

    def provide(self, fd, name):  # type: (int, bytes) -> str
        here = lstat_or_none(fd, name)
        if here is not None and S_ISDIR(here.st_mode):
            if here.st_mode & 0o700 != 0o700 and not self.dry_run:
                folder = open_folder_at(fd, name)
                set_folder_mode(folder, here.st_mode & 0o7777 | 0o700)
                close_folder(folder)
            return 'old'
        if self.dry_run:
            return 'imagined'
        if here is not None:
            unlink_at(fd, name)
        mkdir_at(fd, name)
        return 'new'

    def find_deletions(self, folder, names):  # type: (int, Set[bytes]) -> None
        if not self.delete or self.states[folder].presence != 'old':
            return
        try:
            here = list_names(self.folders.listing.open(folder))
        except OSError as error:
            self.note(b'e', folder, b'', reason(error))
            return
        self.deletions += [(folder, name) for name in sorted(here)
                           if name not in names and not is_same_as_one(name, self.siblings)]

    # -- the content

    def on_data(self, segments, body):  # type: (bytes, Any) -> None
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

    def take_wanted(self, number):  # type: (int) -> Wanted
        """The requested file with this number, which must be the next one."""
        if self.next_wanted < len(self.wanted) and self.incoming is None:
            wanted = self.wanted[self.next_wanted]
            if wanted.number == number:
                self.wanted[self.next_wanted] = None
                self.next_wanted += 1
                return wanted
        raise Violation('content that was not asked for')

    def put_file(self, number, mode, mtime, block):  # type: (int, int, int, Any) -> None
        """Write a file whose content is one block."""
        wanted = self.take_wanted(number)
        temporary = None
        failure = b''
        try:
            fd = self.folders.content.open(wanted.folder)
            unnamed = self.new_name()
            file = open_at(fd, unnamed, CREATE)
            temporary = unnamed
            try:
                if block:
                    write_all(file, block)
                set_mode(file, mode & self.file_mode)
                set_mtime(file, mtime)
                self.keep(wanted, file)
            finally:
                os.close(file)
            set_closed(fd, unnamed, mode & self.file_mode, mtime)
            if self.states[wanted.folder].presence == 'old':
                self.make_way(wanted.folder, fd, wanted.name)
            rename_at(fd, temporary, wanted.name)
        except OSError as error:
            failure = reason(error)
            if temporary is not None:
                unlink_quietly(fd, temporary)
        self.settle(wanted, LOST if failure else WRITTEN, failure)

    def new_name(self):  # type: () -> bytes
        self.temporaries += 1
        return self.prefix + str(self.temporaries).encode('ascii')

    def begin_file(self, number, mode, size, mtime):  # type: (int, int, int, int) -> None
        wanted = self.take_wanted(number)
        incoming = self.incoming = Incoming(wanted, mode & self.file_mode, mtime, size)
        try:
            incoming.folder = self.folders.content.open(wanted.folder)
            name = self.new_name()
            incoming.file = open_at(incoming.folder, name, CREATE)
            incoming.temporary = name
        except OSError as error:
            incoming.failure = reason(error)

    def take_block(self, number, block, last):  # type: (int, Any, int) -> None
        incoming = self.incoming
        if incoming is None or incoming.wanted.number != number or len(block) > incoming.left:
            raise Violation('content that was not announced')
        incoming.left -= len(block)
        if incoming.failure is None:
            try:
                write_all(incoming.file, block)
            except OSError as error:
                incoming.failure = reason(error)
        self.end_if_last(last)

    def take_hole(self, number, size, length, last):  # type: (int, int, int, int) -> None
        incoming = self.incoming
        if (not self.sparse or length or incoming is None or incoming.wanted.number != number
                or size > incoming.left or size > incoming.holes_left):
            raise Violation('a hole that was not announced')
        incoming.left -= size
        incoming.holes_left -= size
        if incoming.failure is None:
            try:
                end = os.lseek(incoming.file, size, os.SEEK_CUR)
                os.ftruncate(incoming.file, end)
            except (OSError, OverflowError) as error:
                incoming.failure = reason(error)
        self.end_if_last(last)

    def end_if_last(self, last):  # type: (int) -> None
        if last:
            if self.incoming.left:
                raise Violation('less content than was announced')
            self.end_file()

    def keep(self, wanted, file):  # type: (Wanted, int) -> None
        """Called before a file gets its name."""
        if self.fsync:
            os.fsync(file)
        group = self.group_of.pop(wanted.number, None)
        if group is not None:
            self.groups[group].identity = identity(stat_file(file))

    def end_file(self):  # type: () -> None
        incoming, wanted = self.incoming, self.incoming.wanted
        failure = incoming.failure
        if failure is None:
            try:
                set_mode(incoming.file, incoming.mode)
                set_mtime(incoming.file, incoming.mtime)
                self.keep(wanted, incoming.file)
                file, incoming.file = incoming.file, None
                os.close(file)
                set_closed(incoming.folder, incoming.temporary, incoming.mode, incoming.mtime)
                if self.states[wanted.folder].presence == 'old':
                    self.make_way(wanted.folder, incoming.folder, wanted.name)
                rename_at(incoming.folder, incoming.temporary, wanted.name)
                incoming.temporary = None
            except OSError as error:
                failure = reason(error)
        self.drop_incoming()
        self.settle(wanted, WRITTEN if failure is None else LOST, failure or b'')

    def make_way(self, folder, fd, name):  # type: (int, int, bytes) -> None
        """Removes a directory in the way of a file or link: an empty one, or with `delete` any."""
        here = lstat_or_none(fd, name)
        if here is None or not S_ISDIR(here.st_mode):
            return
        # The system decides whether it is empty: another process can put an entry into it at any time.
        try:
            rmdir_at(fd, name)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if not self.delete:
            raise OSError(errno.ENOTEMPTY, IN_THE_WAY)
        remove(fd, name)
        self.note(b'x', folder, name, b'')

    def is_blocked(self, folder, fd, name):  # type: (int, Any, bytes) -> bool
        """Whether a directory that is not empty is in the way and must stay, which is reported.  Asked before
        content is requested, which would be sent in vain.  A dry run also reports what a sync would delete."""
        if self.single or self.states[folder].presence != 'old':
            return False
        try:
            if not S_ISDIR(lstat(fd, name).st_mode):
                return False
            inner = open_folder_at(fd, name)
            try:
                full = bool(list_names(inner))
            finally:
                close_folder(inner)
        except OSError:
            # One that cannot be read may be empty: make_way decides.
            return False
        if full and not self.delete:
            self.note(b'e', folder, name, IN_THE_WAY.encode('ascii'))
            return True
        if full and self.dry_run:
            self.note(b'x', folder, name, b'')
        return False

    def close(self):  # type: () -> None
        self.drop_incoming()
        if self.folders is not None:
            self.folders.close()

    def drop_incoming(self):  # type: () -> None
        """Closes what is open of the file, and removes it if it is not finished."""
        incoming, self.incoming = self.incoming, None
        if incoming is not None:
            if incoming.file is not None:
                os.close(incoming.file)
            if incoming.temporary is not None:
                unlink_quietly(incoming.folder, incoming.temporary)

    def keep_same(self, wanted, mode, mtime):  # type: (Wanted, int, int) -> None
        try:
            fd = self.folders.content.open(wanted.folder)
        except OSError as error:
            self.settle(wanted, LOST, reason(error))
            return
        kept = self.set_file(fd, wanted.name, mode & self.file_mode, mtime)
        group = self.group_of.pop(wanted.number, None)
        if kept and group is not None:
            self.groups[group].identity = file_identity(fd, wanted.name)
        self.settle(wanted, HAD if kept else LOST, b'' if kept else b'cannot set mode and time')

    def give_up(self, number, text):  # type: (int, bytes) -> None
        if self.incoming is not None and self.incoming.wanted.number == number:
            wanted = self.incoming.wanted
            self.drop_incoming()
        else:
            wanted = self.take_wanted(number)
        self.settle(wanted, LOST, text)

    def settle(self, wanted, result, text):  # type: (Wanted, int, bytes) -> None
        self.outcomes.append(outcome.pack(wanted.number, result, len(text)) + text)

    def acknowledge(self):  # type: () -> None
        self.acknowledged = self.taken
        self.channel.send((ACK, self.taken, b''.join(self.outcomes)))
        self.outcomes = []

    # -- the end

    def finish_if_complete(self):  # type: () -> None
        if (self.to_list or self.listing is not None or self.incoming is not None
                or self.next_wanted < len(self.wanted)):
            return
        self.give_names()
        self.make_links()
        for folder, name in self.deletions:
            self.remove_extra(folder, name)
        if not self.dry_run:
            self.set_folders()
            if self.fsync:
                sync_folder(self.folders.root)
        if self.taken != self.acknowledged or self.outcomes:
            self.acknowledge()
        self.send_notes()
        self.channel.send((DONE,))

    def give_names(self):  # type: () -> None
        for group, folder, name in self.names:
            try:
                if not self.has_name(group, folder, name):
                    if not self.dry_run:
                        self.give_name(group, folder, name)
                    self.note(b'l', folder, name, b'')
            except OSError as error:
                self.note(b'e', folder, name, reason(error))

    def has_name(self, group, folder, name):  # type: (int, int, bytes) -> bool
        file = self.groups[group].identity
        if file is None or self.states[folder].presence != 'old':
            return False
        return file_identity(self.folders.content.open(folder), name) == file

    def give_name(self, group, folder, name):  # type: (int, int, bytes) -> None
        first = self.groups[group]
        if first.identity is None:
            raise OSError(errno.ENOENT, 'its file was not synced under its first name')
        fd = self.folders.content.open(folder)
        self.make_way(folder, fd, name)
        temporary = self.new_name()
        link_at(self.folders.listing.open(first.folder), first.name, fd, temporary)
        try:
            if file_identity(fd, temporary) != first.identity:
                raise OSError(errno.ESTALE, 'another process has replaced its file')
            rename_at(fd, temporary, name)
        finally:
            # It exists after a failure, and if the name is already a link to this file.
            unlink_quietly(fd, temporary)

    def make_links(self):  # type: () -> None
        for folder, name, target in self.links:
            try:
                if self.states[folder].presence != 'imagined':
                    fd = self.folders.content.open(folder)
                    here = lstat_or_none(fd, name)
                    if (here is not None and S_ISLNK(here.st_mode)
                            and readlink_at(fd, name) == target):
                        continue
                    if not self.dry_run:
                        self.make_link(folder, fd, name, target)
                self.note(b'l', folder, name, b'')
            except OSError as error:
                self.note(b'e', folder, name, reason(error))

    def make_link(self, folder, fd, name, target):  # type: (int, int, bytes, bytes) -> None
        self.make_way(folder, fd, name)
        temporary = self.new_name()
        symlink_at(target, fd, temporary)
        try:
            rename_at(fd, temporary, name)
        except OSError:
            unlink_quietly(fd, temporary)
            raise

    def remove_extra(self, folder, name):  # type: (int, bytes) -> None
        try:
            if not self.dry_run:
                remove(self.folders.content.open(folder), name)
            self.note(b'x', folder, name, b'')
        except OSError as error:
            if error.errno != errno.ENOENT:
                self.note(b'e', folder, name, reason(error))

    def set_folders(self):  # type: () -> None
        for number in self.folders.deepest_first() + [ROOT]:
            state = self.states[number]
            if state.presence is None:
                continue
            try:
                fd = self.folders.content.open(number)
                here = stat_folder(fd)
                # The owner keeps all rights, so that the next sync can work in it.
                mode = state.mode & 0o777 | 0o700 | here.st_mode & 0o7000
                if here.st_mode & 0o7777 != mode:
                    set_folder_mode(fd, mode)
                if not same_time(mtime_of(here), state.mtime):
                    set_folder_mtime(fd, state.mtime)
                if self.fsync:
                    sync_folder(fd)
            except OSError as error:
                self.note(b'e', number, b'', reason(error))

    def note(self, kind, folder, name, text):  # type: (bytes, int, bytes, bytes) -> None
        self.notes.append(b''.join((kind, u32.pack(folder), pack_short(name), pack_short(text))))
        if len(self.notes) > 500:
            self.send_notes()

    def send_notes(self):  # type: () -> None
        if self.notes:
            self.channel.send((NOTE, b''.join(self.notes)))
            self.notes = []


def names_below(root, path):  # type: (bytes, bytes) -> Optional[List[bytes]]
    """The names from the directory with this identity to the path, which may not exist yet.  None if it
    is not in there."""
    at, names = os.path.realpath(path), []  # type: bytes, List[bytes]
    while not os.path.isdir(at) or identity(stat_path(at)) != root:
        at, name = os.path.split(at)
        if not name:
            return None
        names.insert(0, name)
    return names


def file_identity(fd, name):  # type: (int, bytes) -> Optional[bytes]
    """Which regular file has the name; None if none has."""
    here = lstat_or_none(fd, name)
    return identity(here) if here is not None and S_ISREG(here.st_mode) else None


def write_all(file, block):  # type: (int, Any) -> None
    written = os.write(file, block)
    while written < len(block):
        written += os.write(file, block[written:])


def unlink_quietly(fd, name):  # type: (int, bytes) -> None
    try:
        unlink_at(fd, name)
    except OSError:
        pass


def pack_short(text):  # type: (bytes) -> bytes
    return Struct('>H').pack(len(text)) + text


def remove(fd, name):  # type: (int, bytes) -> None
    """Removes what has the name: a directory with all that is in it, links without following."""
    try:
        unlink_at(fd, name)
        return
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.EPERM):
            raise
    tree = Folders(open_folder_at(fd, name))
    try:
        pending = [ROOT]
        while pending:
            at = pending.pop()
            folder = tree.listing.open(at)
            for child in list_names(folder):
                if S_ISDIR(lstat(folder, child).st_mode):
                    pending.append(tree.add(at, child))
                else:
                    unlink_at(folder, child)
        for number in tree.deepest_first():
            parent, child, _ = tree.nodes[number]
            rmdir_at(tree.listing.open(parent), child)
    finally:
        tree.close()
    rmdir_at(fd, name)


def main(channel):  # type: (Any) -> None
    start = channel.receive()
    serve(channel, Target(channel, start), start)


main(channel)
