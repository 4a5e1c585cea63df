"""The program that has a tree, on each interpreter: what it lists and sends, and what a hostile target gets."""
import hashlib
import os
import struct

import pytest
import rsync_peer as peer
from interpreters import RemoteError
from rsync_peer import ACK, ASK, DATA, DONE, FAILED, FINISH, FIRST, LAST, LIST, SAME, TIME, WANT, Sync


@pytest.fixture
def place(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def start(live_worker, place):
    """Starts a sync of a tree, which is at its end closed."""
    syncs = []

    def start(path=place, asked=False, **settings):
        syncs.append(Sync(live_worker, "source", path, asked=asked, **settings))
        return syncs[-1]
    yield start
    for sync in syncs:
        sync.channel.close()


def write(path, content, mode=0o644):
    path.write_bytes(content)
    os.chmod(str(path), mode)
    os.utime(str(path), ns=(TIME, TIME))


def want(*numbers, digest=None):
    return WANT, b"".join(struct.pack(">IB", number, digest is not None) + (digest or b"") for number in numbers)


def ask(*numbers):
    return ASK, struct.pack(">%dI" % len(numbers), *numbers)


def listed(sync, number=1):
    """The sections that come next."""
    found = []
    while len(found) < number:
        code, data = sync.receive()
        assert code == LIST
        found += peer.listing(data)
    return found


def received(sync):
    """The segments of a message, each with its part of the body."""
    code, head, body = sync.receive()
    assert code == DATA
    found, start = [], 0
    for segment in peer.segments(head):
        found.append((segment, body[start:start + segment.length]))
        start += segment.length
    assert start == len(body)
    return found


def finish(sync):
    sync.send((DONE,))
    assert sync.messages() == [(FINISH,)]


def test_a_tree_is_listed_depth_first_by_name(start, place):
    (place / "d/deep").mkdir(parents=True)
    (place / "e").mkdir()
    write(place / "d/f", b"12", 0o600)
    write(place / "a", b"")
    sync = start()
    assert sync.ready["version"] == 3 and set(sync.ready) == {"version", "root", "host", "here"}
    assert sync.ready["root"][:1] == b"d"
    sections = listed(sync, 4)
    assert [(number, ending, [entry[:2] for entry in entries]) for number, ending, entries in sections] == [
        (0, peer.WHOLE, [(b"f", b"a"), (b"d", b"d"), (b"d", b"e")]),
        (1, peer.WHOLE, [(b"d", b"deep"), (b"f", b"f")]),
        (3, peer.WHOLE, []),
        (2, peer.WHOLE, []),
    ]
    assert sections[1][2][1] == (b"f", b"f", 0o600, 2, TIME, b"")
    finish(sync)


def test_names_are_bytes(start, place):
    root = os.fsencode(str(place))
    for name in (b"\xff\xfe", b"\x80", "\xe9".encode()):
        os.close(os.open(os.path.join(root, name), os.O_WRONLY | os.O_CREAT))
    os.symlink(b"\xa0/\xc3", os.path.join(root, b"\x90"))
    sync = start()
    (_, _, entries), = listed(sync)
    assert [entry[1] for entry in entries] == [b"\x80", b"\x90", "\xe9".encode(), b"\xff\xfe"]
    assert entries[1][5] == b"\xa0/\xc3"
    sync.send(want(2))
    (segment, content), = received(sync)
    assert (segment.number, segment.flags, content) == (2, FIRST | LAST, b"")
    finish(sync)


def test_links_are_listed_and_not_followed(start, place):
    (place.parent / "outside").mkdir()
    write(place.parent / "outside/secret", b"secret")
    (place / "d").symlink_to("../outside")
    (place / "f").symlink_to("../outside/secret")
    (place / "i").symlink_to(str(place) + "/x/./y")
    (place / "j").symlink_to(str(place) + "/../outside")
    sync = start()
    sections = listed(sync)
    assert [(kind, name, text) for kind, name, _, _, _, text in sections[0][2]] == [
        (b"l", b"d", b"../outside"), (b"l", b"f", b"../outside/secret"), (b"i", b"i", b"x/y"),
        (b"l", b"j", os.fsencode(str(place)) + b"/../outside"),
    ]
    finish(sync)


def test_a_pipe_is_kept_and_not_opened(start, place):
    os.mkfifo(str(place / "p"))
    sync = start()
    (_, _, (entry,)), = listed(sync)
    assert entry[:2] == (b"k", b"p") and entry[3] == 0
    finish(sync)


def test_other_names_of_a_file_have_the_number_of_its_first(start, place):
    write(place / "a", b"1")
    os.link(str(place / "a"), str(place / "b"))
    sync = start(hard_links=True)
    (_, _, entries), = listed(sync)
    assert [(kind, name, text) for kind, name, _, _, _, text in entries] == [
        (b"h", b"a", struct.pack(">I", 0)), (b"h", b"b", struct.pack(">I", 0)),
    ]


def test_what_is_wanted_is_sent_with_mode_and_time(start, place):
    write(place / "a", b"content", 0o640)
    write(place / "b", b"unwanted")
    write(place / "c", b"")
    sync = start()
    listed(sync)
    sync.send(want(0, 2))
    found = received(sync)
    if len(found) == 1:
        found += received(sync)
    (first, content), (second, nothing) = found
    assert (first.number, first.flags, first.mode, first.size, first.mtime) == (0, FIRST | LAST, 0o640, 7, TIME)
    assert (second.number, second.flags, second.size) == (2, FIRST | LAST, 0)
    assert (content, nothing) == (b"content", b"")
    finish(sync)


def test_a_file_with_the_same_digest_is_not_sent(start, place):
    write(place / "a", b"content", 0o604)
    write(place / "b", b"content")
    sync = start()
    listed(sync)
    sync.send(want(0, digest=hashlib.sha256(b"content").digest()))
    (segment, content), = received(sync)
    assert (segment.flags, segment.mode, segment.mtime, content) == (SAME | LAST, 0o604, TIME, b"")
    sync.send(want(1, digest=bytes(32)))
    (segment, content), = received(sync)
    assert (segment.flags, content) == (FIRST | LAST, b"content")
    finish(sync)


def test_no_more_than_a_window_is_sent_without_an_acknowledgement(start, place):
    content = os.urandom(1 << 20)
    write(place / "f", content)
    for name in "de":
        (place / name).mkdir()
    sync = start(asked=True, window=300000)
    sync.send(ask(0))
    listed(sync)
    sync.send(want(0))
    parts, sent = [], 0
    for folder in 1, 2:
        # Two messages of 256 KiB begin inside the window. A third one would come before the listing.
        for _ in range(2):
            _, head, body = sync.receive()
            parts.append(body)
            sent += len(head) + len(body)
        sync.send(ask(folder))
        assert [number for number, _, _ in listed(sync)] == [folder]
        sync.send((ACK, sent, b""))
    assert b"".join(parts) == content
    finish(sync)


@pytest.mark.parametrize("change, reason", [
    (lambda path: path.unlink(), b"No such file or directory"),
    (lambda path: (path.unlink(), path.symlink_to("../secret")), b"Too many levels of symbolic links"),
    (lambda path: (path.unlink(), os.mkfifo(str(path))), b"not a regular file"),
    (lambda path: (path.unlink(), path.mkdir()), b"not a regular file"),
], ids=["removed", "link", "pipe", "folder"])
def test_a_file_that_is_replaced_after_it_was_listed_fails_alone(start, place, change, reason):
    write(place.parent / "secret", b"secret")
    write(place / "a", b"1")
    write(place / "b", b"2")
    sync = start()
    listed(sync)
    change(place / "a")
    sync.send(want(0))
    (segment, text), = received(sync)
    assert (segment.number, segment.flags, text) == (0, FAILED | LAST, reason)
    sync.send(want(1))
    (segment, content), = received(sync)
    assert (segment.flags, content) == (FIRST | LAST, b"2")
    finish(sync)


def test_a_folder_that_a_link_replaces_is_not_followed(start, place):
    (place.parent / "outside").mkdir()
    write(place.parent / "outside/f", b"secret")
    (place / "d").mkdir()
    write(place / "d/f", b"1")
    sync = start()
    listed(sync, 2)
    os.rename(str(place / "d"), str(place / "moved"))
    (place / "d").symlink_to("../outside")
    sync.send(want(0))
    (segment, text), = received(sync)
    assert segment.flags == FAILED | LAST and b"secret" not in text


def test_a_file_that_becomes_shorter_fails(start, place):
    write(place / "f", os.urandom(1 << 20))
    sync = start(window=1)      # One message at a time.
    listed(sync)
    sync.send(want(0))
    (first, content), = received(sync)
    assert first.flags == FIRST and 0 < len(content) < 1 << 20
    os.truncate(str(place / "f"), len(content))
    sync.send((ACK, 27 + len(content), b""))
    (segment, text), = received(sync)
    assert (segment.flags, text) == (FAILED | LAST, b"it was truncated while it was read")


def test_folders_are_listed_when_they_are_asked_for(start, place):
    (place / "a").mkdir()
    (place / "b").mkdir()
    sync = start(asked=True)
    sync.send(ask(0))
    assert [number for number, _, _ in listed(sync)] == [0]
    sync.send(ask(2))
    assert [number for number, _, _ in listed(sync)] == [2]
    finish(sync)


def test_a_folder_that_cannot_be_read_is_cut_off(start, place):
    (place / "a").mkdir()
    sync = start(asked=True)
    sync.send(ask(0))
    listed(sync)
    (place / "a").rmdir()
    sync.send(ask(1))
    assert listed(sync) == [(1, peer.CUT_OFF, [])]


def test_where_it_is_is_said(start, place):
    here, above = os.stat(str(place)), os.stat(str(place.parent))
    ready = start(delete=False).ready
    assert ready["here"] == struct.pack(">QQ", here.st_dev, here.st_ino)
    assert ready["host"] and "above" not in ready
    ready = start(delete=True).ready
    assert ready["above"].startswith(struct.pack(">QQ", above.st_dev, above.st_ino))
    assert ready["host"]


def test_a_single_file(start, place):
    write(place / "f", b"content", 0o600)
    sync = start(place / "f")
    assert sync.ready["root"] == struct.pack(">cHQqH", b"f", 0o600, 7, TIME, 0)
    sync.send(want(0))
    (segment, content), = received(sync)
    assert (segment.flags, content) == (FIRST | LAST, b"content")
    finish(sync)


def test_a_place_that_cannot_be_opened_is_an_answer(start, place):
    os.mkfifo(str(place / "pipe"))
    for name, reason in (("none", b"No such file or directory"), ("pipe", b"not a regular file")):
        sync = start(place / name)
        assert sync.ready == {"version": 3, "error": reason}
        assert sync.messages() == []


def expect_error(sync, error, *messages):
    """The messages end the sync with this error. If they do not, one that follows does so with another."""
    for message in messages + ((WANT, 1),):
        sync.send(message)
    with pytest.raises(RemoteError, match=error):
        sync.messages()


NOT_OFFERED = "not listed, or a repeated request"
OUT_OF_TURN = "out of turn"


@pytest.mark.parametrize("messages, error", [
    pytest.param([want(2)], NOT_OFFERED, id="not listed"),
    pytest.param([want(2 ** 32 - 1)], NOT_OFFERED, id="the last number"),
    pytest.param([want(0, 0)], NOT_OFFERED, id="twice"),
    pytest.param([want(0), want(0)], NOT_OFFERED, id="again"),
    pytest.param([want(1, 0)], NOT_OFFERED, id="descending"),
    pytest.param([(WANT, want(0)[1][:-1])], "struct.error", id="half a record"),
    pytest.param([ask(0)], NOT_OFFERED, id="a folder that is listed anyway"),
    pytest.param([(LIST, b"")], OUT_OF_TURN, id="a number of the source's"),
    pytest.param([(DONE, 1)], OUT_OF_TURN, id="too many fields"),
    pytest.param([(ACK, 1)], OUT_OF_TURN, id="too few fields"),
    pytest.param([("text",)], OUT_OF_TURN, id="a text for a number"),
    pytest.param([b"bytes"], OUT_OF_TURN, id="no tuple"),
    pytest.param([()], OUT_OF_TURN, id="an empty tuple"),
    pytest.param([None], OUT_OF_TURN, id="None"),
])
def test_a_hostile_message_ends_the_sync_with_an_error(start, place, messages, error):
    write(place / "a", b"1")
    write(place / "b", b"2")
    sync = start()
    listed(sync)
    expect_error(sync, error, *messages)


@pytest.mark.parametrize("numbers", [(1,), (0, 0), (2 ** 32 - 1,)], ids=["not listed", "twice", "the last number"])
def test_only_what_was_listed_is_listed_on_request(start, numbers):
    expect_error(start(asked=True), NOT_OFFERED, ask(*numbers))
