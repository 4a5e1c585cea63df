"""The worker's codec against the vectors: bytes that execnet itself wrote, or refused."""
import json
import pathlib
import re
import struct
import sys

import pytest
from programs import load_worker

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "serializer/tests/vectors"
BOTH_TEXTS = (True, False)
REFUSALS = (struct.error, ValueError, TypeError, LookupError)


def read(name):
    return [vector for vector in json.loads((VECTORS / name).read_text()) if vector["hex"]]


WRITTEN = [vector for vector in read("vectors.json") if vector["kind"] == "value"]
CHANNELS = [vector for vector in WRITTEN if vector["name"].startswith("channel/")]
# Texts of halves of a pair, which are no UTF-8.
SURROGATES = [vector for vector in WRITTEN if vector["name"].endswith("_surrogate")]
VALUES = [vector for vector in WRITTEN if vector not in CHANNELS + SURROGATES]
# What was written by hand, with opcodes of Python 2.
BY_HAND = ("odd/class_named_long", "odd/class_named_long_big")
# Values whose repr does not give them back.
WITHOUT_REPR = ("complex/neg_zero", "complex/inf_nan", "py2/unicode_pair")
# For a list of 2^31 - 1 items this worker asks for 16 GiB, as execnet does.
MALFORMED = [vector for vector in read("malformed.json")
             if vector["input_is"].startswith("body") and vector["name"] != "list/newlist_huge"]
REFUSED = [vector for vector in MALFORMED if "exception" in vector["python_outcome"]]
TAKEN = [vector for vector in MALFORMED if "value" in vector["python_outcome"]]
# Counts of items that are negative or too large: execnet takes them.
WRONG_COUNTS = [vector for vector in TAKEN if re.match("(few|neglen)/(tuple|set|frozenset)", vector["name"])]
LENIENT = [vector for vector in TAKEN if vector not in WRONG_COUNTS and vector["name"] != "odd/deep_5000_tuples"]


def cases(vectors):
    return pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in vectors])


@pytest.fixture(scope="module")
def codec(loaded_worker):
    return loaded_worker


def load(codec, vector):
    return codec.load(bytes.fromhex(vector["hex"]), BOTH_TEXTS, None)


def dump(codec, value):
    """The body of a frame: the value and the final opcode."""
    return codec.frame(codec.DATA, 1, value)[9:]


def shown(vector):
    """Python 3's repr of the value: a text of Python 2 stands for its bytes as Latin-1, a long for an int.

    execnet shortens that of a long value, and of Python 2's values has none.
    """
    if "loads_repr" in vector:
        return vector["loads_repr"]
    return repr(eval(re.sub(r"\b(\d+)L\b", r"\1", vector["repr"]), {"nan": float("nan")}))


def test_there_are_vectors_of_each_kind():
    kinds = VALUES, REFUSED, LENIENT, WRONG_COUNTS, CHANNELS, SURROGATES
    assert [len(kind) >= least for kind, least in zip(kinds, (130, 80, 30, 7, 5, 2))] == [True] * 6


@cases([vector for vector in VALUES if vector["name"] not in WITHOUT_REPR])
def test_a_value_of_execnet_is_loaded(codec, vector):
    found = repr(load(codec, vector))
    text = shown(vector)
    assert found.startswith(text[:-3]) if text.endswith("...") else found == text


@cases([vector for vector in VALUES if vector["python"].startswith("3") and vector["name"] not in BY_HAND])
def test_a_value_is_written_as_execnet_writes_it(codec, vector):
    assert dump(codec, load(codec, vector)).hex() == vector["hex"]


@cases([vector for vector in VALUES if len(vector["hex"]) < 100])
def test_a_value_that_ends_early_is_refused_wherever_it_is_cut(codec, vector):
    data = bytes.fromhex(vector["hex"])
    for end in range(len(data)):
        with pytest.raises((codec.LoadError,) + REFUSALS):
            codec.load(data[:end], BOTH_TEXTS, None)


@cases(REFUSED + WRONG_COUNTS + SURROGATES)
def test_malformed_input_is_refused(codec, vector):
    with pytest.raises((codec.LoadError,) + REFUSALS):
        load(codec, vector)


@cases(LENIENT)
def test_what_execnet_takes_is_taken(codec, vector):
    assert repr(load(codec, vector)) == vector["python_outcome"]["value"]


def test_a_deep_value_is_loaded(codec):
    vector, = [vector for vector in TAKEN if vector["name"] == "odd/deep_5000_tuples"]
    depth, value = 0, load(codec, vector)
    while value:
        depth, (value,) = depth + 1, value
    assert depth == 5000


@cases(CHANNELS)
def test_a_channel_is_loaded_by_its_gateway_alone(worker, make_gateway, vector):
    data = bytes.fromhex(vector["hex"])
    assert dump(worker, worker.load(data, BOTH_TEXTS, make_gateway())) == data
    with pytest.raises(worker.LoadError, match="does not belong here"):
        worker.load(data, BOTH_TEXTS, None)


@pytest.mark.parametrize("strings, text, text_of_python2", [
    ((True, False), "\xe9", "\xc3\xa9"),
    ((False, False), "\xe9", b"\xc3\xa9"),
    ((True, True), b"\xc3\xa9", "\xc3\xa9"),
])
def test_the_configuration_of_a_channel_says_what_texts_become(codec, strings, text, text_of_python2):
    body = struct.pack(">i", 2) + b"\xc3\xa9Q"
    assert codec.load(b"N" + body, strings, None) == text
    assert codec.load(b"M" + body, strings, None) == text_of_python2


@pytest.mark.parametrize("value, message", [
    (object(), "can't serialize <class 'object'>"),
    ([1, {"data": object()}], r"at item\[1\]\['data'\]"),
    ({"a": (1, bytearray())}, r"at item\['a'\]\[1\]"),
    ({(1, frozenset([type])): 2}, r"at item key\[1\] element"),
    ("\ud800", "utf-8 encodable"),
])
def test_what_cannot_be_written_is_named_with_its_place(codec, value, message):
    with pytest.raises(codec.DumpError, match=message):
        dump(codec, value)


@pytest.mark.parametrize("value", [10 ** 599, 10 ** 600, -10 ** 600, 10 ** 1799, 7 ** 3000])
def test_integers_may_have_more_digits_than_python_converts_at_once(codec, value):
    limit = getattr(sys, "set_int_max_str_digits", None) or pytest.skip("skipped: this Python has no such limit")
    body = dump(codec, value)
    before = sys.get_int_max_str_digits()
    limit(640)
    try:
        assert dump(codec, value) == body
        assert codec.load(body, BOTH_TEXTS, None) == value
    finally:
        limit(before)


@pytest.fixture(scope="module")
def plain_codec():
    """Reads and writes the items of every list one by one."""
    worker = load_worker()
    worker.compile_lazy()
    worker.LONG = worker.NEVER
    return worker


LONG_LISTS = {
    "ints": list(range(-20, 20)),
    "one_less_than_long": list(range(31)),
    "long": list(range(32)),
    "limits": [-2**31, 2**31 - 1] * 20,
    "one_int_too_large": [1] * 40 + [2**31],
    "one_int_too_small": [1] * 40 + [-2**31 - 1],
    "floats": [0.1, -0.0, float("inf"), 1e300] * 10,
    "nan_with_payload": list(struct.unpack(">40d", b"\x7f\xf8\x00\x00\x00\x00\x12\x34" * 40)),
    "a_float_among_ints": [1] * 40 + [1.0],
    "bools": [True, False] * 20,
    "a_bool_among_ints": [1] * 40 + [True],
    "ints_beyond_two_bytes": list(range(70000)),
    "rows": [[float(row)] * 40 for row in range(40)],
    "texts": ["text"] * 40,
    "none": [None] * 40,
}


@pytest.mark.parametrize("name", LONG_LISTS)
def test_a_long_list_is_written_and_read_as_item_by_item(codec, plain_codec, name):
    data = dump(codec, LONG_LISTS[name])
    assert data == dump(plain_codec, LONG_LISTS[name])
    found = codec.load(data, BOTH_TEXTS, None)
    assert repr(found) == repr(LONG_LISTS[name])
    assert dump(codec, found) == data


@pytest.mark.parametrize("name", ["long", "floats"])
def test_damage_of_a_long_list_has_the_outcome_of_item_by_item(codec, plain_codec, name):
    def outcome(codec, data):
        try:
            return repr(codec.load(bytes(data), BOTH_TEXTS, None))
        except (codec.LoadError,) + REFUSALS as error:
            return type(error).__name__

    data = dump(codec, LONG_LISTS[name])
    # Not the count of items: for a large one this worker asks for as much memory as execnet does.
    for at in range(5, len(data)):
        for damaged in (data[:at] + bytes([data[at] ^ 1]) + data[at + 1:], data[:at]):
            assert outcome(codec, damaged) == outcome(plain_codec, damaged), at


def test_more_different_keys_than_are_kept_are_written_alike(codec):
    dicts = [{"key %d" % number: 1, "\xe9" * number: 2} for number in range(3000)]
    for value in dicts * 2:
        assert codec.load(dump(codec, value), BOTH_TEXTS, None) == value
    assert len(codec.known_keys) <= codec.KNOWN_KEYS
    assert all(len(key) <= codec.KEY_LENGTH for key in codec.known_keys)
