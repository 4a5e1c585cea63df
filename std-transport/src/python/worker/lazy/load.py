# Loading the rarer values.

LOADERS[b'R'[0]] = lambda data, pos, stack, *_: stack.append(True) or pos
LOADERS[b'C'[0]] = lambda data, pos, stack, *_: stack.append(False) or pos


def loader(code):
    def add(function):
        LOADERS[code[0]] = function
        return function
    return add


@loader(b'T')
def load_complex(data, pos, stack, strings, gateway):
    stack.append(complex(*Struct('>dd').unpack_from(data, pos)))
    return pos + 16


@loader(b'O')
def load_set(data, pos, stack, strings, gateway):
    return take_items(data, pos, stack, set)


@loader(b'E')
def load_frozenset(data, pos, stack, strings, gateway):
    return take_items(data, pos, stack, frozenset)


@loader(b'G')
def load_long(data, pos, stack, strings, gateway):
    value = unpack_i32(data, pos)[0]
    stack.append(value if PY3 else long(value))
    return pos + 4


@loader(b'H')
@loader(b'I')
def load_digits(data, pos, stack, strings, gateway):
    raw, pos = take(data, pos)
    stack.append(number(raw))
    return pos


@loader(b'M')
def load_py2_text(data, pos, stack, strings, gateway):
    raw, pos = take(data, pos)
    stack.append(raw.decode('latin-1') if PY3 and strings[0] else raw)
    return pos


@loader(b'S')
def load_unicode(data, pos, stack, strings, gateway):
    raw, pos = take(data, pos)
    stack.append(raw.decode('utf-8'))
    return pos


@loader(b'B')
def load_channel(data, pos, stack, strings, gateway):
    if gateway is None:
        raise LoadError('a channel does not belong here')
    stack.append(gateway._channel(unpack_i32(data, pos)[0]))
    return pos + 4
