# execnet relay
#
# Runs on a gateway that other gateways go through: starts a process, or connects to a socket, and
# carries its streams over two channels.  CPython 2.7, 3.6 and later, and PyPy; standard library only.  docs/protocol.md
# describes the items.
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
STEP = 262144    # bytes that are acknowledged together; the controller's window is four times as large
LOOK = 0.05    # seconds between two looks of a connection in the making
DRAIN_PATIENCE = 5


class Relay(object):
    """Carries bytes; what they come from and go to is the matter of subclasses."""

    def __init__(self, data, control, source, sink):
        self.data = data
        self.control = control
        self.source = source    # descriptors: what is read, ...
        self.sink = sink        # ... and what is written

    def run(self):
        pump = start(self.pump)
        start(self.feed)
        # The process that this runs in waits for the far side to leave, as long as it has time itself.
        start(self.wait, pump, daemon=False)

    def feed(self):
        """What the controller sends goes to the far side; None, or the channel's end, ends that."""
        wrote = 0
        try:
            for item in self.data:
                if item is None:
                    break
                write_all(self.sink, item)
                wrote += len(item)
                if wrote >= STEP:
                    self.tell('wrote', wrote)
                    wrote = 0
        except Exception:
            # The far side takes no more; what it says itself tells the rest.
            self.tell('deaf', None)
        self.end_input()

    def pump(self):
        """What the far side writes goes to the controller."""
        piece = read(self.source)
        while piece:
            self.pass_on(piece)
            piece = read(self.source)
        close(self.data)

    def pass_on(self, piece):
        try:
            self.data.send(piece)
        except Exception:
            # Nobody listens any more; the far side must not get stuck on that.
            pass

    def tell(self, what, value):
        try:
            self.control.send((what, value))
        except Exception:
            pass


class Orders(object):
    """What the controller orders: before there is a far side, and after."""

    def __init__(self):
        self.lock = threading.Lock()
        self.killed = False
        self.relay = None

    def __call__(self, item):
        # The gateway's settings may have text come as bytes.
        if item in ('kill', b'kill'):
            with self.lock:
                self.killed = True
                relay = self.relay
            if relay:
                relay.kill()

    def reach(self, relay):
        """From now on this is what is killed: at once, if the order came before."""
        with self.lock:
            self.relay = relay
            killed = self.killed
        if killed:
            relay.kill()


class ProcessRelay(Relay):

    def __init__(self, data, control, process, terminate):
        Relay.__init__(self, data, control, process.stdout.fileno(), process.stdin.fileno())
        self.process = process
        self.terminate = terminate    # it is to end what it has started elsewhere, which SIGKILL would leave running
        self.asked = False
        self.ended = False
        self.lock = threading.Lock()
        self.over = os.pipe()    # its end says that the process has ended

    def kill(self):
        with self.lock:
            if self.ended:
                return
            if not self.terminate:
                signal_group(self.process.pid, signal.SIGKILL)
            elif self.asked:
                os.kill(self.process.pid, signal.SIGKILL)
            else:
                signal_group(self.process.pid, signal.SIGTERM)
                signal_group(self.process.pid, signal.SIGCONT)
            self.asked = True

    def end_input(self):
        self.process.stdin.close()

    def listen(self):
        """Its complaints go to the controller: until they end, or it has, as another may still have that stream."""
        errors = self.process.stderr.fileno()
        poll = select.poll()
        poll.register(errors, select.POLLIN)
        poll.register(self.over[0], select.POLLIN)
        piece = True
        while piece:
            ready = [stream for stream, _ in retry(poll.poll)]
            piece = errors in ready and read(errors)
            if piece:
                self.tell('stderr', piece)
        os.close(self.over[0])

    def wait(self, pump):
        listener = start(self.listen)
        await_exit(self.process)
        with self.lock:
            self.ended = True
            # What it has started and left behind, as long as its number is certainly its own.
            if not self.terminate:
                signal_group(self.process.pid, signal.SIGKILL)
            status = self.process.wait()
        os.close(self.over[1])
        # Another that has the stream may keep filling it.
        listener.join(DRAIN_PATIENCE)
        pump.join()
        self.tell('exit', status)
        close(self.control)


class SocketRelay(Relay):
    """Nobody tells how the far side ended."""

    def __init__(self, data, control, connection):
        Relay.__init__(self, data, control, connection.fileno(), connection.fileno())
        self.connection = connection

    def kill(self):
        """Cut the connection: its server then kills the worker."""
        if self.connection.family == getattr(socket, 'AF_UNIX', None):
            # Unix sockets have no reset; their servers know this name, where the system has such names.
            unless_gone(self.connection.bind, b'\0execnet cut ' + binascii.hexlify(os.urandom(8)))
            self.shut(socket.SHUT_RDWR)
        else:
            self.shut(socket.SHUT_RDWR)
            unless_gone(self.reset)

    def reset(self):
        """Close the connection with a reset; threads that use its number find the null device there."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self.connection.fileno())
        os.close(null)

    def end_input(self):
        self.shut(socket.SHUT_WR)

    def shut(self, how):
        unless_gone(self.connection.shutdown, how)

    def wait(self, pump):
        pump.join()
        close(self.control)


def unless_gone(call, *args):
    """Do something to a connection unless that is gone, or the system cannot."""
    try:
        call(*args)
    except Exception:
        pass


class Attempt(object):
    """What bounds the making of a connection: its deadline, and whether the controller has ended it."""

    def __init__(self, patience, orders):
        self.orders = orders
        self.end = clock() + patience

    def left(self):
        if self.orders.killed:
            raise OSError(errno.ECONNABORTED, 'the attempt to connect was ended')
        return self.end - clock()

    def connect(self, address):
        if address[0] == 'unix':
            return owned(self.reach(socket.AF_UNIX, native(address[1]), self.end))
        connection = self.connect_tcp(self.resolve(native(address[1]), address[2]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection

    def resolve(self, host, port):
        """The system's resolver has no deadline, and nothing interrupts it: its thread ends when it does."""
        found = []
        thread = start(resolve, host, port, found)
        while thread.is_alive():
            if self.left() <= 0:
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            thread.join(LOOK)
        if not found:
            raise OSError(errno.EIO, 'the resolver failed')
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def connect_tcp(self, addresses):
        """Each address has an equal share of the time that is left."""
        error = OSError(errno.ENOENT, 'the host has no address')
        for tried, (family, address) in enumerate(addresses):
            try:
                end = clock() + self.left() / (len(addresses) - tried)
                return self.reach(family, address, end)
            except (OSError, socket.error):
                error = sys.exc_info()[1]
        raise error

    def reach(self, family, address, end):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            self.wait(connection, address, end)
            connection.setblocking(True)
        except Exception:
            connection.close()
            raise
        return connection

    def wait(self, connection, address, end):
        """Until it is connected."""
        error = connection.connect_ex(address)
        while error:
            self.left()
            if clock() >= end:
                error = errno.ETIMEDOUT
            if error == errno.EAGAIN:
                # A Unix socket's queue of connections is full; the system does not tell when it no longer is.
                time.sleep(LOOK / 5)
                error = connection.connect_ex(address)
            elif error in (errno.EINPROGRESS, errno.EALREADY, errno.EINTR):
                if is_writable(connection):
                    error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            else:
                raise OSError(error, os.strerror(error))


def owned(connection):
    """A socket of this machine belongs to this user or root: what the controller sends is for those alone."""
    if hasattr(socket, 'SO_PEERCRED'):
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        owner = struct.unpack('3i', credentials)[1]
        if owner not in (0, os.geteuid()):
            connection.close()
            raise OSError(errno.EACCES, 'the server runs as user %d' % owner)
    return connection


def is_writable(connection):
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return retry(poll.poll, int(LOOK * 1000))


def resolve(host, port, found):
    try:
        infos = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        found.append([(info[0], info[4]) for info in infos])
    except Exception:
        found.append(sys.exc_info()[1])


def clock():
    """Seconds, from a clock that nobody sets where Python has one."""
    return getattr(time, 'monotonic', time.time)()


def read(stream):
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


def retry(call, *args):
    """Python 2 hands interruptions out."""
    while True:
        try:
            return call(*args)
        except (OSError, select.error):
            if sys.exc_info()[1].args[0] != errno.EINTR:
                raise


def write_all(stream, data):
    data = memoryview(data)
    while len(data):
        data = data[retry(os.write, stream, data):]


def await_exit(process):
    """Wait, and leave the number taken where the system can do that."""
    if hasattr(os, 'waitid'):
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            return
        except OSError:
            pass
    process.wait()


def signal_group(pid, number):
    try:
        os.killpg(pid, number)
    except OSError:
        pass


def close(channel):
    try:
        channel.close()
    except Exception:
        pass


def launch(launches):
    """The first of these programs that exists, started; and how many were missing before it."""
    for missing, wanted in enumerate(launches):
        try:
            return missing, start_process(wanted)
        except OSError:
            error = sys.exc_info()[1]
            directory = wanted['chdir']
            if error.errno != errno.ENOENT or (directory and not os.path.isdir(directory)):
                raise
            # The system says the same of a script whose interpreter does not exist.
            path = find(wanted)
            if path:
                raise OSError(0, 'the interpreter or loader of %s does not exist' % (path,))
    return len(launches), None


def find(wanted):
    """The file that the program's name means, if there is one."""
    program = native(wanted['argv'][0])
    if os.sep in program:
        places = [native(wanted['chdir'] or '')]
    else:
        places = native(wanted['env'].get('PATH') or os.environ.get('PATH', '')).split(os.pathsep)
    paths = [os.path.join(place, program) for place in places]
    return next((path for path in paths if os.path.isfile(path)), None)


def start_process(wanted):
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
        own_group = {'start_new_session': True}
    else:
        own_group = {'preexec_fn': os.setsid, 'close_fds': True}
    return subprocess.Popen([native(word) for word in wanted['argv']], env=env, cwd=directory,
                            bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **own_group)


def native(text):
    return text if isinstance(text, str) else text.encode('utf-8')


def execnet_relay(channel, launches=None, address=None, patience=None):
    data, control = channel.receive()
    orders = Orders()
    control.setcallback(orders)
    missing = 0
    try:
        if address is not None:
            relay = SocketRelay(data, control, Attempt(patience, orders).connect(address))
        else:
            missing, process = launch(launches)
            relay = process and ProcessRelay(data, control, process, launches[missing]['terminate'])
    except Exception:
        error = sys.exc_info()[1]
        number = getattr(error, 'errno', None) or 0
        control.send(('failed', (number, u'%s' % (error,))))
        return
    if relay is None:
        control.send(('missing', missing))
        return
    orders.reach(relay)
    control.send(('started', None))
    relay.run()
