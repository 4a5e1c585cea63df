# Dumping the rarer values.

pack_tagged_f64 = Struct('>cd').pack

# Newer Pythons refuse to convert more digits at once than a limit that programs may set, to no less than 640.
DIGITS = 600


def digits(number):  # type: (int) -> str
    """Decimal text of an int of any size."""
    if number < 0:
        return '-' + digits(-number)
    pieces = []
    base = 10 ** DIGITS
    while number >= base:
        number, low = divmod(number, base)
        pieces.append('%0*d' % (DIGITS, low))
    pieces.append('%d' % number)
    return ''.join(reversed(pieces))


def number(raw):  # type: (bytes) -> int
    text = raw.decode('utf-8')
    if len(text) <= DIGITS:
        return int(text)
    sign = -1 if text[0] == '-' else 1
    return sign * natural(text.lstrip('+-'))


def natural(text):  # type: (str) -> int
    """By halves: piece by piece it would take the square of the time."""
    if len(text) <= DIGITS:
        return int(text)
    half = len(text) // 2
    return natural(text[:half]) * 10 ** (len(text) - half) + natural(text[half:])


def dump_big(put, value, tag=b'H'):  # type: (Put, int, bytes) -> None
    raw = digits(value).encode('utf-8')
    put(pack_tagged(tag, len(raw)))
    put(raw)


def refuse(put, value):  # type: (Put, Any) -> None
    raise DumpError("can't serialize %r" % (type(value),))


def dump_bytes(put, value):  # type: (Put, bytes) -> None
    put(pack_tagged(b'A', len(value)))
    put(value)


# Texts that were keys of a dict, as they are dumped: the next dict has the same.
known_keys = {}  # type: Dict[str, bytes]
KNOWN_KEYS = 1000
KEY_LENGTH = 50


def dump_key(put, key):  # type: (Put, str) -> None
    """Dump a text that is the key of a dict."""
    parts = []  # type: List[bytes]
    DUMPERS[type(key)](parts.append, key)
    data = b''.join(parts)
    put(data)
    if len(key) <= KEY_LENGTH:
        if len(known_keys) >= KNOWN_KEYS:
            known_keys.clear()
        known_keys[key] = data


def dump_dict(put, value):  # type: (Put, Dict[Any, Any]) -> None
    put(b'J')
    for key, item in list(value.items()):
        if type(key) is str:
            known = known_keys.get(key)
            if known is None:
                dump_key(put, key)
            else:
                put(known)
        else:
            DUMPERS[type(key)](put, key)
        DUMPERS[type(item)](put, item)
        put(b'P')


def dump_complex(put, value):  # type: (Put, complex) -> None
    put(b'T')
    put(pack_tagged_f64(b'D', value.real)[1:])
    put(pack_tagged_f64(b'D', value.imag)[1:])


def dump_items(tag):  # type: (bytes) -> Callable[[Put, Any], None]
    def dump(put, value):
        items = list(value)
        for item in items:
            DUMPERS[type(item)](put, item)
        put(pack_tagged(tag, len(items)))
    return dump


DUMPERS[bool] = lambda put, value: put(b'R' if value else b'C')
DUMPERS[float] = lambda put, value: put(pack_tagged_f64(b'D', value))
DUMPERS[bytes] = dump_bytes
DUMPERS[dict] = dump_dict
DUMPERS[complex] = dump_complex
DUMPERS[set] = dump_items(b'O')
DUMPERS[frozenset] = dump_items(b'E')
DUMPERS[Channel] = lambda put, value: put(pack_tagged(b'B', value.id))


def unknown(data, pos, stack, strings, gateway):
    raise LoadError('unknown opcode %r at offset %d' % (data[pos - 1:pos], pos - 1))
