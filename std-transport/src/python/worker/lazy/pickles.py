# Items as pickles, which CPython reads and writes in C: see docs/protocol.md.

OP_PICKLE = b'\x80'[0]
LONGEST_INT = 1 << 2039     # from there on CPython writes LONG4, which the controller refuses
LONGEST_PAYLOAD = 0x7fffffff
# Made when they are first needed: the module takes a millisecond to import.
pickler = unpickle = None   # type: Any


class NotPlain(Exception):
    """An item has a value that the controller reads only as opcodes."""


def refuse_reduce(self, value):  # type: (Any, Any) -> None
    raise NotPlain


class Parts(object):
    """What a pickler writes to."""

    def __init__(self):
        self.parts = []  # type: List[bytes]
        self.write = self.parts.append


# Picklers that no thread uses, each with the list that it writes to: making one takes as long as pickling a small item.
# One that raised an exception is not used again.
idle_picklers = []  # type: List[Tuple[Any, List[bytes]]]


def new_pickler():  # type: () -> Tuple[Any, List[bytes]]
    if pickler is None:
        start_pickling()
    written = Parts()
    writer = pickler(written, 4)
    # Without a memo: nothing refers to what came before, so that a pickle is no shorter than its values.
    writer.fast = True
    return writer.dump, written.parts


def start_pickling():
    """Find what reads and writes pickles.  If it is interrupted, the next item begins it anew."""
    global pickler, unpickle
    try:
        c_pickle = import_standard('_pickle')
        unpickle = c_pickle.loads
        # The C pickler calls this method for every value that is not exactly of a builtin type.
        pickler = type('Pickler', (c_pickle.Pickler,), {'reducer_override': refuse_reduce})
    except (ImportError, AttributeError):
        # The module in Python reads pickles too, but opcodes are faster to write.
        unpickle = import_standard('pickle').loads
        pickler = refuse_reduce


def pickle(channel_id, value):  # type: (int, Any) -> Optional[bytes]
    """The frame of an item; None where opcodes must say what it is, or why it cannot be sent."""
    try:
        return pickle_plain(channel_id, value)
    except (NotPlain, ImportError, KeyError, OverflowError, RuntimeError, ValueError):
        # The module cannot be imported, or the item has a cycle, is nested too deep or changed by another thread. After
        # some fifty frozensets CPython's pickler looks for what it never noted: a KeyError. Any other exception is that
        # of a signal handler, which belongs to the code that sends.
        return None


def pickle_plain(channel_id, value):  # type: (int, Any) -> Optional[bytes]
    try:
        idle = idle_picklers.pop()
    except IndexError:
        idle = new_pickler()
    dump, parts = idle
    # The header is filled in last.
    parts.append(b'')
    dump(value)
    parts.append(b'Q')
    size = sum(map(len, parts))
    if size > LONGEST_PAYLOAD:
        return None
    parts[0] = header.pack(DATA, channel_id, size)
    data = b''.join(parts)
    del parts[:]
    idle_picklers.append(idle)
    # The value itself may have changed by now.
    return data if is_surely_plain(data) or is_plain(unpickle(memoryview(data)[header.size:])) else None


def is_surely_plain(data):  # type: (bytes) -> bool
    """Whether the pickle in a frame has neither half a surrogate pair, nor an int that is too long.

    Numbers and bytes may look like either.  The time is proportional to the length: with too many of such, it says no.
    """
    if data.find(b'\x8b', header.size) < 0 and data.find(b'\xed', header.size) < 0:
        return True
    many = 1000 + len(data) // 64
    long_ints = long_operands(data, b'\x8b', many)
    halves = positions(data, b'\xed', many)
    if long_ints is None or long_ints or halves is None:
        return False
    halves = [at for at in halves if 0xa0 <= data[at + 1] < 0xc0]
    if not halves:
        return True
    long_texts = long_operands(data, b'X', many)
    if len(halves) > many // 16 or long_texts is None or len(long_texts) > 10:
        return False
    for at in halves:
        if is_in_short_text(data, at) or any(start <= at < end for start, end in long_texts):
            return False
    return True


def positions(data, byte, many):  # type: (bytes, bytes, int) -> Optional[List[int]]
    """Where a byte is, unless in more places than that."""
    found = []
    at = data.find(byte, header.size)
    while at >= 0:
        found.append(at)
        if len(found) > many:
            return None
        at = data.find(byte, at + 1)
    return found


def long_operands(data, op, many):  # type: (bytes, bytes, int) -> Optional[List[Tuple[int, int]]]
    """Where something is that may be an operation with a length of four bytes; C uses it for 256 bytes and more."""
    ops = positions(data, op, many)
    if ops is None:
        return None
    starts = [(at + 5, int.from_bytes(data[at + 1:at + 5], 'little')) for at in ops]
    return [(start, start + length) for start, length in starts if 256 <= length <= len(data) - start]


def is_in_short_text(data, at):  # type: (bytes, int) -> bool
    """Whether something before a byte may be the operation of a text that has it."""
    first = max(header.size, at - 256)
    head = data.rfind(b'\x8c', first, at)
    while head >= 0:
        if head + 1 + data[head + 1] >= at:
            return True
        head = data.rfind(b'\x8c', first, head)
    return False


def is_plain(value):  # type: (Any) -> bool
    """The same of a value, by its parts."""
    todo = [[value]]    # type: List[Any]
    while todo:
        values = todo.pop()
        kinds = set(map(type, values))
        if str in kinds:
            try:
                ''.join([text for text in values if type(text) is str]).encode('utf-8')
            except UnicodeError:
                return False
        if int in kinds:
            ints = values if len(kinds) == 1 else [number for number in values if type(number) is int]
            if max(ints) >= LONGEST_INT or min(ints) < -LONGEST_INT:
                return False
        if not kinds.isdisjoint(pickled_types):
            for part in values:
                if type(part) in pickled_types:
                    todo.append(part)
                    if type(part) is dict:
                        todo.append(part.values())
    return True


@loader(b'\x80')
def load_pickle(data, pos, stack, strings, gateway):  # type: (bytes, int, List[Any], Strings, Any) -> int
    if not pickled_types or pos != 1:
        return unknown(data, pos, stack, strings, gateway)
    if pickler is None:
        start_pickling()
    value = unpickle(data)
    stack.append(texts_as_bytes(value) if strings[1] else value)
    return len(data) - 1


def texts_as_bytes(value):  # type: (Any) -> Any
    """A value of a pickle whose texts are to be bytes.  It may be nested deeper than functions can be."""
    containers = [[value]]  # type: List[Any]
    for container in containers:
        for parts in (container, container.values()) if type(container) is dict else (container,):
            containers.extend([part for part in parts if type(part) in pickled_types])
    converted = {}  # type: Dict[int, Any]

    def convert(part):  # type: (Any) -> Any
        if type(part) is str:
            return part.encode('utf-8')
        return converted.get(id(part), part)

    # The innermost ones first.
    for container in reversed(containers):
        if type(container) is dict:
            new = dict(zip(map(convert, container), map(convert, container.values())))  # type: Any
        else:
            new = type(container)(map(convert, container))
        converted[id(container)] = new
    return new[0]
