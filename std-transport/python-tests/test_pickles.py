"""Items as pickles: what becomes one, and what stays opcodes."""
import math
import pickle
import sys

import pytest
from programs import load_worker

# The worker reads and writes them there alone.
pytestmark = pytest.mark.skipif(sys.version_info < (3, 8), reason="no pickles before CPython 3.8")
BOTH_TEXTS = (True, False)
LAST = 2**2039


@pytest.fixture(scope="module")
def agreed():
    """A worker whose controller reads and writes pickles."""
    worker = load_worker()
    worker.compile_lazy()
    worker.pickled_types.update((list, tuple, dict, set, frozenset))
    return worker


def payload(worker, value):
    return worker.frame(worker.DATA, 1, value)[9:]


class Text(str):
    pass


PLAIN = {
    "numbers": [1, -1.5, True, None, math.inf, 2**64],
    "the_longest_ints": [LAST - 1, -LAST],
    "texts_around_surrogates": ["\ud7ff", "\ue000" * 300, "\U0001f600"],
    "keys": {"\ud7ff": 1, (1, 2): {3}, b"\xed\xa0": frozenset()},
    # Bytes and numbers that look like halves of a pair, or like long ints.
    "bytes_like_halves": [b"\xed" * 100000, b"\xed\xa0" * 100000],
    "bytes_like_long_ints": [b"\x8b\x00\x01\x00\x00" * 20000],
    "ints_like_both": [0xed, 0xa0ed, 0x8b] * 30000,
    "between_texts": ["x" * 300] * 1000 + [b"\xed\xa0" * 1000] + ["X\x00\x01\x00\x00"] * 100,
}
OTHER = {
    "halves": ["a", "\ud800"],
    "a_half_in_a_key": {"\udfff": 1},
    "a_half_in_a_long_text": ["x" * 300 + "\ud800"],
    "a_half_among_numbers": [[0xed, 0xa0ed] * 40000, {"k": ["\udc00"]}],
    "an_int_that_is_too_long": [LAST],
    "a_negative_one": [-LAST - 1],
    "an_int_among_bytes": [b"\x8b" * 100000, [LAST]],
    "subclasses": [Text("x")],
    "bytearrays": [bytearray(b"x")],
    "complex": [1j],
    "types": [int],
    "functions": [len],
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_item_is_a_pickle(agreed, name):
    data = payload(agreed, PLAIN[name])
    assert data[:2] == b"\x80\x04" and data[-2:] == b".Q"
    assert agreed.load(data, BOTH_TEXTS, None) == PLAIN[name]


@pytest.mark.parametrize("name", OTHER)
def test_another_item_is_left_to_opcodes(agreed, name):
    assert agreed.pickle(1, OTHER[name]) is None


def test_an_exception_of_a_signal_handler_is_that_of_the_send(agreed, monkeypatch):
    def interrupted(*_):
        raise TimeoutError("an alarm")

    monkeypatch.setattr(agreed, "idle_picklers", [(interrupted, [])])
    monkeypatch.setitem(agreed.DUMPERS, str, interrupted)
    for item in (["text"], "text"):
        with pytest.raises(TimeoutError, match="an alarm"):
            agreed.frame(agreed.DATA, 1, item)


def test_a_pickler_is_used_again_after_an_item_but_not_after_an_exception(agreed, monkeypatch):
    idle = []
    monkeypatch.setattr(agreed, "idle_picklers", idle)
    for number in range(3):
        assert agreed.load(payload(agreed, [number, "text"]), BOTH_TEXTS, None) == [number, "text"]
    first, = idle
    assert first[1] == []
    assert agreed.pickle(1, [1j]) is None
    assert idle == []


def test_any_number_of_frozensets_arrives(agreed):
    many = [frozenset([number]) for number in range(200)]
    for item in [many, *([one] for one in many)]:
        assert agreed.load(payload(agreed, item), BOTH_TEXTS, None) == item


def test_other_frames_have_no_pickles(agreed):
    assert agreed.frame(agreed.STATUS, 1, [1, 2])[9:10] == b"K"


@pytest.fixture
def without_c(monkeypatch):
    """A worker that agreed on pickles, in an interpreter without the module in C."""
    monkeypatch.delitem(sys.modules, "pickle")
    monkeypatch.setitem(sys.modules, "_pickle", None)
    worker = load_worker()
    worker.compile_lazy()
    worker.pickled_types.update((list, tuple, dict, set, frozenset))
    return worker


def test_without_the_module_in_c_items_are_sent_as_opcodes(without_c):
    assert payload(without_c, [1, 2, 3])[:1] == b"K"


@pytest.mark.parametrize("name", PLAIN)
def test_without_the_module_in_c_pickles_are_read(agreed, without_c, name):
    assert without_c.load(payload(agreed, PLAIN[name]), BOTH_TEXTS, None) == PLAIN[name]
    assert without_c.unpickle.__name__ == "_loads" and pickle.loads is agreed.unpickle


def test_the_module_in_c_is_looked_for_once(without_c):
    looked = []
    find = without_c.import_standard
    without_c.import_standard = lambda name: looked.append(name) or find(name)
    for _ in range(3):
        payload(without_c, [1, 2, 3])
    assert looked == ["_pickle", "pickle"]


def test_without_any_module_items_are_sent_as_opcodes():
    worker = load_worker()
    worker.compile_lazy()
    worker.pickled_types.add(list)

    def fail(name):
        raise ImportError(name)

    worker.import_standard = fail
    assert payload(worker, [1, 2, 3])[:1] == b"K"


def test_an_item_that_changes_while_it_is_checked_is_judged_as_it_was_written(agreed):
    item = [b"\x8b\x00\x01\x00\x00" * 2000, "text"]
    written = agreed.unpickle

    def change(data):
        item.append("\ud800")
        return written(data)

    agreed.unpickle = change
    try:
        data = payload(agreed, item)
    finally:
        agreed.unpickle = written
    assert data[:1] == b"\x80" and agreed.load(data, BOTH_TEXTS, None) == item[:2]
    assert len(item) == 3


def test_a_pickle_is_refused_where_none_was_agreed():
    worker = load_worker()
    worker.compile_lazy()
    with pytest.raises(worker.LoadError, match="unknown opcode"):
        worker.load(b"\x80\x04N.Q", BOTH_TEXTS, None)


def test_texts_become_bytes_where_the_channel_wants_that(agreed):
    data = payload(agreed, ["text", {"key": 1}])
    assert agreed.load(data, (True, True), None) == [b"text", {b"key": 1}]


DEEP = 5000


@pytest.mark.parametrize("kind", [list, dict, tuple])
def test_texts_become_bytes_at_any_depth(agreed, kind):
    """A controller sends what is nested deeper than functions can be."""
    data = b"\x80\x04" + {
        list: b"]" * DEEP + b"\x8c\x01x" + b"a" * DEEP,
        dict: b"}\x8c\x03key" * DEEP + b"\x8c\x01x" + b"s" * DEEP,
        tuple: b"\x8c\x01x" + b"\x8c\x04text\x86" * DEEP,
    }[kind] + b".Q"
    value = agreed.load(data, (True, True), None)
    for _ in range(DEEP):
        if kind is list:
            value, = value
        elif kind is dict:
            value = value.pop(b"key")
        else:
            value, text = value
            assert text == b"text"
    assert value == b"x"


def test_texts_become_bytes_in_every_container(agreed):
    item = [("a", {"k": {"v"}}), frozenset(["e", ("t", b"b")]), {}, (), set(), [], {("x", 1): "y", b"x": None}]
    assert agreed.load(payload(agreed, item), (True, True), None) == [
        (b"a", {b"k": {b"v"}}), frozenset([b"e", (b"t", b"b")]), {}, (), set(), [], {(b"x", 1): b"y", b"x": None}]


def test_keys_that_become_equal_are_one_as_in_opcodes(agreed):
    item = [{"a": 1, "b": 2, b"a": 3}, {"c", b"c"}]
    found = agreed.load(payload(agreed, item), (True, True), None)
    assert found == [{b"a": 3, b"b": 2}, {b"c"}] and list(found[0]) == [b"a", b"b"]
