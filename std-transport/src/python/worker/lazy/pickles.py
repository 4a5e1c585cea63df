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
        self.parts = []     # type: List[bytes]
        self.write = self.parts.append


def start_pickling():
    global pickler, unpickle
    c_pickle = import_standard('_pickle')
    unpickle = c_pickle.loads
    # The C pickler calls this method for every value that is not exactly of a builtin type.
    pickler = type('Pickler', (c_pickle.Pickler,), {'reducer_override': refuse_reduce})


def pickle(value):  # type: (Any) -> Optional[bytes]
    """The payload of an item; None where opcodes must say what it is, or why it cannot be sent."""
    try:
        return pickle_plain(value)
    except MemoryError:
        raise
    except Exception:
        # Also where the module cannot be imported, or other threads change the item.
        return None


def pickle_plain(value):  # type: (Any) -> Optional[bytes]
    if pickler is None:
        start_pickling()
    written = Parts()
    writer = pickler(written, 4)
    # Without a memo: nothing refers to what came before, so that a pickle is no shorter than its values.
    writer.fast = True
    writer.dump(value)
    written.parts.append(b'Q')
    if sum(map(len, written.parts)) > LONGEST_PAYLOAD:
        return None
    payload = b''.join(written.parts)
    # The value itself may have changed by now.
    return payload if is_surely_plain(payload) or is_plain(unpickle(payload)) else None


def is_surely_plain(payload):  # type: (bytes) -> bool
    """Whether a pickle has neither half a surrogate pair, nor an int that is too long.

    Numbers and bytes may look like either.  The time is proportional to the length: with too many of such, it says no.
    """
    many = 1000 + len(payload) // 64
    long_ints = long_operands(payload, b'\x8b', many)
    halves = positions(payload, b'\xed', many)
    if long_ints is None or long_ints or halves is None:
        return False
    halves = [at for at in halves if 0xa0 <= payload[at + 1] < 0xc0]
    if not halves:
        return True
    long_texts = long_operands(payload, b'X', many)
    if len(halves) > many // 16 or long_texts is None or len(long_texts) > 10:
        return False
    for at in halves:
        if is_in_short_text(payload, at) or any(start <= at < end for start, end in long_texts):
            return False
    return True


def positions(payload, byte, many):  # type: (bytes, bytes, int) -> Optional[List[int]]
    """Where a byte is, unless in more places than that."""
    if payload.count(byte) > many:
        return None
    found = []
    at = payload.find(byte)
    while at >= 0:
        found.append(at)
        at = payload.find(byte, at + 1)
    return found


def long_operands(payload, op, many):  # type: (bytes, bytes, int) -> Optional[List[Tuple[int, int]]]
    """Where something is that may be an operation with a length of four bytes; C uses it for 256 bytes and more."""
    ops = positions(payload, op, many)
    if ops is None:
        return None
    starts = [(at + 5, int.from_bytes(payload[at + 1:at + 5], 'little')) for at in ops]
    return [(start, start + length) for start, length in starts if 256 <= length <= len(payload) - start]


def is_in_short_text(payload, at):  # type: (bytes, int) -> bool
    """Whether something before a byte may be the operation of a text that has it."""
    first = max(0, at - 256)
    head = payload.rfind(b'\x8c', first, at)
    while head >= 0:
        if head + 1 + payload[head + 1] >= at:
            return True
        head = payload.rfind(b'\x8c', first, head)
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
    if strings[1]:
        # Texts are to be bytes.
        value = load(frame(STATUS, 0, value)[9:], strings, gateway)
    stack.append(value)
    return len(data) - 1
