# execnet proxy
#
# Runs on the gateway that other gateways go through: starts a process, or connects to a socket, and
# forwards its streams over two channels.  CPython 2.7, 3.6 and later, and PyPy; standard library only.
# docs/protocol.md describes the items.
import binascii
import errno
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

CHUNK = 65536
ACK_SIZE = 262144       # bytes that are acknowledged together; the window of the controller is four times as large
POLL_INTERVAL = 0.05    # seconds between two checks of a connection attempt
POSIX = os.name == 'posix'
STDERR_TIMEOUT = 5      # seconds to read standard error after the process has exited


class ProxiedWorker(object):
    """Forwards the bytes of a worker, whose kind of link is a matter of subclasses."""

    def __init__(self, data, control, source, sink):  # type: (Any, Any, int, int) -> None
        self.data = data
        self.control = control
        self.source = source    # descriptor of the output of the worker
        self.sink = sink        # descriptor of its input

    def run(self):  # type: () -> None
        output = start(self.forward_output)
        start(self.forward_input)
        # Not a daemon: the proxy's interpreter waits for the worker to exit, within its own time limits.
        start(self.wait, output, daemon=False)

    def forward_input(self):  # type: () -> None
        """Forward what the controller sends, until None or the end of the channel."""
        wrote = 0
        try:
            for item in self.data:
                if item is None:
                    break
                self.write(item)
                wrote += len(item)
                if wrote >= ACK_SIZE:
                    self.report('wrote', wrote)
                    wrote = 0
        except Exception:
            # The worker reads no more; its output and exit status say why.
            self.report('deaf', None)
        self.end_input()

    def forward_output(self):  # type: () -> None
        """Forward what the worker writes to the controller."""
        data = self.read()
        while data:
            self.send_output(data)
            data = self.read()
        close(self.data)

    def read(self):  # type: () -> bytes
        return read(self.source)

    def write(self, data):  # type: (bytes) -> None
        write_all(self.sink, data)

    def send_output(self, data):  # type: (bytes) -> None
        try:
            self.data.send(data)
        except Exception:
            # The controller has closed the channel. Reading continues, so that the worker does not block in a write.
            pass

    def wait(self, output):
        """Wait for the end of the worker, and report it."""
        raise NotImplementedError

    def end_input(self):  # type: () -> None
        raise NotImplementedError

    def kill(self):  # type: () -> None
        raise NotImplementedError

    def report(self, event, value):  # type: (str, Any) -> None
        try:
            self.control.send((event, value))
        except Exception:
            pass


class KillSwitch(object):
    """Receives the controller's kill requests, which may come before there is a worker."""

    def __init__(self):
        self.lock = threading.Lock()
        self.killed = False
        self.worker = None  # type: Optional[ProxiedWorker]

    def __call__(self, item):  # type: (Any) -> None
        # The gateway's settings may have text received as bytes.
        if item in ('kill', b'kill'):
            with self.lock:
                self.killed = True
                worker = self.worker
            if worker:
                worker.kill()

    def attach(self, worker):  # type: (ProxiedWorker) -> None
        """Direct the requests to this worker, and kill it if there has been one already."""
        with self.lock:
            self.worker = worker
            killed = self.killed
        if killed:
            worker.kill()


class ProxiedProcess(ProxiedWorker):

    def __init__(self, data, control, process, terminate):
        ProxiedWorker.__init__(self, data, control, process.stdout.fileno(), process.stdin.fileno())
        self.process = process
        self.terminate = terminate  # by SIGTERM first, as SIGKILL would leave running what it has started elsewhere
        self.term_sent = False
        self.ended = False
        self.lock = threading.Lock()
        self.exit_pipe = os.pipe()  # closed when the process has exited

    def kill(self):  # type: () -> None
        with self.lock:
            if self.ended:
                return
            if not POSIX:
                # What it has started belongs to the job of this process, and is killed with that.
                unless_gone(self.process.kill)
            elif not self.terminate:
                signal_group(self.process.pid, signal.SIGKILL)
            elif self.term_sent:
                os.kill(self.process.pid, signal.SIGKILL)
            else:
                signal_group(self.process.pid, signal.SIGTERM)
                signal_group(self.process.pid, signal.SIGCONT)
            self.term_sent = True

    def end_input(self):  # type: () -> None
        self.process.stdin.close()

    def forward_stderr(self):  # type: () -> None
        """Forward standard error until its end, or the exit: another process may keep the stream open."""
        errors = self.process.stderr.fileno()
        if not POSIX:
            # Pipes cannot be polled there.
            for piece in iter(lambda: read(errors), b''):
                self.report('stderr', piece)
            return
        poll = select.poll()
        poll.register(errors, select.POLLIN)
        poll.register(self.exit_pipe[0], select.POLLIN)
        data = True  # type: Any
        while data:
            ready = [stream for stream, _ in retry(poll.poll)]
            data = errors in ready and read(errors)
            if data:
                self.report('stderr', data)
        os.close(self.exit_pipe[0])

    def wait(self, output):
        errors = start(self.forward_stderr)
        await_exit(self.process)
        with self.lock:
            self.ended = True
            # Kills processes that it has left behind. The number of the group is not reused before the wait below.
            if POSIX and not self.terminate:
                signal_group(self.process.pid, signal.SIGKILL)
            status = self.process.wait()
        os.close(self.exit_pipe[1])
        # Another process that has the stream may keep filling it.
        errors.join(STDERR_TIMEOUT)
        output.join()
        self.report('exit', status)
        close(self.control)


class ProxiedConnection(ProxiedWorker):
    """A worker behind a socket, which has no exit status."""

    def __init__(self, data, control, connection):
        ProxiedWorker.__init__(self, data, control, connection.fileno(), connection.fileno())
        self.connection = connection

    def kill(self):  # type: () -> None
        """Cut the connection: its server then kills the worker."""
        if self.connection.family == getattr(socket, 'AF_UNIX', None):
            # Unix sockets have no reset. The server checks for this name; only Linux has abstract names.
            unless_gone(self.connection.bind, b'\0execnet cut ' + binascii.hexlify(os.urandom(8)))
            self.shut(socket.SHUT_RDWR)
        else:
            self.shut(socket.SHUT_RDWR)
            unless_gone(self.reset)

    def read(self):  # type: () -> bytes
        if POSIX:
            return read(self.source)
        # Sockets have no descriptors there.
        try:
            return self.connection.recv(CHUNK)
        except OSError:
            return b''

    def write(self, data):  # type: (bytes) -> None
        if POSIX:
            write_all(self.sink, data)
        else:
            self.connection.sendall(data)

    def reset(self):  # type: () -> None
        """Close the connection with a reset; threads that use its number find the null device there."""
        if not POSIX:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('hh', 1, 0))
            self.connection.close()
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self.connection.fileno())
        os.close(null)

    def end_input(self):  # type: () -> None
        self.shut(socket.SHUT_WR)

    def shut(self, how):  # type: (int) -> None
        unless_gone(self.connection.shutdown, how)

    def wait(self, output):
        output.join()
        close(self.control)


def unless_gone(call, *args):  # type: (Callable[..., Any], *Any) -> None
    """Call, and ignore that the connection is gone or that the system does not support it."""
    try:
        call(*args)
    except Exception:
        pass


class Connector(object):
    """Connects, until a deadline or a kill request."""

    def __init__(self, timeout, kill_switch):
        self.kill_switch = kill_switch
        self.deadline = clock() + timeout

    def remaining(self):  # type: () -> float
        if self.kill_switch.killed:
            raise OSError(errno.ECONNABORTED, 'the attempt to connect was ended')
        return self.deadline - clock()

    def connect(self, address):  # type: (Any) -> socket.socket
        if address[0] == 'unix':
            return check_owner(self.open(socket.AF_UNIX, native(address[1]), self.deadline))
        connection = self.connect_tcp(self.resolve(native(address[1]), address[2]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection

    def resolve(self, host, port):  # type: (str, int) -> List[Any]
        """Resolve in a thread, as the system's resolver has no deadline and cannot be interrupted."""
        found = []  # type: List[Any]
        thread = start(resolve, host, port, found)
        while thread.is_alive():
            if self.remaining() <= 0:
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            thread.join(POLL_INTERVAL)
        if not found:
            raise OSError(errno.EIO, 'the resolver failed')
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def connect_tcp(self, addresses):  # type: (List[Any]) -> socket.socket
        """Try each address for an equal share of the remaining time."""
        error = OSError(errno.ENOENT, 'the host has no address')
        for tried, (family, address) in enumerate(addresses):
            try:
                deadline = clock() + self.remaining() / (len(addresses) - tried)
                return self.open(family, address, deadline)
            except (OSError, socket.error) as failure:
                error = failure
        raise error

    def open(self, family, address, deadline):  # type: (int, Any, float) -> socket.socket
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            self.wait(connection, address, deadline)
            connection.setblocking(True)
        except Exception:
            connection.close()
            raise
        return connection

    def wait(self, connection, address, deadline):
        """Wait until it is connected."""
        error = connection.connect_ex(address)
        while error:
            self.remaining()
            if clock() >= deadline:
                error = errno.ETIMEDOUT
            if error == errno.EAGAIN:
                # The queue of a Unix socket is full, and poll does not report when it has room.
                time.sleep(POLL_INTERVAL / 5)
                error = connection.connect_ex(address)
            elif error in (errno.EINPROGRESS, errno.EALREADY, errno.EINTR, errno.EWOULDBLOCK):
                if is_writable(connection):
                    error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            else:
                raise OSError(error, os.strerror(error))


def check_owner(connection):  # type: (socket.socket) -> socket.socket
    """Refuse a server of another user: what the controller sends is for this user and root alone."""
    if hasattr(socket, 'SO_PEERCRED'):
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        owner = struct.unpack('3i', credentials)[1]
        if owner not in (0, os.geteuid()):
            connection.close()
            raise OSError(errno.EACCES, 'the server runs as user %d' % owner)
    return connection


def is_writable(connection):  # type: (socket.socket) -> Any
    if not POSIX:
        # A connection that has failed is in the third list.
        return any(select.select([], [connection], [connection], POLL_INTERVAL))
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return retry(poll.poll, int(POLL_INTERVAL * 1000))


def resolve(host, port, found):
    try:
        infos = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        found.append([(info[0], info[4]) for info in infos])
    except Exception as error:
        found.append(error)


def clock():  # type: () -> float
    """Seconds, from a monotonic clock where Python has one."""
    return getattr(time, 'monotonic', time.time)()


def read(stream):  # type: (int) -> bytes
    try:
        return retry(os.read, stream, CHUNK)
    except OSError:
        # A connection was reset.
        return b''


def start(function, *args, **kwargs):
    thread = threading.Thread(target=function, args=args)
    thread.daemon = kwargs.get('daemon', True)
    thread.start()
    return thread


def retry(call, *args):  # type: (Callable[..., Any], *Any) -> Any
    """Call again after an interrupted system call, which Python 2 reports."""
    while True:
        try:
            return call(*args)
        except (OSError, select.error) as error:
            if error.args[0] != errno.EINTR:
                raise


def write_all(stream, data):  # type: (int, bytes) -> None
    view = memoryview(data)
    while len(view):
        view = view[retry(os.write, stream, view):]


def await_exit(process):  # type: (Any) -> None
    """Wait for the exit, where possible without reaping, so that the process id is not reused."""
    if hasattr(os, 'waitid'):
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            return
        except OSError:
            pass
    process.wait()


def signal_group(pid, number):  # type: (int, int) -> None
    try:
        os.killpg(pid, number)
    except OSError:
        pass


def close(channel):  # type: (Any) -> None
    try:
        channel.close()
    except Exception:
        pass


def launch(launches):  # type: (List[Dict[str, Any]]) -> Tuple[int, Any]
    """Start the first of these programs that exists; returns the number of missing ones before it, and the process."""
    for missing, wanted in enumerate(launches):
        try:
            return missing, start_process(wanted)
        except OSError as error:
            directory = wanted['chdir']
            if error.errno != errno.ENOENT or (directory and not os.path.isdir(directory)):
                raise
            # The error is the same for a script whose interpreter does not exist.
            path = find_program(wanted)
            if path:
                raise OSError(0, 'the interpreter or loader of %s does not exist' % (path,))
    return len(launches), None


def find_program(wanted):  # type: (Dict[str, Any]) -> Optional[str]
    """The path of the program, or None."""
    program = native(wanted['argv'][0])
    if os.sep in program:
        places = [native(wanted['chdir'] or '')]
    else:
        places = native(wanted['env'].get('PATH') or os.environ.get('PATH', '')).split(os.pathsep)
    paths = [os.path.join(place, program) for place in places]
    return next((path for path in paths if os.path.isfile(path)), None)


def start_process(wanted):  # type: (Dict[str, Any]) -> Any
    env = dict(os.environ)
    for name, value in wanted['env'].items():
        if value is None:
            env.pop(native(name), None)
        else:
            env[native(name)] = native(value)
    directory = wanted['chdir']
    if directory and not os.path.isdir(directory):
        os.mkdir(directory)
    if sys.version_info[0] >= 3:
        own_group = {'start_new_session': True}  # type: Dict[str, Any]
    else:
        own_group = {'preexec_fn': os.setsid, 'close_fds': True}
    return subprocess.Popen([native(word) for word in wanted['argv']], env=env, cwd=directory,
                            bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **own_group)


def native(text):  # type: (Any) -> str
    return text if isinstance(text, str) else text.encode('utf-8')


def execnet_proxy(channel, launches=None, address=None, timeout=None):
    data, control = channel.receive()
    kill_switch = KillSwitch()
    control.setcallback(kill_switch)
    missing = 0
    worker = None  # type: Optional[ProxiedWorker]
    try:
        if address is not None:
            worker = ProxiedConnection(data, control, Connector(timeout, kill_switch).connect(address))
        else:
            missing, process = launch(launches)
            worker = process and ProxiedProcess(data, control, process, launches[missing]['terminate'])
    except Exception as error:
        number = getattr(error, 'errno', None) or 0
        control.send(('failed', (number, u'%s' % (error,))))
        return
    if worker is None:
        control.send(('missing', missing))
        return
    kill_switch.attach(worker)
    control.send(('started', None))
    worker.run()
