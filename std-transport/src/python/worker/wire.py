# Values and frames as bytes.  Dumping has one function for each exact type, found by the type itself.

# Items of a list, from which on it is read and written as a whole.  PyPy is as fast without it.
LONG = NEVER if PYPY else 32


class Dumpers(dict):
    def __missing__(self, kind):  # type: (type) -> Callable[[Put, Any], Any]
        compile_lazy()
        return self.get(kind, refuse)


def dump_int(put, value):  # type: (Put, int) -> None
    try:
        put(pack_tagged(b'F', value))
    except StructError:
        compile_lazy()
        dump_big(put, value)


def dump_text(put, value):  # type: (Put, str) -> None
    raw = value.encode('utf-8')
    put(pack_tagged(b'N', len(raw)))
    put(raw)


def dump_list(put, value):  # type: (Put, List[Any]) -> None
    value = value[:]
    put(pack_tagged(b'K', len(value)))
    if len(value) < LONG:
        dump_each(put, value)
    else:
        compile_lazy()
        dump_long_list(put, value)


def dump_each(put, value):  # type: (Put, List[Any]) -> None
    for index, item in enumerate(value):
        put(pack_tagged(b'F', index))
        DUMPERS[type(item)](put, item)
        put(b'P')


def dump_tuple(put, value):  # type: (Put, Tuple[Any, ...]) -> None
    for item in value:
        DUMPERS[type(item)](put, item)
    put(pack_tagged(b'@', len(value)))


DUMPERS = Dumpers({
    int: dump_int,
    list: dump_list,
    tuple: dump_tuple,
    type(None): lambda put, value: put(b'L'),
})  # type: Dict[type, Callable[[Put, Any], Any]]
if PY3:
    DUMPERS[str] = dump_text


# The types whose items are pickles, where both ends agreed on that.
pickled_types = set()   # type: Set[type]
FEW = 8     # items of a list or tuple, below which it is no reason to compile the lazy part


def frame(code, channel_id, value):  # type: (int, int, Any) -> bytes
    """A whole frame whose payload is `value`, in one piece."""
    if type(value) in pickled_types and code == DATA and not (LAZY and len(value) < FEW):
        compile_lazy()
        pickled = pickle(channel_id, value)
        if pickled is not None:
            return pickled
    parts = [b'']
    try:
        DUMPERS[type(value)](parts.append, value)
        parts.append(b'Q')
        # The sum of PyPy looks at builtins, which may have been replaced.
        size = len(b''.join(parts)) if PYPY else sum(map(len, parts))
        parts[0] = header.pack(code, channel_id, size)
        return b''.join(parts)
    except MemoryError:
        raise
    except Exception:
        compile_lazy()
        error = dump_error(value)
    raise error


# Loading has the common opcodes here, the others in LOADERS, which the lazy part fills.

OP_INT, OP_SETITEM, OP_TEXT, OP_LIST, OP_STOP = b'F'[0], b'P'[0], b'N'[0], b'K'[0], b'Q'[0]
OP_DICT, OP_TUPLE, OP_NONE, OP_BYTES, OP_FLOAT = b'J'[0], b'@'[0], b'L'[0], b'A'[0], b'D'[0]
LOADERS = {}  # type: Dict[int, Callable[[Data, int, List[Any], Strings, Optional[Reader]], int]]


def load(data, strings, gateway):  # type: (Data, Strings, Optional[Reader]) -> Any
    """The value in `data`; `strings` says what the two kinds of native text become."""
    stack = []  # type: List[Any]
    push = stack.append
    pop = stack.pop
    pos = 0
    while True:
        op = data[pos]
        pos += 1
        if op == OP_INT:
            push(unpack_i32(data, pos)[0])
            pos += 4
        elif op == OP_SETITEM:
            value = pop()
            key = pop()
            stack[-1][key] = value
        elif op == OP_TEXT:
            raw, pos = take(data, pos)
            push(raw if strings[1] else raw.decode('utf-8'))
        elif op == OP_STOP:
            if len(stack) != 1:
                raise LoadError('%d values where one belongs' % len(stack))
            return pop()
        elif op == OP_BYTES:
            raw, pos = take(data, pos)
            push(raw)
        elif op == OP_LIST:
            count = unpack_i32(data, pos)[0]
            pos += 4
            if count >= LONG:
                compile_lazy()
                pos, value = load_long_list(data, pos, count)
                push(value)
            else:
                push([None] * count)
        elif op == OP_TUPLE:
            pos = take_items(data, pos, stack, tuple)
        elif op == OP_DICT:
            push({})
        elif op == OP_NONE:
            push(None)
        elif op == OP_FLOAT:
            push(unpack_f64(data, pos)[0])
            pos += 8
        else:
            compile_lazy()
            pos = LOADERS.get(op, unknown)(data, pos, stack, strings, gateway)


def take(data, pos):  # type: (Data, int) -> Tuple[Data, int]
    start = pos + 4
    end = start + unpack_i32(data, pos)[0]
    if not start <= end <= len(data):
        raise LoadError('bad length at offset %d' % pos)
    return data[start:end], end


def take_items(data, pos, stack, kind):  # type: (Data, int, List[Any], Callable[[List[Any]], Any]) -> int
    start = len(stack) - unpack_i32(data, pos)[0]
    if not 0 <= start <= len(stack):
        raise LoadError('bad item count at offset %d' % pos)
    stack[start:] = [kind(stack[start:])]
    return pos + 4
