# Channels as file objects.


class ChannelFile(object):

    def __init__(self, channel, proxyclose):  # type: (Channel, bool) -> None
        self.channel = channel
        self._proxyclose = proxyclose

    def isatty(self):  # type: () -> bool
        return False

    def close(self):  # type: () -> None
        if self._proxyclose:
            self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def __repr__(self):
        state = 'closed' if self.channel.isclosed() else 'open'
        return '<%s %d %s>' % (self.__class__.__name__, self.channel.id, state)


class ChannelFileWrite(ChannelFile):

    def write(self, out):  # type: (Any) -> None
        self.channel.send(out)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):  # type: () -> None
        pass


class ChannelFileRead(ChannelFile):

    def __init__(self, channel, proxyclose):
        ChannelFile.__init__(self, channel, proxyclose)
        self._items = deque()   # type: Deque[Any]  # received, and not read completely
        self._start = 0         # offset of the first unread byte in the first item
        self._size = 0          # of the unread data
        self._nothing = ''      # type: Any  # an empty value of the type of the items

    def _more(self):  # type: () -> bool
        try:
            item = self.channel.receive()
        except EOFError:
            return False
        self._nothing = item[:0]
        self._items.append(item)
        self._size += len(item)
        return True

    def _take(self, size):  # type: (int) -> Any
        parts = []
        self._size -= size
        while size:
            item = self._items[0]
            part = item if not self._start and size >= len(item) else item[self._start:self._start + size]
            parts.append(part)
            size -= len(part)
            self._start += len(part)
            if self._start == len(item):
                self._items.popleft()
                self._start = 0
        return self._nothing.join(parts)

    def read(self, n=-1):  # type: (int) -> Any
        while (n < 0 or self._size < n) and self._more():
            pass
        return self._take(self._size if n < 0 else min(n, self._size))

    def readline(self):  # type: () -> Any
        before = -self._start   # size of the items that were searched
        at = 0
        while True:
            while at < len(self._items):
                item = self._items[at]
                found = item.find(b'\n' if isinstance(item, bytes) else u'\n', 0 if at else self._start)
                if found >= 0:
                    return self._take(before + found + 1)
                before += len(item)
                at += 1
            if not self._more():
                return self._take(self._size)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__
