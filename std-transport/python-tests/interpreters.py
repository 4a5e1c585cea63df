"""The interpreters of this machine, and a worker on each."""
import os
import pathlib
import shutil
import subprocess

import pytest
from programs import PAGE_BREAK, core, lazy, load_worker

VERSIONS = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t", "PyPy")
BOOT = ("import os,sys;path=sys.path[:];link=os.fdopen(os.dup(0),'rb',65536);"
        "exec(compile(link.read(int(link.readline())),'<execnet worker>','exec'),{'link':link,'path':path})")
PROGRAM = r"""
for piece in br'''%s'''.split(b'%s'):
    exec(compile(piece, '<execnet worker>', 'exec'))
main()
"""


def find(version):
    """The path of an interpreter, or None. The shims of pyenv are no interpreters."""
    name = "pypy3" if version == "PyPy" else "python" + version
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    directories = sorted(str(path) for path in pyenv.glob("versions/*/bin"))
    directories += [path for path in os.get_exec_path() if not path.endswith("shims")]
    return shutil.which(name, path=os.pathsep.join(directories))


class RemoteError(Exception):
    """The worker has closed a channel with an error."""


class Worker:
    """A worker, with the frames that a controller exchanges with it.  With `pickles`, items travel as pickles."""

    def __init__(self, path, pickles=False):
        self.codec = load_worker()
        self.process = subprocess.Popen([path, "-B", "-u", "-c", BOOT], bufsize=0, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.output = os.fdopen(os.dup(self.process.stdout.fileno()), "rb")
        self.is_python2 = "python2" in os.path.basename(path)
        self.last_id = -1
        self.programs = {}
        program = (PROGRAM % (core(), PAGE_BREAK)).encode()
        config = {"id": "test", "execmodel": "thread", "grace": (5.0, 5.0), "nonce": b"0", "rest": lazy()}
        if pickles:
            config["pickles"] = 1
        config = self.codec.frame(self.codec.DATA, 0, config)[9:]
        self.write(b"%d\n%s%s%s" % (len(program), program, len(config).to_bytes(4, "big"), config))
        assert self.read(10) == b"EXECNET-0-"
        answer = self.read(int.from_bytes(self.read(4), "big"))
        if pickles:
            assert isinstance(self.codec.load(answer, (True, False), None), tuple), "the worker refuses pickles"
            self.codec.compile_lazy()
            self.codec.pickled_types.update((list, tuple, dict, set, frozenset))

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[self.process.stdin.write(view):]

    def read(self, size):
        data = self.output.read(size)
        assert len(data) == size, "the worker has ended"
        return data

    def send(self, code, number, value):
        self.write(self.codec.frame(code, number, value))

    def receive(self):
        """The code, channel and payload of the next frame."""
        code, number, size = self.codec.header.unpack(self.read(9))
        return code, number, self.read(size)

    def run(self, source):
        """The channel of a program that runs. A worker compiles each program once."""
        if source not in self.programs:
            number = self.programs[source] = len(self.programs)
            text = "import sys\nsys.modules['program%d'] = compile(%r, 'program.py', 'exec')" % (number, source)
            with pytest.raises(EOFError):
                self.start(text).receive()
        return self.start("import sys\nexec(sys.modules['program%d'])" % self.programs[source])

    def start(self, source):
        self.last_id += 2
        self.send(self.codec.EXEC, self.last_id, (source, None, None, {}))
        return Channel(self, self.last_id)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.output.close()


class Channel:

    def __init__(self, worker, number):
        self.worker = worker
        self.number = number
        self.ended = False
        # As a controller sets it for a sync: a str of Python 2 stays bytes.
        worker.send(worker.codec.RECONFIGURE, number, (False, False))

    def send(self, item):
        self.worker.send(self.worker.codec.DATA, self.number, item)

    def receive(self):
        """The next item; EOFError at the end, and RemoteError if it came with an error."""
        codec = self.worker.codec
        while True:
            code, number, data = self.worker.receive()
            if number != self.number:
                continue    # The rest of an earlier program.
            if code == codec.DATA:
                return codec.load(data, (False, False), None)
            self.ended = True
            if code == codec.CLOSE_ERROR:
                raise RemoteError(codec.load(data, (True, False), None))
            assert code == codec.CLOSE
            raise EOFError

    def close(self):
        if not self.ended:
            self.ended = True
            self.worker.write(self.worker.codec.header.pack(self.worker.codec.CLOSE, self.number, 0))
