# execnet command
#
# Runs a command for the controller.  The first item says which, with the channels of its standard streams; the answer
# is its process id or the error of its start, and then its status.  Any later item kills it, and so does the end of the
# channel.  CPython 2.7, 3.6 and later, and PyPy on POSIX; standard library only.
import os
import signal
import subprocess
import sys
import threading

CHUNK = 65536
WINDOW = 16     # chunks of a stream that were sent and not confirmed

# Leads the process group of a command, and outlives the worker by the moment that it takes to kill the group: the other
# end of its standard input is closed however the worker ends.
LEADER = 'trap "" HUP INT QUIT TERM; read line; kill -9 0'


def in_group(leader):  # type: (int) -> Dict[str, Any]
    """Arguments that put a process into a group; 0 makes it the leader of one."""
    if sys.version_info >= (3, 11):
        return {'process_group': leader}

    def join():  # type: () -> None
        os.setpgid(0, leader)
        # Python ignores it, and only Python 3 undoes that in its children.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    return {'preexec_fn': join}


def kill(function, number):  # type: (Callable[[int, int], None], int) -> None
    try:
        function(number, signal.SIGKILL)
    except OSError:
        pass    # It has ended.


class Command(object):
    """A process, and the group that is killed with it."""

    def __init__(self, argv, cwd, env, has_input):  # type: (List[bytes], Any, Dict[Any, Any], bool) -> None
        self.lock = threading.Lock()
        self.ended = False
        self.process = None     # type: Any
        with open(os.devnull, 'r+b') as null:
            self.leader = subprocess.Popen(  # type: Any
                ['/bin/sh', '-c', LEADER], stdin=subprocess.PIPE, stdout=null, stderr=null, close_fds=True,
                **in_group(0))
            try:
                self.process = subprocess.Popen(
                    argv, bufsize=0, cwd=cwd, env=env, stdin=subprocess.PIPE if has_input else null,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, close_fds=True, **in_group(self.leader.pid))
            except BaseException:
                self.end()
                raise

    def kill(self):  # type: () -> None
        with self.lock:
            if self.ended:
                return
            # No other group has the number until the leader is waited for.
            kill(os.killpg, self.leader.pid)
            if self.process is not None and self.process.returncode is None:
                # It may have left the group.
                kill(os.kill, self.process.pid)

    def end(self):  # type: () -> None
        """Kill what is left in the group."""
        self.kill()
        with self.lock:
            self.ended = True
        self.leader.stdin.close()
        self.leader.wait()


def environment(changes):  # type: (List[Tuple[bytes, Optional[bytes]]]) -> Dict[Any, Any]
    variables = dict(getattr(os, 'environb', os.environ))
    for name, value in changes:
        variables.pop(name, None)
        if value is not None:
            variables[name] = value
    return variables


def start(function, *arguments):  # type: (Callable[..., None], *Any) -> None
    thread = threading.Thread(target=function, args=arguments)
    thread.daemon = True
    thread.start()


def listen(channel, command):  # type: (Any, Command) -> None
    """Kill the command when the other side asks for it or is gone."""
    try:
        for _ in channel:
            command.kill()
    finally:
        command.kill()


def send_output(pipe, channel):  # type: (Any, Any) -> None
    """Send what the command writes, a window ahead of what the other side takes."""
    ahead = 0
    try:
        while True:
            data = os.read(pipe.fileno(), CHUNK)
            if not data:
                break
            channel.send(data)
            ahead += 1
            if ahead >= WINDOW:
                channel.receive()
                ahead -= 1
    except (EOFError, EnvironmentError):
        pass    # The other side has closed the channel: the command finds its pipe closed.
    pipe.close()
    channel.close()


def write_input(pipe, source):  # type: (Any, Any) -> None
    """Write to the standard input of the command: bytes, or the items of a channel, each of which is confirmed."""
    try:
        if isinstance(source, bytes):
            write_all(pipe.fileno(), source)
        else:
            for data in source:
                write_all(pipe.fileno(), data)
                confirm(source)
    except EnvironmentError:
        pass    # The command does not read it.
    pipe.close()
    if not isinstance(source, bytes):
        source.close()


def confirm(source):  # type: (Any) -> None
    try:
        source.send(None)
    except EnvironmentError:
        pass    # The other side has closed the channel behind the items.


def write_all(descriptor, data):  # type: (int, bytes) -> None
    view = memoryview(data)
    while len(view):
        view = view[os.write(descriptor, view):]


def reason(error, argv):  # type: (Any, List[bytes]) -> Tuple[int, Any]
    """Why a command did not start: the number of the error, and a text."""
    name = error.filename or argv[0]
    if isinstance(name, bytes):
        name = name.decode('utf-8', 'replace')
    # Some versions of Python add the name to the text of the error.
    number = error.errno or 0
    return number, u'%s: %s' % (name, os.strerror(number))


def execnet_command(channel):  # type: (Any) -> None
    argv, cwd, changes, source, stdout, stderr = channel.receive()
    try:
        command = Command(argv, cwd, environment(changes), source is not None)
    except EnvironmentError:
        channel.send(reason(sys.exc_info()[1], argv))
        return
    process = command.process
    try:
        channel.send(process.pid)
        start(listen, channel, command)
        start(send_output, process.stdout, stdout)
        start(send_output, process.stderr, stderr)
        if source is not None:
            start(write_input, process.stdin, source)
        status = process.wait()
    finally:
        command.end()
    channel.send(status)
