"""The program that takes a tree, on each interpreter: what it makes of a tree, and of a hostile source."""
import hashlib
import os
import stat
import struct

import pytest
import rsync_peer as peer
from interpreters import RemoteError
from rsync_peer import (
    DATA, FINISH, FIRST, LAST, LIST, TIME, Sync, entry, file, folder, link, pack_root, section, segment,
)
from test_queue import wait_for


@pytest.fixture
def place(tmp_path):
    """Where the tree goes, beside a directory that nothing may touch."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kept").write_bytes(b"kept")
    (tmp_path / "root").mkdir()
    yield tmp_path / "root"
    assert os.listdir(str(tmp_path / "outside")) == ["kept"]
    assert (tmp_path / "outside/kept").read_bytes() == b"kept"


@pytest.fixture
def start(live_worker, place):
    """Starts a sync of a tree, which is at its end closed."""
    syncs = []

    def start(path=place, root=None, **settings):
        syncs.append(Sync(live_worker, "target", path, root=root or pack_root(), **settings))
        return syncs[-1]
    yield start
    for sync in syncs:
        sync.channel.close()


def names(directory):
    return sorted(os.listdir(os.fsencode(str(directory))))


def finish(sync):
    """Confirms the end; returns the outcomes and notes that came before it."""
    outcomes, notes = [], []
    while True:
        message = sync.receive()
        if message[0] == peer.ACK:
            outcomes += peer.outcomes(message[2])
        elif message[0] == peer.NOTE:
            notes += peer.notes(message[1])
        else:
            assert message == (peer.DONE,)
            break
    sync.send((FINISH,))
    assert sync.messages() == []
    return outcomes, notes


def wanted(sync):
    """The numbers of the files that it asks for next."""
    number, data = sync.receive()
    assert number == peer.WANT
    return [number for number, _ in peer.wants(data)]


def expect_error(sync, error, *messages):
    """The messages end the sync with this error. If they do not, one that follows does so with another."""
    for message in messages + ((DATA, 1, 1),):
        sync.send(message)
    with pytest.raises(RemoteError, match=error):
        sync.messages()


def status(path):
    found = os.lstat(str(path))
    return stat.S_IMODE(found.st_mode), found.st_mtime


def test_a_tree_arrives_with_its_modes_and_times(start, place):
    sync = start()
    assert sync.ready == {"version": 3}
    sync.send((LIST, section(0, folder(b"d", 0o750), file(b"empty"), file(b"f", 7, mode=0o640), link(b"l", b"f"))
               + section(1, file(b"inner", 2))))
    assert wanted(sync) == [0, 1, 2]
    sync.send(peer.whole(0, b""))
    sync.send(peer.whole(1, b"content", mode=0o640))
    sync.send(peer.whole(2, b"in"))
    outcomes, notes = finish(sync)
    assert outcomes == [(number, peer.WRITTEN, b"") for number in range(3)]
    assert notes == [(b"l", 0, b"l", b"")]
    assert names(place) == [b"d", b"empty", b"f", b"l"]
    assert (place / "f").read_bytes() == b"content" and (place / "d/inner").read_bytes() == b"in"
    assert os.readlink(str(place / "l")) == "f"
    assert status(place / "f") == (0o640, TIME / 1e9) and status(place / "d") == (0o750, TIME / 1e9)
    assert status(place) == (0o755, TIME / 1e9)


def test_names_are_bytes(start, place):
    sync = start()
    odd, text = b"\xff\xfe", b"\x80/\xc3"
    sync.send((LIST, section(0, link(b"\x80", text), folder(odd), file("\xe9".encode(), 1))
               + section(1, file(b"\xa0\n", 1))))
    with pytest.raises(RemoteError, match="not in ascending order"):
        sync.receive()
    sync = start()
    sync.send((LIST, section(0, link(b"\x80", text), file("\xe9".encode(), 1), folder(odd))
               + section(1, file(b"\xa0\n", 1))))
    assert wanted(sync) == [0, 1]
    sync.send(peer.whole(0, b"1"))
    sync.send(peer.whole(1, b"2"))
    assert finish(sync)[1] == [(b"l", 0, b"\x80", b"")]
    assert names(place) == [b"\x80", "\xe9".encode(), odd]
    path = os.path.join(os.fsencode(str(place)), odd)
    assert os.listdir(path) == [b"\xa0\n"]
    assert os.readlink(os.path.join(os.fsencode(str(place)), b"\x80")) == text


def test_what_is_here_unchanged_is_not_asked_for_and_gets_its_mode(start, place):
    (place / "f").write_bytes(b"12")
    os.chmod(str(place / "f"), 0o600)
    os.utime(str(place / "f"), ns=(TIME, TIME))
    sync = start()
    sync.send((LIST, section(0, file(b"f", 2, mode=0o640))))
    assert finish(sync) == ([], [])
    assert status(place / "f") == (0o640, TIME / 1e9)


def test_with_checksums_the_content_decides(start, place):
    (place / "f").write_bytes(b"12")
    sync = start(checksum=True)
    sync.send((LIST, section(0, file(b"f", 2, mode=0o604))))
    number, data = sync.receive()
    assert peer.wants(data) == [(0, hashlib.sha256(b"12").digest())]
    sync.send((DATA, segment(0, peer.SAME | LAST, mode=0o604), b""))
    assert finish(sync)[0] == [(0, peer.UNCHANGED, b"")]
    assert status(place / "f") == (0o604, TIME / 1e9)


def test_a_file_in_pieces_appears_when_it_is_whole(start, place):
    (place / "f").write_bytes(b"old")
    sync = start(window=4)      # Each piece is acknowledged.
    sync.send((LIST, section(0, file(b"f", 6))))
    assert wanted(sync) == [0]
    sync.send((DATA, segment(0, FIRST, 3, size=6), b"abc"))
    assert sync.receive()[0] == peer.ACK
    assert (place / "f").read_bytes() == b"old" and len(names(place)) == 2
    sync.send((DATA, segment(0, LAST, 3), b"def"))
    assert finish(sync)[0] == [(0, peer.WRITTEN, b"")]
    assert names(place) == [b"f"] and (place / "f").read_bytes() == b"abcdef"


class TestInterruptedFile:
    """A file that does not come whole leaves the old one, and nothing beside it."""

    @pytest.fixture
    def begun(self, start, place):
        (place / "f").write_bytes(b"old")
        sync = start(window=4)
        sync.send((LIST, section(0, file(b"f", 6))))
        assert wanted(sync) == [0]
        sync.send((DATA, segment(0, FIRST, 3, size=6), b"abc"))
        assert sync.receive()[0] == peer.ACK and len(names(place)) == 2
        yield sync
        wait_for(lambda: names(place) == [b"f"])
        assert (place / "f").read_bytes() == b"old"

    def test_by_the_end_of_the_channel(self, begun):
        begun.channel.close()

    def test_by_the_failure_of_the_source(self, begun):
        begun.send((DATA, segment(0, peer.FAILED | LAST, 6), b"reason"))
        assert finish(begun)[0] == [(0, peer.LOST, b"reason")]

    @pytest.mark.parametrize("message, error", [
        pytest.param((DATA, segment(0, LAST, 2), b"de"), "less content than", id="short"),
        pytest.param((DATA, segment(0, LAST, 4), b"defg"), "not announced", id="long"),
        pytest.param((DATA, segment(0, 0, 4), b"defg"), "not announced", id="long without an end"),
        pytest.param((DATA, segment(0, LAST, 3), b"de"), "cut short", id="a body that is cut off"),
        pytest.param((DATA, segment(1, LAST, 3), b"def"), "not announced", id="another file"),
        pytest.param((DATA, segment(0, FIRST, 3, size=6), b"def"), "not asked for", id="a second begin"),
        pytest.param((DATA, segment(0, peer.HOLE | LAST, size=3), b""), "not announced", id="a hole, unasked"),
        pytest.param((DATA, segment(0, LAST, 3)[:-1], b"def"), "struct.error", id="half a record"),
        pytest.param((FINISH, 1), "out of turn", id="a field too many"),
        pytest.param((), "out of turn", id="nothing"),
    ])
    def test_by_a_message_that_makes_no_sense(self, begun, message, error):
        expect_error(begun, error, message)


@pytest.mark.parametrize("mode, special, found", [
    (0o6755, False, 0o755), (0o6755, True, 0o6755), (0o1000, True, 0o1000), (0o000, False, 0o000),
])
def test_special_modes_are_set_only_on_request(start, place, mode, special, found):
    sync = start(special_modes=special)
    sync.send((LIST, section(0, file(b"f", 1, mode=mode))))
    assert wanted(sync) == [0]
    sync.send(peer.whole(0, b"1", mode=mode))
    finish(sync)
    assert status(place / "f")[0] == found


def test_the_owner_keeps_all_rights_in_folders(start, place):
    (place / "old").mkdir(mode=0o500)
    sync = start()
    sync.send((LIST, section(0, folder(b"new", 0o000), folder(b"old", 0o2555)) + section(1) + section(2, file(b"f"))))
    assert wanted(sync) == [0]
    sync.send(peer.whole(0, b""))
    finish(sync)
    assert status(place / "new")[0] == 0o700 and status(place / "old")[0] == 0o755
    assert names(place / "old") == [b"f"]


class TestSymbolicLinks:
    """None is followed: what has the name of a link takes its place."""

    def test_a_link_in_place_of_a_file(self, start, place):
        (place / "f").symlink_to("../outside/kept")
        sync = start()
        sync.send((LIST, section(0, file(b"f", 3))))
        assert wanted(sync) == [0]
        sync.send(peer.whole(0, b"new"))
        assert finish(sync)[0] == [(0, peer.WRITTEN, b"")]
        assert not (place / "f").is_symlink() and (place / "f").read_bytes() == b"new"

    def test_a_link_in_place_of_a_folder(self, start, place):
        (place / "d").symlink_to("../outside")
        sync = start(delete=True)
        sync.send((LIST, section(0, folder(b"d")) + section(1, file(b"f", 1))))
        assert wanted(sync) == [0]
        sync.send(peer.whole(0, b"1"))
        finish(sync)
        assert not (place / "d").is_symlink() and names(place / "d") == [b"f"]

    def test_a_link_that_is_put_in_place_of_a_folder_meanwhile(self, start, place):
        sync = start()
        sync.send((LIST, section(0, folder(b"d"), link(b"z", b"")) + section(1, file(b"f", 1), link(b"l", b"f"))))
        assert wanted(sync) == [0]
        os.rename(str(place / "d"), str(place / "moved"))
        (place / "d").symlink_to("../outside")
        sync.send(peer.whole(0, b"1"))
        outcomes, notes = finish(sync)
        assert [(number, result) for number, result, _ in outcomes] == [(0, peer.LOST)]
        assert (b"e", 1, b"l") in [note[:3] for note in notes] and (b"e", 1, b"") in [note[:3] for note in notes]
        assert names(place / "moved") == []

    def test_a_link_with_the_name_of_a_folder_takes_its_place(self, start, place):
        (place / "l").mkdir()
        (place / "l/inner").symlink_to("../../outside")
        sync = start(delete=True)
        sync.send((LIST, section(0, link(b"l", b"to"))))
        assert finish(sync)[1] == [(b"x", 0, b"l", b""), (b"l", 0, b"l", b"")]
        assert os.readlink(str(place / "l")) == "to"

    def test_a_link_into_the_tree_leads_into_this_tree(self, start, place):
        sync = start()
        sync.send((LIST, section(0, link(b"l", b"d/f", kind=b"i"))))
        finish(sync)
        assert os.readlink(str(place / "l")) == str(place / "d/f")


class TestDeletion:

    @pytest.fixture
    def full(self, place):
        """A tree with things that no listing has."""
        (place / "d/extra/deep").mkdir(parents=True)
        (place / "d/extra/deep/f").write_bytes(b"1")
        (place / "d/extra/link").symlink_to("../../../outside")
        (place / "d/here").write_bytes(b"12")
        os.utime(str(place / "d/here"), ns=(TIME, TIME))
        os.chmod(str(place / "d/here"), 0o644)
        os.mkfifo(str(place / "d/pipe"))
        return place / "d"

    def test_what_is_not_listed_is_deleted_on_request_alone(self, start, full):
        for delete, left in ((False, [b"extra", b"here", b"pipe"]), (True, [b"here"])):
            sync = start(delete=delete)
            sync.send((LIST, section(0, folder(b"d")) + section(1, file(b"here", 2))))
            notes = finish(sync)[1]
            assert names(full) == left
            assert sorted(notes) == [(b"x", 1, name, b"") for name in (b"extra", b"pipe") if delete]

    def test_what_the_source_keeps_is_kept(self, start, full):
        sync = start(delete=True)
        sync.send((LIST, section(0, folder(b"d"))
                   + section(1, entry(b"k", b"extra"), file(b"here", 2), entry(b"k", b"pipe", size=2, text=b"no"))))
        assert finish(sync) == ([], [])
        assert names(full) == [b"extra", b"here", b"pipe"]

    def test_a_listing_that_was_cut_off_deletes_nothing(self, start, full):
        sync = start(delete=True)
        sync.send((LIST, section(0, folder(b"d")) + section(1, file(b"here", 2), ending=peer.CUT_OFF)))
        assert finish(sync) == ([], [])
        assert names(full) == [b"extra", b"here", b"pipe"]

    def test_all_parts_of_a_listing_count(self, start, full):
        sync = start(delete=True)
        sync.send((LIST, section(0, folder(b"d")) + section(1, entry(b"k", b"extra"), ending=peer.NOT_YET)))
        sync.send((LIST, section(1, file(b"here", 2))))
        assert finish(sync)[1] == [(b"x", 1, b"pipe", b"")]
        assert names(full) == [b"extra", b"here"]

    def test_a_dry_run_says_so_and_deletes_nothing(self, start, full):
        sync = start(delete=True, dry_run=True)
        sync.send((LIST, section(0, folder(b"d"), folder(b"e"))
                   + section(1, file(b"here", 2), file(b"new", 1)) + section(2)))
        assert wanted(sync) == [1]
        assert sorted(finish(sync)[1]) == [(b"x", 1, b"extra", b""), (b"x", 1, b"pipe", b"")]
        assert names(full) == [b"extra", b"here", b"pipe"]

    def test_nothing_is_deleted_before_the_files_are_here(self, start, full):
        sync = start(delete=True)
        sync.send((LIST, section(0, folder(b"d")) + section(1, file(b"new", 1))))
        assert wanted(sync) == [0]
        assert names(full) == [b"extra", b"here", b"pipe"]
        sync.channel.close()

    def test_a_source_inside_of_the_tree_is_not_deleted(self, start, place, live_worker):
        found = os.stat(str(place))
        with open("/proc/sys/kernel/random/boot_id", "rb") as boot_id:
            host = boot_id.read().strip()
        above = struct.pack(">QQ", 1, 1) + struct.pack(">QQ", found.st_dev, found.st_ino)
        assert b"would be deleted" in start(delete=True, host=host, above=above).ready["error"]
        assert start(delete=True, host=b"another", above=above).ready == {"version": 3}
        assert start(delete=False, host=host, above=above).ready == {"version": 3}


class TestDestinationInItsSource:

    @pytest.fixture
    def source(self, place):
        """How a source around `place` says where it is."""
        found = os.stat(str(place.parent))
        with open("/proc/sys/kernel/random/boot_id", "rb") as boot_id:
            return {"host": boot_id.read().strip(), "here": struct.pack(">QQ", found.st_dev, found.st_ino)}

    def test_it_is_refused_and_not_created(self, start, place, source):
        for path in place, place / "new" / "deep":
            assert b"copied into itself" in start(path, filtered=False, **source).ready["error"]
        assert b"the source itself" in start(place.parent, filtered=True, **source).ready["error"]
        assert names(place) == []

    def test_another_host_has_other_directories(self, start, source):
        source["host"] = b"another"
        assert start(filtered=False, **source).ready == {"version": 3}

    def test_with_a_filter_the_listing_decides(self, start, place, source):
        own = os.fsencode(place.name)
        (place / "d").mkdir()
        sync = start(filtered=True, **source)
        sync.send((LIST, section(0, folder(b"d"), folder(own)) + section(1, folder(own)) + section(3)
                   + section(2, file(b"f", 1))))
        notes = finish(sync)[1]
        assert [(kind, number, name) for kind, number, name, _ in notes] == [(b"e", 0, own), (b"e", 2, b"f")]
        assert b"copied into itself" in notes[0][3]
        assert names(place) == [b"d"]
        assert names(place / "d") == [own]


class TestDirectoryInTheWay:
    """Without `delete`, only an empty directory makes way for a file or a link."""

    @pytest.fixture
    def listing(self, place):
        for name in "f", "l", "empty":
            (place / name).mkdir()
        (place / "f/kept").write_bytes(b"kept")
        (place / "l/kept").write_bytes(b"kept")
        return LIST, section(0, file(b"empty", 1), file(b"f", 1), link(b"l", b"f"))

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_it_is_kept(self, start, place, listing, dry_run):
        sync = start(dry_run=dry_run)
        sync.send(listing)
        assert wanted(sync) == [0]
        if not dry_run:
            sync.send(peer.whole(0, b"1"))
        reason = b"a directory that is not empty is in the way; delete it or use --delete"
        assert finish(sync)[1] == [(b"e", 0, b"f", reason), (b"e", 0, b"l", reason)]
        assert names(place / "f") == names(place / "l") == [b"kept"]
        assert (place / "empty").is_dir() == dry_run

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_it_is_deleted_with_delete_and_reported(self, start, place, listing, dry_run):
        sync = start(delete=True, dry_run=dry_run)
        sync.send(listing)
        assert wanted(sync) == [0, 1]
        if not dry_run:
            sync.send(peer.whole(0, b"1"))
            sync.send(peer.whole(1, b"2"))
        assert sorted(finish(sync)[1]) == [(b"l", 0, b"l", b""), (b"x", 0, b"f", b""), (b"x", 0, b"l", b"")]
        assert (place / "f").is_dir() == dry_run

    def test_one_that_appears_later_is_kept(self, start, place):
        sync = start()
        sync.send((LIST, section(0, file(b"f", 1))))
        assert wanted(sync) == [0]
        (place / "f/kept").mkdir(parents=True)
        sync.send(peer.whole(0, b"1"))
        (_, result, _), = finish(sync)[0]
        assert result == peer.LOST and names(place / "f") == [b"kept"]


def test_other_names_of_a_file_are_linked_to_it(start, place):
    sync = start(hard_links=True)
    first = struct.pack(">I", 0)
    sync.send((LIST, section(0, entry(b"h", b"a", size=3, text=first), entry(b"h", b"b", size=3, text=first))))
    assert wanted(sync) == [0]
    sync.send(peer.whole(0, b"abc"))
    assert finish(sync) == ([(0, peer.WRITTEN, b"")], [(b"l", 0, b"b", b"")])
    assert names(place) == [b"a", b"b"]
    assert os.path.samefile(str(place / "a"), str(place / "b"))


def test_holes_read_as_zeros(start, place):
    sync = start(sparse=True)
    sync.send((LIST, section(0, file(b"f", 1 << 20))))
    assert wanted(sync) == [0]
    sync.send((DATA, segment(0, FIRST, 1, size=1 << 20) + segment(0, peer.HOLE | LAST, size=(1 << 20) - 1), b"x"))
    assert finish(sync)[0] == [(0, peer.WRITTEN, b"")]
    assert (place / "f").read_bytes() == b"x" + bytes((1 << 20) - 1)


def test_a_file_that_cannot_be_written_fails_alone(start, place):
    sync = start()
    sync.send((LIST, section(0, folder(b"d"), file(b"f", 1)) + section(1, file(b"g", 1))))
    assert wanted(sync) == [0, 1]
    (place / "d").rmdir()
    sync.send(peer.whole(0, b"1"))
    sync.send(peer.whole(1, b"2"))
    outcomes, _ = finish(sync)
    assert outcomes == [(0, peer.WRITTEN, b""), (1, peer.LOST, b"No such file or directory")]
    assert names(place) == [b"f"]


def test_a_place_that_cannot_be_opened_is_an_answer(start, place):
    (place / "f").write_bytes(b"")
    for path in place / "f", place / "f/below":
        assert set(start(path).ready) == {"version", "error"}
    assert names(place) == [b"f"]


def test_a_single_file(start, place):
    sync = start(place / "new/f", pack_root(b"f", 0o600, 2))
    assert wanted(sync) == [0]
    sync.send(peer.whole(0, b"12", mode=0o600))
    assert finish(sync)[0] == [(0, peer.WRITTEN, b"")]
    assert (place / "new/f").read_bytes() == b"12" and status(place / "new/f")[0] == 0o600


DEEP = b"".join(section(number, folder(b"d")) for number in range(1025))
NAMELESS = "not a name, or not in ascending order"
HOSTILE = {
    "no tuple": ("text", "Error|Violation"),
    "an empty tuple": ((), "out of turn"),
    "an unknown number": ((99, b""), "out of turn"),
    "a number of the target's": ((peer.WANT, b""), "out of turn"),
    "too few fields": ((LIST,), "out of turn"),
    "too many fields": ((LIST, b"", b""), "out of turn"),
    "an end too early": ((FINISH, None), "out of turn"),
    "half a section": ((LIST, section(0)[:-1]), "struct.error"),
    "fewer entries than it says": ((LIST, section(0, count=1)), "struct.error"),
    "half an entry": ((LIST, section(0, folder(b""))[:-2]), "struct.error"),
    "half a section behind a whole one": ((LIST, section(0, folder(b"a")) + section(1)[:-1]), "struct.error"),
    "a name that is cut off": ((LIST, section(0, folder(b"bc"))[:-1]), "cut short"),
    "an empty name": ((LIST, section(0, file(b""))), NAMELESS),
    "the folder itself": ((LIST, section(0, file(b"."))), NAMELESS),
    "the folder above": ((LIST, section(0, folder(b".."))), NAMELESS),
    "a path": ((LIST, section(0, file(b"../outside/new"))), NAMELESS),
    "a path from the root": ((LIST, section(0, folder(b"/tmp"))), NAMELESS),
    "a NUL": ((LIST, section(0, link(b"a\0b", b"x"))), NAMELESS),
    "a long name": ((LIST, section(0, file(b"a" * 256))), NAMELESS),
    "a name twice": ((LIST, section(0, folder(b"a"), link(b"a", b"../outside"))), NAMELESS),
    "names that descend": ((LIST, section(0, file(b"b"), file(b"a"))), NAMELESS),
    "an unknown kind": ((LIST, section(0, entry(b"s", b"a"))), "no known kind"),
    "a long text": ((LIST, section(0, link(b"a", b"x" * 4097))), "the text of a link is too long"),
    "a long reason": ((LIST, section(0, entry(b"k", b"a", size=4097, text=b"x" * 4097))), "a reason is too long"),
    "a link out of the tree": ((LIST, section(0, link(b"a", b"d/../../outside", kind=b"i"))), "not the name of"),
    "a folder that was not listed": ((LIST, section(1)), "folder out of turn"),
    "a folder twice": ((LIST, section(0) + section(0)), "out of turn"),
    "another folder in between": ((LIST, section(0, folder(b"a"), ending=peer.NOT_YET) + section(1)), "out of turn"),
    "a neighbour first": ((LIST, section(0, folder(b"a"), folder(b"b")) + section(2)), "folder out of turn"),
    "folders that are too deep": ((LIST, DEEP), "nested deeper than 1024"),
    "more entries than the limit": ((LIST, section(0, count=10000001)), "more entries than the limit"),
    "another name, unasked": ((LIST, section(0, entry(b"h", b"a", text=bytes(4)))), "a file that was not listed"),
    "a file that was not listed": (peer.whole(0, b""), "not asked for"),
    "a body without segments": ((DATA, b"", b"x"), "not announced"),
    "a hole first": ((DATA, segment(0, peer.HOLE | LAST, size=1), b""), "not announced"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_ends_the_sync_with_an_error(start, place, name):
    message, error = HOSTILE[name]
    # In a dry run 1025 folders are not made.
    sync = start(dry_run="deep" in name)
    expect_error(sync, error, message)
    assert set(names(place)) <= {b"a", b"b"}
    assert not any(path.is_symlink() for path in place.iterdir())


@pytest.mark.parametrize("message", [
    pytest.param(peer.whole(0, b"1"), id="for the second time"),
    pytest.param(peer.whole(1, b"1"), id="of an unchanged file"),
    pytest.param((DATA, segment(2, LAST, 1), b"1"), id="without a begin"),
    pytest.param((DATA, segment(2, FIRST | LAST, 2, size=1), b"12"), id="more than announced"),
    pytest.param((DATA, segment(2, FIRST | LAST, 1, size=2), b"1"), id="less than announced"),
    pytest.param((DATA, segment(2, FIRST | LAST, 2, size=2), b"1"), id="cut off"),
])
def test_content_that_was_not_asked_for_is_refused(start, place, message):
    (place / "b").write_bytes(b"old")
    os.utime(str(place / "b"), ns=(TIME, TIME))
    os.chmod(str(place / "b"), 0o644)
    sync = start()
    sync.send((LIST, section(0, file(b"a", 1), file(b"b", 3), file(b"c", 1))))
    assert wanted(sync) == [0, 2]
    expect_error(sync, "Violation", peer.whole(0, b"0"), message)
    assert names(place) == [b"a", b"b"]
    assert (place / "a").read_bytes() == b"0" and (place / "b").read_bytes() == b"old"


@pytest.mark.parametrize("listed, announced, holes", [
    (3, 1 << 63, (4, 0)), (3, 1 << 63, (1 << 62, 0)), (3, 1 << 63, (2, 3)), (1 << 20, 3, (3, 0)), (1 << 20, 3, (1, 2)),
])
def test_a_hole_is_within_what_was_announced_and_listed(start, place, listed, announced, holes):
    sync = start(sparse=True)
    sync.send((LIST, section(0, file(b"f", listed))))
    assert wanted(sync) == [0]
    segments = segment(0, FIRST, 1, size=announced) + b"".join(segment(0, peer.HOLE, size=size) for size in holes)
    expect_error(sync, "a hole that was not announced", (DATA, segments, b"x"))
    wait_for(lambda: names(place) == [])
