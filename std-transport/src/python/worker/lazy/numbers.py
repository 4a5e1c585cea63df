# Long lists of ints only, or of floats only: one call packs all numbers, and slices with a step put their bytes between
# the opcodes.  The result is that of dump_each.

FORMS = {int: (b'F', 'i', 4), float: (b'D', 'd', 8)}  # type: Dict[type, Form]
INDEX = 5       # bytes of the opcode and the index before each item
forms_kept = {}  # type: Dict[Tuple[bytes, int], bytearray]
LONGEST_KEPT = 1000


def dump_long_list(put, value):  # type: (Put, List[Any]) -> None
    kinds = set(map(type, value))
    form = FORMS.get(kinds.pop()) if len(kinds) == 1 else None
    try:
        if form is not None:
            put(numbers_between(form, value))
            return
    except StructError:
        pass    # An int that needs another opcode.
    dump_each(put, value)


def numbers_between(form, value):  # type: (Form, List[Any]) -> bytes
    code, size = form[1:]
    items = bytearray(items_of_zeros(form, len(value)))
    numbers = Struct('>%d%s' % (len(value), code)).pack(*value)
    for byte in range(size):
        items[INDEX + 1 + byte::INDEX + size + 2] = numbers[byte::size]
    return bytes(items)


def load_long_list(data, pos, count):  # type: (bytes, int, int) -> Tuple[int, List[Any]]
    """The list, and where its items end; or an empty list to fill, and `pos`."""
    for form in FORMS.values():
        tag, code, size = form
        end = pos + (INDEX + size + 2) * count
        if data[pos + INDEX:pos + INDEX + 1] != tag or end > len(data):
            continue
        items = bytearray(data[pos:end])
        numbers = bytearray(size * count)
        zeros = bytes(bytearray(count))
        for byte in range(size):
            column = slice(INDEX + 1 + byte, None, INDEX + size + 2)
            numbers[byte::size] = items[column]
            items[column] = zeros
        if items == items_of_zeros(form, count):
            return end, list(Struct('>%d%s' % (count, code)).unpack(bytes(numbers)))
    return pos, [None] * count


def items_of_zeros(form, count):  # type: (Form, int) -> bytearray
    """The items of a dumped list of zeros."""
    tag, _, size = form
    kept = forms_kept.get((tag, count))
    if kept is not None:
        return kept
    item = b'F' + bytes(bytearray(4)) + tag + bytes(bytearray(size)) + b'P'
    items = bytearray(item * count)
    for byte in range(4):
        items[1 + byte::len(item)] = column_of_indices(byte, count)
    if count <= LONGEST_KEPT:
        if len(forms_kept) > 8:
            forms_kept.clear()
        forms_kept[tag, count] = items
    return items


def column_of_indices(byte, count):  # type: (int, int) -> bytes
    """One of the four bytes of each of the ints from 0 on: runs that get longer from byte to byte."""
    run = 256 ** (3 - byte)
    turn = b''.join([ALL_BYTES[value:value + 1] * min(run, count) for value in range(min(256, count // run + 1))])
    return (turn * (count // len(turn) + 1))[:count]


ALL_BYTES = bytes(bytearray(range(256)))
