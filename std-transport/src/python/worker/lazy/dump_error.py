# Why a value cannot be sent, and where it is.


def dump_error(value):  # type: (Any) -> Any
    """The exception that dumping `value` raised, as a DumpError that says what and where.

    One that a signal handler raised stays as it is.
    """
    error = exc_info()[1]
    if not isinstance(error, (DumpError, OverflowError, RuntimeError, StructError, UnicodeError)):
        return error
    if isinstance(error, RuntimeError):
        return DumpError("can't serialize: %s" % (error,))
    found = find_bad(value)
    kind, path = found or (None, '')
    if isinstance(error, StructError):
        text = 'the item is too long'
    elif isinstance(error, UnicodeError):
        text = 'strings must be utf-8 encodable'
    else:
        return DumpError('%s (at item%s)' % (error, path) if path else str(error))
    if kind is not None:
        text += ': %r' % (kind,)
    return DumpError('%s (at item%s)' % (text, path) if path else text)


def find_bad(value):  # type: (Any) -> Optional[Tuple[type, str]]
    """Type and path of the first thing in `value` that cannot be dumped."""
    path, open_parts = [], [iter([(('',), value)])]
    while open_parts:
        for step, item in open_parts[-1]:
            inner = parts_of(item)
            if inner is not None:
                path.append(step)
                open_parts.append(inner)
                break
            if not can_dump(item):
                path.append(step)
                return type(item), ''.join(['[%.100s]' % repr(step[1]) if step[1:] else step[0] for step in path])
        else:
            open_parts.pop()
            del path[-1:]
    return None


def parts_of(value):  # type: (Any) -> Optional[Iterator[Any]]
    """The items of a container, each with its step of the path; None if it is not a container."""
    kind = type(value)
    if kind in (list, tuple):
        return ((('', index), item) for index, item in enumerate(value))
    if kind in (set, frozenset):
        return (((' element',), item) for item in value)
    if kind is dict:
        return (pair for key, item in value.items() for pair in (((' key',), key), (('', key), item)))
    return None


def can_dump(value):  # type: (Any) -> bool
    try:
        DUMPERS[type(value)](lambda data: None, value)
    except Exception:
        return False
    return True
