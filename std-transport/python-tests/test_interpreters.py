"""Which interpreters there are, and what is compiled on them."""
import pytest
from interpreters import VERSIONS, find
from programs import rsync


@pytest.mark.parametrize("version", VERSIONS)
def test_the_interpreter_is_here(version):
    if find(version) is None:
        pytest.skip("skipped: Python %s is not installed" % version)


def compiled(worker, names, program):
    """Which names the program has found, and whether this is Python 2."""
    channel = worker.run("import sys\n%s\nchannel.send([name for name in %r if name in known])\n"
                         "channel.send(sys.version_info[0] == 2)" % (program, names))
    found, python2 = channel.receive(), channel.receive()
    channel.close()
    return [name.decode() if isinstance(name, bytes) else name for name in found], python2


def test_python2_alone_compiles_what_it_needs_of_the_worker(live_worker):
    found, python2 = compiled(live_worker, ["ChannelMethods", "dump_py2"],
                              "channel.isclosed()\nknown = type(channel).__init__.__globals__")
    assert found == ["ChannelMethods"] + ["dump_py2"] * python2


def test_python2_alone_compiles_what_it_needs_of_a_sync(live_worker):
    functions = rsync("target").replace("\nmain(channel)\n", "\nknown = globals()\n")
    found, python2 = compiled(live_worker, ["open_at", "at"], functions)
    assert found == ["open_at"] + ["at"] * python2
