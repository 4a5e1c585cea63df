

class Sending(object):
    """A file that is sent in pieces."""

    __slots__ = 'number', 'file', 'left', 'first', 'hole', 'data', 'holes_left'

    def __init__(self, number, file, status, listed, sparse):
        self.number = number
        self.file = file
        self.left = status.st_size
        # Mode, size and time, until the first piece is sent.
        self.first = status.st_mode & 0o7777, status.st_size, mtime_of(status)  # type: Optional[Tuple[int, int, int]]
        # How many of the next bytes are a hole, and how many after these are not.
        self.hole = 0
        self.data = 0 if sparse else status.st_size
        # How many bytes may still be sent as holes: the target accepts no more than the listed size.
        self.holes_left = listed


class Source(object):
    """Lists all folders, or those that are requested, and sends listed files by number."""

    CHUNK = 256 << 10
    SEGMENTS = 1024
    BATCH = 48 << 10

    def __init__(self, channel, start):  # type: (Any, Dict[str, Any]) -> None
        self.channel = channel
        self.window = start['window']
        self.dry_run = start['dry_run']
        # Python 2 knows no holes.
        self.sparse = start['sparse'] and hasattr(os, 'SEEK_DATA')
        # The number of each file that has several names.
        self.linked = {} if start['hard_links'] else None  # type: Optional[Dict[bytes, int]]
        self.files = []     # type: List[Tuple[int, bytes, int]]  # folder, name, size
        self.wants = []     # type: List[Any]  # number and digest, or None when it was served
        self.next_want = self.next_file = 0
        # Either the folders that were requested, or the folders to list, the next one last.
        self.asked = set() if start['asked'] else None  # type: Optional[Set[int]]
        self.to_list = []       # type: List[int]
        # Listed, and not sent yet.
        self.batch = bytearray()
        self.sending = None     # type: Any  # a Sending
        self.sent = self.taken = 0
        self.folders = None     # type: Any  # Folders, once they are open

    def begin(self, start):  # type: (Dict[str, Any]) -> Dict[str, Any]
        """Opens the tree, and returns the answer that says what its root is."""
        path = start['path']
        status = stat_path(path)
        if S_ISDIR(status.st_mode):
            self.folders = Folders(open_folder(path))
            kind = b'd'
            if self.asked is None:
                self.to_list.append(ROOT)
        else:
            path = os.path.realpath(path)
            self.folders = Folders(open_folder(os.path.dirname(path)))
            file, status = open_file(self.folders.root, os.path.basename(path))
            os.close(file)
            self.files.append((ROOT, os.path.basename(path), status.st_size))
            kind = b'f'
        real = os.path.realpath(path)
        self.places = [protocol_path(absolute(path)), protocol_path(real)]
        root = entry.pack(kind, status.st_mode & 0o7777, status.st_size, mtime_of(status), 0)
        ready = {u'version': VERSION, u'root': root}
        if kind == b'd':
            ready.update({u'host': host(), u'here': identity(status)})
            if start['delete']:
                ready[u'above'] = above(real)
        return ready

    def run(self, ready):  # type: (Dict[str, Any]) -> None
        self.channel.send(ready)
        handlers = {
            WANT: (self.on_want, 1), ASK: (self.on_ask, 1),
            ACK: (self.on_ack, 2), NOTE: (self.on_note, 1),
        }
        while True:
            # Messages are received when the window is used up: until then the target is busy with content.
            pending = self.sending is not None or self.next_want < len(self.wants)
            if pending and self.sent - self.taken < self.window:
                self.send_files()
                continue
            try:
                message = self.channel.receive(0 if self.to_list else None)
            except self.channel.TimeoutError:
                self.list_more()
                continue
            if message == (DONE,):
                self.channel.send((FINISH,))
                return
            dispatch(handlers, message)

    def on_want(self, data):  # type: (bytes) -> None
        pos = 0
        while pos < len(data):
            file, has_digest = want.unpack_from(data, pos)
            pos += want.size
            digest = None
            if has_digest:
                digest = data[pos:pos + 32]
                pos += 32
            if not self.next_file <= file < len(self.files):
                raise Violation('a request for something that was not listed, or a repeated request')
            self.next_file = file + 1
            # In a dry run no content follows a request.
            if not self.dry_run:
                self.wants.append((file, digest))

    def on_ack(self, taken, outcomes):  # type: (int, bytes) -> None
        self.taken = taken

    def on_note(self, notes):  # type: (bytes) -> None
        pass

    # -- the listing

    def on_ask(self, data):  # type: (bytes) -> None
        for pos in range(0, len(data), u32.size):
            folder, = u32.unpack_from(data, pos)
            if self.asked is None or folder in self.asked or folder >= len(self.folders.nodes):
                raise Violation('a request for something that was not listed, or a repeated request')
            self.asked.add(folder)
            self.list_folder(folder)
        self.send_list()

    def list_more(self):  # type: () -> None
        """Continues the listing depth first, by one message."""
        while self.to_list and len(self.batch) < self.BATCH:
            folder, first = self.to_list.pop(), len(self.folders.nodes)
            self.list_folder(folder)
            self.to_list += range(len(self.folders.nodes) - 1, first - 1, -1)
        self.send_list()

    def send_list(self):  # type: () -> None
        if self.batch:
            self.channel.send((LIST, bytes(self.batch)))
            self.batch = bytearray()

    def list_folder(self, folder):  # type: (int) -> None
        """Adds the folder to the batch, and sends the batch when it is large enough."""
        try:
            fd = self.folders.listing.open(folder)
            names = sorted(list_names(fd))
        except OSError:
            self.batch += section.pack(folder, 0, CUT_OFF)
            return
        for start in range(0, len(names) or 1, 500):
            found = [self.list_entry(folder, fd, name) for name in names[start:start + 500]]
            entries = [packed for packed in found if packed is not None]
            ending = NOT_YET if start + 500 < len(names) else WHOLE
            self.batch += section.pack(folder, len(entries), ending) + b''.join(entries)
            if len(self.batch) > self.BATCH:
                self.send_list()

    def list_entry(self, folder, fd, name):  # type: (int, int, bytes) -> Optional[bytes]
        """The packed entry, or None if the name no longer exists."""
        try:
            here = lstat_or_none(fd, name)
            if here is None:
                return None
            mode, size, mtime, target = here.st_mode & 0o7777, 0, mtime_of(here), b''
            if S_ISREG(here.st_mode):
                kind, size = b'f', here.st_size
                if self.linked is not None and here.st_nlink > 1:
                    first = self.linked.setdefault(identity(here), len(self.files))
                    kind, target = b'h', u32.pack(first)
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

    def list_link(self, target):  # type: (bytes) -> Tuple[bytes, bytes]
        for place in self.places:
            if target == place or target.startswith(place + b'/') and b'..' not in target.split(b'/'):
                parts = target[len(place) + 1:].split(b'/')
                return b'i', b'/'.join(part for part in parts if part not in (b'', b'.'))
        return b'l', target

    # -- the content

    def send_files(self):  # type: () -> None
        segments, blocks, used = [], [], 0  # type: List[bytes], List[bytes], int
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
        head = b''.join(segments)
        self.sent += len(head) + used
        self.channel.send((DATA, head, blocks[0] if len(blocks) == 1 else b''.join(blocks)))

    def begin_file(self, wanted, digest):  # type: (int, Optional[bytes]) -> Any
        """Opens a file. Returns a record and its body if there is nothing to read, else (None, None)."""
        folder, name, listed = self.files[wanted]
        try:
            fd = self.folders.content.open(folder)
            file, status = open_file(fd, name)
        except OSError as error:
            return self.failed(wanted, error)
        try:
            if digest is not None and digest_of(fd, name) == digest:
                os.close(file)
                mode, mtime = status.st_mode & 0o7777, mtime_of(status)
                return segment.pack(wanted, SAME | LAST, mode, 0, mtime, 0), b''
        except OSError:
            pass
        self.sending = Sending(wanted, file, status, listed, self.sparse)
        return None, None

    def send_piece(self, room):  # type: (int) -> Tuple[bytes, bytes]
        sending = self.sending
        flags, block, size = FIRST if sending.first else 0, b'', 0
        try:
            if sending.left and not sending.hole and not sending.data:
                self.find_extent(sending)
            if sending.hole and not sending.first:
                flags, size = HOLE, sending.hole
                sending.left -= sending.hole
                sending.hole = 0
            elif sending.left and not sending.hole:
                block = os.read(sending.file, min(sending.data, room))
                sending.left -= len(block)
                sending.data -= len(block)
                if not block:
                    raise OSError(errno.EIO, 'it was truncated while it was read')
        except OSError as error:
            self.end_file()
            return self.failed(sending.number, error)
        mode, whole, mtime = sending.first or (0, size, 0)
        sending.first = None
        if not sending.left:
            flags |= LAST
            self.end_file()
        return segment.pack(sending.number, flags, mode, whole, mtime, len(block)), block

    def find_extent(self, sending):  # type: (Sending) -> None
        sending.hole, sending.data = extent(sending.file, sending.left)
        if sending.hole > sending.holes_left:
            # It has grown since it was listed: the rest is sent as zeros.
            os.lseek(sending.file, -sending.hole, os.SEEK_CUR)
            sending.hole, sending.data = 0, sending.left
        sending.holes_left -= sending.hole

    def end_file(self):  # type: () -> None
        os.close(self.sending.file)
        self.sending = None

    def close(self):  # type: () -> None
        if self.sending is not None:
            os.close(self.sending.file)
        if self.folders is not None:
            self.folders.close()

    def failed(self, wanted, error):  # type: (int, OSError) -> Tuple[bytes, bytes]
        text = reason(error)
        return segment.pack(wanted, FAILED | LAST, 0, 0, 0, len(text)), text


def extent(file, left):  # type: (int, int) -> Tuple[int, int]
    """How many of the next bytes are a hole, and how many after these are not."""
    start = os.lseek(file, 0, os.SEEK_CUR)
    end = start + left
    try:
        data = min(os.lseek(file, start, os.SEEK_DATA), end)
    except OSError as error:
        # A truncated file has no hole at its end, and some file systems report none: a read decides.
        is_hole = error.errno == errno.ENXIO and os.fstat(file).st_size >= end
        data = end if is_hole else start
    try:
        hole = min(os.lseek(file, data, os.SEEK_HOLE), end)
    except OSError:
        hole = end
    os.lseek(file, data, os.SEEK_SET)
    return data - start, (hole if hole > data else end) - data


def above(path):  # type: (bytes) -> bytes
    """The directories that a path without links is in, each by device and inode."""
    found = []
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        found.append(identity(stat_path(path)))
    return b''.join(found)


def main(channel):  # type: (Any) -> None
    start = channel.receive()
    serve(channel, Source(channel, start), start)


main(channel)
