# The Python side of an execnet link: runs what CHANNEL_EXEC brings and serves its channels.
#
# One file for CPython 2.7, 3.6 and later, and PyPy; standard library only.  docs/protocol.md
# describes the bootstrap and the frames.  The file is cut in two at the line "# == REST ==".
# The part above is compiled at start, and holds what code needs that runs and sends simple
# values; the part below is compiled when something first asks for it.  For compiling is most
# of what a start costs: what can go below the line, goes there.  The part above is compiled in
# pieces, which end at the lines "# == NEXT ==": the memory that one has needed serves the next.
# The part below is cut in the same way, so that compiling it never takes long at a time.
# All live in one namespace, which begins with `link`: a buffered binary reader on a duplicate of
# descriptor 0, and `path`: what sys.path is for remote code.
#
# Remote code may replace any attribute of a module, as tests do.  So everything that is needed
# after the start is bound before remote code runs: the builtins and copies of modules are globals
# here, and nothing is imported later but what `StandardImports` lets in.

import gc
import os
import sys
import time
PY3 = sys.version_info[0] >= 3
try:
    import _signal
    import _thread
    from _struct import Struct, error as StructError
    from _collections import deque
    from _weakref import ref
except ImportError:
    try:
        import _thread
    except ImportError:
        import thread as _thread
    import signal as _signal
    from struct import Struct, error as StructError
    from collections import deque
    from weakref import ref
if PY3:
    import builtins
    from _thread import RLock
    imap = map
else:
    import __builtin__ as builtins
    from itertools import imap
globals().update(vars(builtins))
__name__ = 'execnet_worker'
__doc__ = __spec__ = __loader__ = None


def bound(module):
    """A copy of a module, with the attributes that it has now."""
    copy = type(module)(module.__name__)
    vars(copy).update(vars(module))
    return copy


gc, os, time, _signal, _thread = map(bound, (gc, os, time, _signal, _thread))
exc_info = sys.exc_info
BUILTINS = dict(vars(builtins))
FILE = '<execnet worker>'
MAIN = _thread.get_ident()
PID = os.getpid()
PYPY = '__pypy__' in sys.builtin_module_names
NEVER = float('inf')
REST = None
unpack = None
rest_lock = _thread.allocate_lock()

STATUS, RECONFIGURE, TERMINATE, EXEC, DATA, CLOSE, CLOSE_ERROR, LAST_MESSAGE = range(8)
header = Struct('>bii')
four = Struct('>i').unpack_from
eight = Struct('>d').unpack_from
tagged = Struct('>ci').pack


def swap_builtins(wanted):
    """Returns those that were others.  Step by step, as vars and update of PyPy look at builtins."""
    there = builtins.__dict__
    others = {}
    for name in wanted:
        if there.get(name) is not wanted[name]:
            others[name] = there.get(name)
            there[name] = wanted[name]
    return others


def rest(pieces=NEVER):
    """Compile the second part, once: what is left of it, or the next pieces."""
    global REST
    with rest_lock:
        if not REST:
            return
        collects = gc.isenabled()
        # A collected channel would want the second part too, inside of this.
        gc.disable()
        # What makes classes is looked up in the builtins, whatever remote code has put there.
        replaced = swap_builtins(BUILTINS)
        try:
            if type(REST) is not list:
                text = unpack(REST).decode('ascii') if unpack else REST
                REST = text.split('# == NEXT ' + '==\n')
            while REST and pieces > 0:
                exec(compile(REST[0], FILE, 'exec', 0, 1), globals())
                del REST[0]
                pieces -= 1
        finally:
            swap_builtins(replaced)
            if collects:
                gc.enable()


class LoadError(Exception):
    """Received data that does not follow the format."""


class EndOfStream(EOFError):
    """receive() after the last item: an ordinary way for remote code to end."""


# -- dumping: one function for each exact type, found by the type itself

class Dumpers(dict):
    def __missing__(self, kind):
        rest()
        return self.get(kind, refuse)


def dump_int(put, value):
    try:
        put(tagged(b'F', value))
    except StructError:
        rest()
        dump_big(put, value)


def dump_text(put, value):
    raw = value.encode('utf-8')
    put(tagged(b'N', len(raw)))
    put(raw)


def dump_list(put, value):
    value = value[:]
    put(tagged(b'K', len(value)))
    for index, item in enumerate(value):
        put(tagged(b'F', index))
        DUMPERS[type(item)](put, item)
        put(b'P')


def dump_tuple(put, value):
    for item in value:
        DUMPERS[type(item)](put, item)
    put(tagged(b'@', len(value)))


DUMPERS = Dumpers({
    int: dump_int,
    list: dump_list,
    tuple: dump_tuple,
    type(None): lambda put, value: put(b'L'),
})
if PY3:
    DUMPERS[str] = dump_text


def frame(code, channel_id, value):
    """A whole frame whose payload is `value`, in one piece."""
    parts = [b'']
    try:
        DUMPERS[type(value)](parts.append, value)
        parts.append(b'Q')
        # The sum of PyPy looks at builtins, which may have been replaced.
        size = len(b''.join(parts)) if PYPY else sum(map(len, parts))
        parts[0] = header.pack(code, channel_id, size)
        return b''.join(parts)
    except MemoryError:
        raise
    except Exception:
        rest()
        error = dump_error(value)
    raise error


# == NEXT ==

# -- loading: the common opcodes here, the others in LOADERS, which the second part fills

OP_INT, OP_SETITEM, OP_TEXT, OP_LIST, OP_STOP = b'F'[0], b'P'[0], b'N'[0], b'K'[0], b'Q'[0]
OP_DICT, OP_TUPLE, OP_NONE, OP_BYTES, OP_FLOAT = b'J'[0], b'@'[0], b'L'[0], b'A'[0], b'D'[0]
LOADERS = {}


def load(data, strings, gateway):
    """The value in `data`; `strings` says what the two kinds of native text become."""
    stack = []
    push = stack.append
    pop = stack.pop
    pos = 0
    while True:
        op = data[pos]
        pos += 1
        if op == OP_INT:
            push(four(data, pos)[0])
            pos += 4
        elif op == OP_SETITEM:
            value = pop()
            key = pop()
            stack[-1][key] = value
        elif op == OP_TEXT:
            raw, pos = take(data, pos)
            push(raw if strings[1] else raw.decode('utf-8'))
        elif op == OP_STOP:
            if len(stack) != 1:
                raise LoadError('%d values where one belongs' % len(stack))
            return pop()
        elif op == OP_BYTES:
            raw, pos = take(data, pos)
            push(raw)
        elif op == OP_LIST:
            push([None] * four(data, pos)[0])
            pos += 4
        elif op == OP_TUPLE:
            pos = take_items(data, pos, stack, tuple)
        elif op == OP_DICT:
            push({})
        elif op == OP_NONE:
            push(None)
        elif op == OP_FLOAT:
            push(eight(data, pos)[0])
            pos += 8
        else:
            rest()
            pos = LOADERS.get(op, unknown)(data, pos, stack, strings, gateway)


def take(data, pos):
    start = pos + 4
    end = start + four(data, pos)[0]
    if not start <= end <= len(data):
        raise LoadError('bad length at offset %d' % pos)
    return data[start:end], end


def take_items(data, pos, stack, kind):
    start = len(stack) - four(data, pos)[0]
    if not 0 <= start <= len(stack):
        raise LoadError('bad item count at offset %d' % pos)
    stack[start:] = [kind(stack[start:])]
    return pos + 4


# == NEXT ==

class Queue(object):
    """What a channel has received: items, then the end.

    With a sink (see Channel.setcallback) everything goes there instead of into `items`.
    """

    sink = None
    ended = False   # nothing further comes in
    over = False    # ended, and the sink has seen it
    views = False   # bytes in items are views of what was read: for programs that ask for it

    def __init__(self, strings=None):
        self.strings = strings
        self.gate = RLock()
        self.items = deque()
        self.waiters = deque()  # one held lock for each waiting get()
        self.main_waiter = None     # the main thread's
        self.closers = ()       # the same for wait_over()

    def put(self, item):
        with self.gate:
            if self.sink is not None:
                self.sink.put(item)
                return
            self.items.append(item)
            if self.waiters:
                self.wake_one()

    def get(self):
        """The next item; IndexError at the end."""
        while True:
            waiter = None if self.items else self.enter()
            if waiter is not None:
                try:
                    waiter.acquire()
                except BaseException:
                    rest()
                    self.leave(waiter)
                    raise
            try:
                return self.items.popleft()
            except IndexError:
                # Without the end another thread was faster.
                if self.ended:
                    raise

    def enter(self):
        """Queue for the next item; None if one may be there at once."""
        gate = self.gate
        try:
            with gate:
                if self.items or self.ended:
                    return None
                waiter = _thread.allocate_lock()
                waiter.acquire()
                if _thread.get_ident() == MAIN:
                    self.main_waiter = waiter
                self.waiters.append(waiter)
                return waiter
        finally:
            # As in Writer._write.
            if gate._is_owned():
                gate.release()

    def wake_one(self):
        # Ctrl-C may have taken the main thread away from its place, at any step: the lock of a
        # thread that does not wait any more must not be the only one that is released.
        while self.waiters:
            waiter = self.waiters.popleft()
            waiter.release()
            if waiter is not self.main_waiter:
                break

    def wake(self):
        while self.waiters:
            self.waiters.popleft().release()

    def end(self):
        with self.gate:
            if self.ended:
                return
            self.ended = True
            if self.sink is not None:
                self.sink.put(END)
            else:
                self.finish()

    def finish(self):
        self.over = True
        self.wake()
        for sleeper in self.closers:
            sleeper.release()


END = object()


class Channel(object):
    """One end of a two-way stream of items."""

    _closed = False     # no further send
    _executing = False  # belongs to running remote code, which may not close it
    _error = None       # a RemoteError that nobody has seen yet

    def __init__(self, gateway, channel_id, strings):
        self.gateway = gateway
        self.id = channel_id
        self._queue = Queue(strings)

    def __getattr__(self, name):
        # The class gets its other methods with the second part.
        # It may have them since it was found that it has not: another thread compiles too.
        rest()
        if not hasattr(Channel, name):
            raise AttributeError("'Channel' object has no attribute %r" % (name,))
        return getattr(self, name)

    def send(self, item):
        """Send an item: None, bool, number, text, bytes, list, tuple, dict, set, channel."""
        self.gateway._write(frame(DATA, self.id, item), self)

    def receive(self, timeout=None):
        """The next item; EOFError at the end, RemoteError if the other side failed."""
        queue = self._queue
        if timeout is None and queue.sink is None:
            try:
                return self.gateway._take(self) if self.gateway._lent else queue.get()
            except IndexError:
                pass
        rest()
        return receive(self, timeout)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self.receive()
        except EOFError:
            raise StopIteration

    next = __next__

    def __del__(self):
        if not self._closed or self._error is not None:
            rest()
            drop(self.gateway, self)


# == NEXT ==

class Writer(object):
    """The worker's end of the link: what all of it knows, and sending."""

    def __init__(self, link, out, config):
        self.id = config['id'] + '-worker'
        self._execmodel = config['execmodel']
        self._grace = config['grace']
        self._link = link
        self._out = out
        self._writing = RLock()     # never taken twice
        self._reading = RLock()     # of a receiver that reads the link
        self._lent = False          # it may
        self._taken = 0             # how often it has
        self._naps = deque()        # the held lock with which the reader sleeps meanwhile
        self._late = deque()        # frames of those who may not wait for _writing
        self._channels = {}         # id -> weak reference
        self._kept = {}             # id -> Queue with a callback whose channel is gone
        self._presets = {}          # id -> strings, set before the channel came
        self._strings = (True, False)
        self._last_id = 0
        self._dispatcher = None     # the thread that runs callbacks
        self._finished = False
        self._reason = None         # text for receivers, once the link has ended by itself
        self._status = 0
        self._state = RLock()
        self._tasks = Queue()       # for the main thread
        self._main_busy = False
        self._running = set()       # channels of the tasks under way
        self._idle = None           # a held lock: released when the last of them ends

    def __getattr__(self, name):
        # It may have them since it was found that it has not: another thread compiles too.
        rest()
        if not hasattr(Gateway, name):
            raise AttributeError("'Gateway' object has no attribute %r" % (name,))
        return getattr(self, name)

    def _find(self, channel_id):
        found = self._channels.get(channel_id)
        return found and found()

    def _channel(self, channel_id):
        channel = self._find(channel_id)
        if channel is None:
            strings = self._presets.pop(channel_id, self._strings)
            channel = Channel(self, channel_id, strings)
            if self._finished:
                channel._queue.end()
            else:
                self._channels[channel_id] = ref(channel)
        return channel

    # A frame is one write, and frames of two threads never mix.

    def _write(self, data, channel, last=False):
        """Write a frame of an open channel, which the `last` one closes."""
        owned = self._writing._is_owned
        if owned():
            # A __del__ that sends, run by the garbage collector inside of what follows.
            self._late.append(data)
            return
        try:
            with self._writing:
                if channel._closed:
                    raise IOError('cannot send to %r' % (channel,))
                if last:
                    channel._closed = True
                self._sent = True
                self._put(data)
        finally:
            # Before Python 3.10 Ctrl-C can come between the end of a block and the release.
            if owned():
                self._writing.release()
            # Also where nothing was written: others did not wait for that.
            if self._late:
                self._flush_late()

    def _put(self, data):
        # Ctrl-C can come between any two steps of the interpreter.  This is one: what was written
        # is known, so that the stream goes on whole.
        done = []
        try:
            done.extend(imap(os.write, (self._out,), (data,)))
        finally:
            if done != [len(data)]:
                rest()
                self._put_rest(data, done)


# == NEXT ==

class Reader(Writer):
    """What comes from the link, in a thread of its own."""

    # After so many items with one sent before each, the link is lent to who waits, see _lend.
    TURNS = 16 if PY3 and os.name == 'posix' else NEVER
    _turns = 0      # how many it were so far
    _prepares = False
    _sent = False   # an item, since the last one came

    def _read(self):
        reason = 'internal error'
        try:
            reason = self._read_frames()
        except BaseException:
            self._status = 1
            rest()
            note(format_exception())
        finally:
            self._end(reason)

    def _read_frames(self):
        """Handle frames until the end; returns what receivers are told then."""
        read = self._link.read
        while True:
            head = read(9)
            if len(head) < 9:
                return "couldn't load message header, expected 9 bytes, got %d" % len(head)
            code, channel_id, size = header.unpack(head)
            if code == TERMINATE:
                return None
            if code not in HANDLERS:
                rest()
            if code not in HANDLERS or size < 0:
                return self._corrupt('frame header %r' % (head,))
            data = read(size) if size else b''
            if len(data) < size:
                return 'expected %d bytes, got %d' % (size, len(data))
            try:
                HANDLERS[code](self, channel_id, data)
            except LoadError:
                return self._corrupt(exc_info()[1])
            data = None

    def _on_data(self, channel_id, data):
        channel = self._find(channel_id)
        queue = self._kept.get(channel_id) if channel is None else channel._queue
        if queue is None or queue.ended:
            return
        try:
            item = load(memoryview(data) if queue.views else data, queue.strings, self)
        except Exception:
            rest()
            self._fail(channel_id, format_exception())
        else:
            self._turns = self._turns + 1 if self._sent else 0
            self._sent = False
            lends = self._turns > self.TURNS and queue.waiters
            if lends and REST:
                self._prepare()
                lends = False
            (self._lend if lends else Queue.put)(queue, item)

    def _prepare(self):
        """Have the second part compiled while this conversation goes on."""
        if not self._prepares:
            self._prepares = True
            rest(1)
            prepare_beside(self)

    def _on_exec(self, channel_id, data):
        channel = self._channel(channel_id)
        try:
            source, file_name, call_name, kwargs = load(data, (True, False), None)
        except Exception:
            rest()
            self._finish(channel, format_exception())
            return
        channel._executing = True
        # [has it begun (None: it never will), ...]
        task = [False, channel, source, file_name, call_name, kwargs]
        with self._state:
            beside = self._main_busy
            if not beside:
                self._main_busy = True
                self._running.add(channel)
        if beside:
            self._start_beside(task)
        else:
            self._tasks.put(task)

    def _end(self, reason):
        """The link has ended; no frame comes any more."""
        self._reason = reason
        with self._state:
            self._finished = True
            busy = self._running or self._channels or self._kept
        if busy or self._dispatcher or 'threading' in sys.modules:
            self._wind_down()
        else:
            self._tasks.put(None)


# == NEXT ==

class Gateway(Reader):
    """The worker's end of the link, whole: what runs remote code."""

    _on_interrupt = staticmethod(_signal.default_int_handler)

    def _serve(self):
        """The main thread's loop: one task after the other until the link has ended."""
        task = True
        while task is not None:
            try:
                task = self._tasks.get()
                if task is not None and self._begin(task):
                    self._execute(task)
                    task = False
            except KeyboardInterrupt:
                pass

    def _interruptible(self, on):
        """Have Ctrl-C mean what it means to remote code, or nothing: our own steps go on."""
        if _thread.get_ident() == MAIN:
            found = _signal.signal(_signal.SIGINT, self._on_interrupt if on else ignore)
            # None: what is there is not of Python's making.
            if found is not ignore and found is not None:
                self._on_interrupt = found

    def _begin(self, task):
        with self._state:
            if task[0] is None:
                return False
            task[0] = True
            self._running.add(task[1])
            return True

    def _execute(self, task):
        channel = task[1]
        # Kept until the channel is closed, so that channels in there are dropped after it.
        names = {'channel': channel, '__name__': '__channelexec__'}
        error = None
        try:
            try:
                self._interruptible(True)
                run(names, task)
            except EndOfStream:
                pass
            except KeyboardInterrupt:
                error = 'keyboard-interrupted'
            except BaseException:
                error = failure(task)
            self._interruptible(False)
            if error is not None:
                self._release_locks()
            self._finish(channel, error)
        except KeyboardInterrupt:
            self._interruptible(False)
            self._release_locks()
            self._finish(channel, 'keyboard-interrupted')
        finally:
            self._done(channel)

    def _finish(self, channel, error):
        """Close the channel of a task that has ended, unless the other side did."""
        if channel._executing and _thread.get_ident() == MAIN:
            with self._state:
                # Before the close: what is sent because of it is to find the main thread free.
                self._main_busy = bool(self._tasks.items)
        channel._executing = False
        if self._lent:
            self._call_reader()
        if error is None:
            data = header.pack(CLOSE, channel.id, 0)
        else:
            data = frame(CLOSE_ERROR, channel.id, error)
        if not self._finished:
            try:
                self._write(data, channel, True)
            except IOError:
                pass
        self._channels.pop(channel.id, None)
        channel._closed = True
        channel._queue.end()

    def _done(self, channel):
        with self._state:
            self._running.discard(channel)
            if self._idle is not None and not self._running:
                self._idle.acquire(False)
                self._idle.release()


def ignore(number, frame):
    """A handler for signals that, unlike SIG_IGN, is not handed on to other programs."""


def failure(task):
    """The current exception as a text."""
    rest()
    return format_exception(task)


def run(names, task):
    channel, source, file_name, call_name, kwargs = task[1:]
    try:
        if not PY3:
            source, file_name = native_source(source, file_name)
        code = compile(source + '\n', file_name or '<remote exec>', 'exec', 0, 1)
        if source.startswith('# execnet '):
            rest()
            run_own(source, code, names)
        else:
            exec(code, names)
        if call_name:
            names[call_name](channel, **kwargs)
    except BaseException:
        if os.getpid() != PID:
            rest()
            leave_child(task)
        raise
    if os.getpid() != PID:
        rest()
        leave_child()


HANDLERS = {DATA: Gateway._on_data, EXEC: Gateway._on_exec}


# == NEXT ==

# -- the start

def take_stdio(joined):
    """Move the link off descriptors 0 and 1; remote code finds the null device there.

    Or, with `joined`, its standard error instead of its standard output.
    """
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2 if joined else null, 1)
    os.close(null)
    if joined:
        show_lines()
    return out


def show_lines():
    """Have what remote code prints come line by line.  Python 3.6 keeps it until its buffer is full."""
    if not PY3:
        sys.stdout = os.fdopen(1, 'w', 1)
    elif hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(line_buffering=True)


def reset_signals():
    """Undo what the controller, or the shell that started it, does with signals and this process inherits."""
    if hasattr(_signal, 'pthread_sigmask'):
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    if _signal.getsignal(_signal.SIGINT) == _signal.SIG_IGN:
        # So it is behind nohup and "&". An interrupt that comes here all the same is for us.
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    if os.name == 'posix':
        if _signal.getsignal(_signal.SIGCHLD) == _signal.SIG_IGN:
            # No child would have a status.
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        # The process is in a background group: use of a terminal is an error then, and not a stop that nobody sees.
        _signal.signal(_signal.SIGTTIN, _signal.SIG_IGN)
        _signal.signal(_signal.SIGTTOU, _signal.SIG_IGN)


def in_child(gateway, *descriptors):
    """What a forked child begins with."""
    global rest_lock
    # Another thread of its parent may have held it.
    rest_lock = _thread.allocate_lock()
    if 'begin_child' not in globals():
        rest(1)
    begin_child(gateway, *descriptors)


def answer(out, config, value):
    """The worker's half of the handshake, see docs/protocol.md."""
    os.write(out, b'EXECNET-' + config['nonce'] + b'-' + frame(DATA, 0, value)[5:])


def main():
    global REST, unpack
    size, = four(link.read(4))
    config = load(link.read(size), (True, False), None)
    REST = config['rest']
    if 'packed' in config:
        unpack = __import__('zlib').decompress
    out = take_stdio('stdout' in config)
    if ('nice' in config or 'chdir' in config or 'env' in config or
            config['execmodel'] not in ('thread', 'main_thread_only')):
        rest()
        set_up_or_leave(out, config)
    if 'credit' in config or not PY3:
        rest()
    gateway = Gateway(link, out, config)
    begin = lambda: in_child(gateway, link.fileno(), out)
    if hasattr(os, 'register_at_fork'):
        os.register_at_fork(after_in_child=begin)
    else:
        rest()
        guard_fork(begin, link.fileno(), out)
    if os.environ.get('EXECNET_DEBUG'):
        rest()
        start_tracing(gateway)
    reset_signals()
    gateway._interruptible(False)
    sys.path[:] = path
    _thread.start_new_thread(gateway._read, ())
    answer(out, config, PID)
    try:
        gateway._serve()
    except BaseException:
        # Whoever waits for this process must not wait in vain.
        rest()
        let_go(out)
        raise
    if PYPY:
        # Its end is a program in Python too.
        swap_builtins(BUILTINS)
    raise SystemExit(gateway._status)


# == REST ==

# The first piece is small: it is compiled in the middle of a conversation, and has the others
# compiled beside it; or in a forked child.

clock = getattr(time, 'monotonic', time.time)
LULL = 0.001    # seconds: for no longer, and as long again, is the link left unread
BEAT = 0.05     # seconds: so long after an interrupt was dropped may the next one come
PATIENCE = 2    # times LULL: for no longer does a piece wait for a pause of the conversation


def prepare_beside(gateway):
    try:
        _thread.start_new_thread(prepare, (gateway,))
    except Exception:
        rest()


def prepare(gateway):
    """Compile the second part piece by piece, in the pauses of a conversation where it has some."""
    pause = new_held_lock()
    while REST:
        for _ in range(PATIENCE):
            turns = gateway._turns
            pause.acquire(True, LULL)
            if gateway._turns == turns:
                break
        rest(1)


def new_held_lock():
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


def begin_child(gateway, *descriptors):
    """A forked child has neither the link nor the threads: it must not keep the link open, write to it, or wait for what
    other threads would have to do."""
    let_go(*descriptors)
    gateway._state = RLock()
    gateway._finished = gateway._lent = True
    gateway._write = gateway._take = gateway._wait_for_reader = refuse_in_child
    Channel.__del__ = lambda self: None


def refuse_in_child(*_):
    raise IOError('a forked child has no channels')


def let_go(*descriptors):
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor, *((False,) if PY3 else ()))
    os.close(null)


# == NEXT ==

if not PY3:
    # The second part is compiled at start there.
    import errno
    import fcntl
    import imp
    from itertools import compress
    from operator import methodcaller

format_lock = _thread.allocate_lock()
tagged_float = Struct('>cd').pack


# -- for older Pythons

if not PY3:
    class RLock(object):
        """Of Python 3's, which is written in C, what is used here.

        Ctrl-C can come between any two steps of the interpreter: taking the lock and being known
        as its owner is one, and so is letting go.
        """

        def __init__(self):
            self._lock = _thread.allocate_lock()
            self._owner = []

        def acquire(self, blocking=True):
            taken = imap(self._lock.acquire, (blocking,))
            self._owner.extend(compress((_thread.get_ident(),), taken))
            return self._is_owned()

        __enter__ = acquire

        def release(self, *exc_info):
            list(imap(methodcaller('__call__'), (self._owner.pop, self._lock.release)))

        __exit__ = release

        def _is_owned(self):
            return self._owner == [_thread.get_ident()]


def native_source(source, file_name):
    """What Python 2's compile takes: its own file names, and no text with a coding line."""
    if file_name is not None and not isinstance(file_name, str):
        file_name = file_name.encode('utf-8')
    if not isinstance(source, str):
        lines = source.split('\n', 2)
        lines[:2] = [line.replace('coding', 'c0ding') if line.startswith('#') else line
                     for line in lines[:2]]
        source = '\n'.join(lines)
    return source, file_name


def guard_fork(begin, *descriptors):
    """What newer Pythons do by themselves: no program inherits the link, and children know that they are."""
    if not PY3:
        for descriptor in descriptors:
            flags = fcntl.fcntl(descriptor, fcntl.F_GETFD)
            fcntl.fcntl(descriptor, fcntl.F_SETFD, flags | fcntl.FD_CLOEXEC)

    def guarded(fork):
        def call():
            result = fork()
            if (result[0] if isinstance(result, tuple) else result) == 0:
                begin()
            return result
        return call
    for module in sys.modules['os'], sys.modules[os.name]:
        for name in ('fork', 'forkpty'):
            if hasattr(os, name):
                setattr(module, name, guarded(getattr(os, name)))


def leave_child(task=None):
    """End a forked child, after its code or with the exception that it has raised, as Python ends."""
    status = int(task is not None)
    try:
        if task is not None:
            text, status = last_words(task)
            os.write(2, text.encode('utf-8', 'replace'))
        if _thread.get_ident() == MAIN and 'threading' in sys.modules:
            # Waits for the child's own threads.
            attempt(sys.modules['threading']._shutdown)
        if 'atexit' in sys.modules:
            attempt(sys.modules['atexit']._run_exitfuncs)
        attempt(sys.stdout.flush)
        attempt(sys.stderr.flush)
    finally:
        os._exit(status)


def attempt(function):
    try:
        function()
    except Exception:
        pass


def last_words(task):
    """What Python prints about an exception that nobody handles, and its exit status."""
    error = exc_info()[1]
    if not isinstance(error, SystemExit):
        return format_exception(task), 1
    if error.code is None or isinstance(error.code, int):
        return u'', (error.code or 0) & 0xff
    return as_text(error.code) + u'\n', 1


# == NEXT ==

# -- imports

class StandardImports(object):
    """Imports of this thread do not see the working directory: its files may be called like modules
    of the standard library, which are not imported before they are needed."""

    def find_spec(self, name, path=None, target=None):
        if path is None and _thread.get_ident() == self.thread:
            finder = sys.modules['_frozen_importlib_external'].PathFinder
            return finder.find_spec(name, self.path(), target)

    def path(self):
        return [entry for entry in sys.path if entry not in ('', '.')]

    def __enter__(self):
        self.thread = _thread.get_ident()
        if PY3:
            names = [getattr(finder, '__name__', None) for finder in sys.meta_path]
            at = names.index('PathFinder') if 'PathFinder' in names else 0
            sys.meta_path.insert(at, self)
        else:
            # No other thread imports meanwhile.
            imp.acquire_lock()
            self.kept = sys.path[:]
            sys.path[:] = self.path()

    def __exit__(self, *exc_info):
        if PY3:
            sys.meta_path.remove(self)
        else:
            sys.path[:] = self.kept
            imp.release_lock()


def import_standard(name):
    """A module of the standard library."""
    if name not in sys.modules:
        with StandardImports():
            __import__(name)
    return sys.modules[name]


def run_own(source, code, names):
    """Run a program that the controller itself sends, not its user."""
    if PY3:
        with StandardImports():
            exec(code, names)
        return
    # Its modules beforehand: the program may run for long, and would hold the lock of all imports for that time.
    for line in source.splitlines():
        words = line.split()
        if words[:1] == ['import'] or words[:1] == ['from'] and 'import' in words:
            import_standard(words[1])
    exec(code, names)


class DumpError(Exception):
    """A value that cannot be sent."""


class RemoteError(Exception):
    """An exception of the other side, as a text."""

    def __init__(self, formatted):
        Exception.__init__(self)
        self.formatted = formatted

    def __str__(self):
        return self.formatted

    def __repr__(self):
        return '%s: %s' % (self.__class__.__name__, self.formatted)


class TimeoutError(IOError):
    """Nothing came in the given time."""


def note(text):
    """A line for whoever reads the worker's standard error."""
    try:
        os.write(2, ('execnet worker [%d]: %s\n' % (os.getpid(), text)).encode('utf-8', 'replace'))
    except OSError:
        pass


def warn_unhandled(error):
    note('Warning: unhandled RemoteError: %s' % (error.formatted,))


# -- texts of exceptions

def format_exception(task=None):
    """The current exception as Python prints it, without the frames of this file."""
    error = exc_info()
    name, lines = None, []
    if task is not None:
        name, lines = task[3] or '<remote exec>', task[2].splitlines(True)
    text = None
    if PY3 and plausible(error[1]):
        text = format_as_python(error, name, lines)
    if text is None:
        text = format_plainly(error[1], error[2], name and as_text(name), lines)
    if PY3:
        return text.encode('utf-8', 'backslashreplace').decode('utf-8')
    return text


# What remote code may replace without a harm to the traceback module.
HARMLESS = ('open', 'print', 'input', '__import__')


def plausible(error):
    """Whether the traceback module can be trusted, and will come to an end, with an exception."""
    now = builtins.__dict__
    for name, value in BUILTINS.items():
        if now.get(name) is not value and name not in HARMLESS:
            return False
    found, todo = set(), [(error, 0)]
    while todo:
        error, depth = todo.pop()
        if error is None or id(error) in found:
            continue
        if depth > CHAIN:
            return False
        found.add(id(error))
        inner = getattr(error, 'exceptions', None)
        for other in (error.__cause__, error.__context__) + (inner if isinstance(inner, tuple) else ()):
            todo.append((other, depth + 1))
    return True


CHAIN = 100     # so many exceptions of a chain are shown
FRAMES = 100    # and so many frames of one, where the traceback module is not used


def format_as_python(error, name, lines):
    """The text of the traceback module, unless something goes wrong there."""
    with format_lock:
        try:
            # Not before there is something to print: they take long.  And while one thread of Python 3.13 imports
            # collections.abc, as traceback does, another cannot take names from it: that may be code that runs here.
            cache = import_standard('linecache').cache
            traceback = import_standard('traceback')
            kept = cache.get(name)
            try:
                if name is not None:
                    cache[name] = (sum(map(len, lines)), None, lines, name)
                report = traceback.TracebackException(*error)
                trim(report, set())
                text = ''.join(report.format())
            finally:
                cache.pop(name, None)
                if kept is not None:
                    cache[name] = kept
        except Exception:
            return None
    # Of a SyntaxError in the code itself Python shows no frame at all.
    return text if text.startswith(TITLE) else TITLE + text


TITLE = u'Traceback (most recent call last):\n'


def trim(report, seen):
    if report is None or id(report) in seen:
        return
    seen.add(id(report))
    report.stack[:] = [entry for entry in report.stack if entry.filename != FILE]
    trim(report.__cause__, seen)
    trim(report.__context__, seen)
    for inner in getattr(report, 'exceptions', None) or ():
        trim(inner, seen)


# == NEXT ==

DIRECT = u'\nThe above exception was the direct cause of the following exception:\n\n'
DURING = u'\nDuring handling of the above exception, another exception occurred:\n\n'


def format_plainly(error, trace, name, lines):
    """The text for Python 2, and where the traceback module is of no use: for a very long chain of exceptions, or where
    remote code has replaced builtins."""
    parts = []
    found = set()
    while error is not None and id(error) not in found:
        if len(found) == CHAIN:
            parts.append([u'[... earlier exceptions ...]\n\n'])
            break
        found.add(id(error))
        part = [TITLE]
        part.extend(frame_lines(trace, name, lines))
        part.extend(error_lines(error))
        parts.append(part)
        cause = getattr(error, '__cause__', None)
        if cause is None and getattr(error, '__suppress_context__', True):
            break   # Python 2 has none of them
        error = error.__context__ if cause is None else cause
        if error is not None and id(error) not in found:
            trace = error.__traceback__
            part.insert(0, DURING if cause is None else DIRECT)
    return u''.join([text for part in reversed(parts) for text in part])


def frame_lines(trace, name, lines):
    entries = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename != FILE:
            entries.append((as_text(code.co_filename), trace.tb_lineno, code.co_name, trace.tb_frame.f_globals))
        trace = trace.tb_next
    cut = len(entries) - FRAMES
    for at, (file_name, number, function, names) in enumerate(entries):
        if cut > 0 and FRAMES // 2 <= at < FRAMES // 2 + cut:
            if at == FRAMES // 2:
                yield u'  [... %d frames ...]\n' % cut
            continue
        yield u'  File "%s", line %d, in %s\n' % (file_name, number, function)
        if file_name == name:
            line = as_text(lines[number - 1]) if 0 < number <= len(lines) else u''
        else:
            line = source_line(file_name, number, names)
        if line.strip():
            yield u'    %s\n' % line.strip()


def source_line(file_name, number, names):
    try:
        return as_text(import_standard('linecache').getline(file_name, number, names))
    except Exception:
        return u''


def error_lines(error):
    kind = error.__class__
    name = getattr(kind, '__qualname__', kind.__name__)
    if kind.__module__ not in ('builtins', 'exceptions', '__main__'):
        name = '%s.%s' % (kind.__module__, name)
    try:
        if not isinstance(error, SyntaxError) or error.filename is None:
            text = as_text(error)
        else:
            yield u'  File "%s", line %s\n' % (as_text(error.filename), error.lineno)
            line = as_text(error.text or u'')
            if line.strip():
                yield u'    %s\n' % line.strip()
                at = (error.offset or 0) - 1 - len(line) + len(line.lstrip())
                if 0 <= at <= len(line):
                    yield u'    %s^\n' % (u' ' * at)
            text = as_text(error.msg)
    except Exception:
        text = u'<exception str() failed>'
    yield u'%s: %s\n' % (name, text) if text else u'%s\n' % name
    for note in getattr(error, '__notes__', None) or ():
        yield u'%s\n' % (note,)


def as_text(value):
    """str() as a text, for Python 2 too."""
    if PY3:
        return str(value)
    try:
        value = str(value)
    except UnicodeError:
        value = unicode(value)
    return value if isinstance(value, unicode) else value.decode('utf-8', 'replace')


# == NEXT ==

# -- the rarer values

def dump_error(value):
    """The DumpError for the exception that dumping `value` raised: it says what and where."""
    error = exc_info()[1]
    if isinstance(error, RuntimeError):
        return DumpError("can't serialize: %s" % (error,))
    found = find_bad(value)
    kind, path = found or (None, '')
    if isinstance(error, StructError):
        text = 'the item is too long'
    elif isinstance(error, UnicodeError):
        text = 'strings must be utf-8 encodable'
    else:
        return DumpError('%s (at item%s)' % (error, path) if path else str(error))
    if kind is not None:
        text += ': %r' % (kind,)
    return DumpError('%s (at item%s)' % (text, path) if path else text)


def find_bad(value):
    """Type and path of the first thing in `value` that cannot be dumped."""
    path, open_parts = [], [iter([(('',), value)])]
    while open_parts:
        for step, item in open_parts[-1]:
            inner = parts_of(item)
            if inner is not None:
                path.append(step)
                open_parts.append(inner)
                break
            if not can_dump(item):
                path.append(step)
                return type(item), ''.join(['[%.100s]' % repr(step[1]) if step[1:] else step[0] for step in path])
        else:
            open_parts.pop()
            del path[-1:]
    return None


def parts_of(value):
    """What stands in a container: pairs of a step of the path, and a thing."""
    kind = type(value)
    if kind in (list, tuple):
        return ((('', index), item) for index, item in enumerate(value))
    if kind in (set, frozenset):
        return (((' element',), item) for item in value)
    if kind is dict:
        return (pair for key, item in value.items() for pair in (((' key',), key), (('', key), item)))
    return None


def can_dump(value):
    try:
        DUMPERS[type(value)](lambda data: None, value)
    except Exception:
        return False
    return True


# Newer Pythons refuse to convert more digits at once than a limit that programs may set, to no less than 640.
DIGITS = 600


def digits(number):
    """Decimal text of an int of any size."""
    if number < 0:
        return '-' + digits(-number)
    pieces = []
    base = 10 ** DIGITS
    while number >= base:
        number, low = divmod(number, base)
        pieces.append('%0*d' % (DIGITS, low))
    pieces.append('%d' % number)
    return ''.join(reversed(pieces))


def number(raw):
    text = raw.decode('utf-8')
    if len(text) <= DIGITS:
        return int(text)
    sign = -1 if text[0] == '-' else 1
    return sign * natural(text.lstrip('+-'))


def natural(text):
    """By halves: piece by piece it would take the square of the time."""
    if len(text) <= DIGITS:
        return int(text)
    half = len(text) // 2
    return natural(text[:half]) * 10 ** (len(text) - half) + natural(text[half:])


# == NEXT ==

def dump_big(put, value, tag=b'H'):
    raw = digits(value).encode('utf-8')
    put(tagged(tag, len(raw)))
    put(raw)


def refuse(put, value):
    raise DumpError("can't serialize %r" % (type(value),))


def dump_bytes(put, value):
    put(tagged(b'A', len(value)))
    put(value)


def dump_dict(put, value):
    put(b'J')
    for key, item in list(value.items()):
        DUMPERS[type(key)](put, key)
        DUMPERS[type(item)](put, item)
        put(b'P')


def dump_complex(put, value):
    put(b'T')
    put(tagged_float(b'D', value.real)[1:])
    put(tagged_float(b'D', value.imag)[1:])


def dump_items(tag):
    def dump(put, value):
        items = list(value)
        for item in items:
            DUMPERS[type(item)](put, item)
        put(tagged(tag, len(items)))
    return dump


DUMPERS[bool] = lambda put, value: put(b'R' if value else b'C')
DUMPERS[float] = lambda put, value: put(tagged_float(b'D', value))
DUMPERS[bytes] = dump_bytes
DUMPERS[dict] = dump_dict
DUMPERS[complex] = dump_complex
DUMPERS[set] = dump_items(b'O')
DUMPERS[frozenset] = dump_items(b'E')
DUMPERS[Channel] = lambda put, value: put(tagged(b'B', value.id))


def dump_py2(tag, encode=None):
    def dump(put, value):
        raw = value.encode(encode) if encode else value
        put(tagged(tag, len(raw)))
        put(raw)
    return dump


def dump_long(put, value):
    if -1 << 31 <= value < 1 << 31:
        put(tagged(b'G', value))
    else:
        dump_big(put, value, b'I')


if not PY3:
    DUMPERS[str] = dump_py2(b'M')
    DUMPERS[unicode] = dump_py2(b'S', 'utf-8')
    DUMPERS[long] = dump_long


def unknown(data, pos, stack, strings, gateway):
    raise LoadError('unknown opcode %r at offset %d' % (data[pos - 1:pos], pos - 1))


# == NEXT ==

LOADERS[b'R'[0]] = lambda data, pos, stack, *_: stack.append(True) or pos
LOADERS[b'C'[0]] = lambda data, pos, stack, *_: stack.append(False) or pos


def loader(code):
    def add(function):
        LOADERS[code[0]] = function
        return function
    return add


@loader(b'T')
def load_complex(data, pos, stack, strings, gateway):
    stack.append(complex(*Struct('>dd').unpack_from(data, pos)))
    return pos + 16


@loader(b'O')
def load_set(data, pos, stack, strings, gateway):
    return take_items(data, pos, stack, set)


@loader(b'E')
def load_frozenset(data, pos, stack, strings, gateway):
    return take_items(data, pos, stack, frozenset)


@loader(b'G')
def load_long(data, pos, stack, strings, gateway):
    value = four(data, pos)[0]
    stack.append(value if PY3 else long(value))
    return pos + 4


@loader(b'H')
@loader(b'I')
def load_digits(data, pos, stack, strings, gateway):
    raw, pos = take(data, pos)
    stack.append(number(raw))
    return pos


@loader(b'M')
def load_py2_text(data, pos, stack, strings, gateway):
    raw, pos = take(data, pos)
    stack.append(raw.decode('latin-1') if PY3 and strings[0] else raw)
    return pos


@loader(b'S')
def load_unicode(data, pos, stack, strings, gateway):
    raw, pos = take(data, pos)
    stack.append(raw.decode('utf-8'))
    return pos


@loader(b'B')
def load_channel(data, pos, stack, strings, gateway):
    if gateway is None:
        raise LoadError('a channel does not belong here')
    stack.append(gateway._channel(four(data, pos)[0]))
    return pos + 4


# == NEXT ==

# -- waiting

def wait(lock, timeout):
    """Wait for another thread's release; False after `timeout` seconds."""
    if timeout is None:
        return lock.acquire()
    if PY3:
        return lock.acquire(True, max(0, min(timeout, _thread.TIMEOUT_MAX)))
    return poll(lock, timeout)


def poll(lock, timeout):
    """Python 2 has no lock with a time limit."""
    deadline = clock() + timeout
    pause = 0.0005
    while not lock.acquire(False):
        left = deadline - clock()
        if left <= 0:
            return False
        pause = min(pause * 2, left, 0.05)
        time.sleep(pause)
    return True


class QueueMethods(object):

    def get_within(self, timeout):
        """The next item; IndexError at the end, TimeoutError after `timeout` seconds."""
        deadline = clock() + timeout
        while True:
            waiter = None if self.items else self.enter()
            if waiter is not None:
                woken = False
                try:
                    woken = wait(waiter, deadline - clock())
                finally:
                    if not woken:
                        self.leave(waiter)
            try:
                return self.items.popleft()
            except IndexError:
                if self.ended:
                    raise
            if clock() >= deadline:
                raise TimeoutError('no item in the given time')

    def leave(self, waiter):
        """Stop waiting."""
        with self.gate:
            try:
                self.waiters.remove(waiter)
            except ValueError:
                # It was woken for an item, which is for another one now.
                if self.items:
                    self.wake_one()

    def wait_over(self, timeout):
        with self.gate:
            if self.over:
                return
            sleeper = new_held_lock()
            self.closers += (sleeper,)
        if not wait(sleeper, timeout) and not self.over:
            raise TimeoutError('not closed in the given time')


def receive(channel, timeout):
    """The rest of Channel.receive: a time limit, a callback, or the end."""
    if channel._queue.sink is not None:
        raise IOError('cannot receive(), channel has receiver callback')
    try:
        if timeout is not None:
            channel.gateway._wait_for_reader()
            return channel._queue.get_within(timeout)
    except IndexError:
        pass
    raise channel._take_error() or EndOfStream()


# == NEXT ==

# -- callbacks

class Callback(object):
    """The sink of a channel's queue: hands its items over to a function, in order."""

    failed = False

    def __init__(self, channel, function, endmarker):
        self.gateway = channel.gateway
        self.id = channel.id
        self.queue = channel._queue
        self.function = function
        self.endmarker = endmarker

    def put(self, item):
        self.gateway._dispatcher.put((self, item))

    def deliver(self, item):
        """Runs in the dispatcher's thread."""
        try:
            if item is END:
                item = self.endmarker
            if item is not END and not self.failed:
                self.function(item)
        except BaseException:
            if os.getpid() != PID:
                leave_child((False, None, '', None))
            self.failed = True
            self.gateway._fail(self.id, format_exception())

    def finish(self):
        with self.queue.gate:
            self.queue.finish()


class Dispatcher(object):
    """The one thread that runs callbacks, so that a slow one holds up no frame."""

    def __init__(self):
        self.queue = Queue()
        self.put = self.queue.put
        import_threading()
        _thread.start_new_thread(self.run, ())

    def run(self):
        while True:
            try:
                callback, item = self.queue.get()
            except IndexError:
                break
            callback.deliver(item)
            if os.getpid() != PID:
                leave_child()
            if item is END:
                callback.finish()
            del callback, item
        with self.queue.gate:
            self.over = True
            self.queue.finish()

    def stop(self, timeout):
        """Let it deliver what is there, for so long."""
        with self.queue.gate:
            self.queue.ended = True
            self.queue.wake()
        try:
            self.queue.wait_over(timeout)
        except TimeoutError:
            pass


# == NEXT ==

# -- the other methods of channels

class ChannelMethods(object):

    RemoteError = RemoteError
    TimeoutError = TimeoutError

    def __repr__(self):
        return '<Channel id=%d %s>' % (self.id, 'closed' if self._closed else 'open')

    def _take_error(self):
        error, self._error = self._error, None
        if error is None and self.gateway._reason is not None:
            error = EndOfStream(self.gateway._reason)
        return error

    def isclosed(self):
        """True if nothing can be sent any more."""
        return self._closed

    def close(self, error=None):
        """Close for both sides; with a text, the other side gets it as a RemoteError."""
        if self._executing:
            raise IOError('cannot explicitly close channel within remote_exec')
        if self._closed:
            return
        if error is None:
            data = header.pack(CLOSE, self.id, 0)
        else:
            if isinstance(error, RemoteError):
                error = error.formatted
            text = error if type(error) in (str, type(u'')) else str(error)
            data = frame(CLOSE_ERROR, self.id, text)
        try:
            self.gateway._write(data, self, True)
        except IOError:
            pass
        self._closed = True
        self.gateway._channels.pop(self.id, None)
        self._queue.end()

    def waitclose(self, timeout=None):
        """Wait for the end of the channel; RemoteError if the other side failed."""
        self.gateway._wait_for_reader()
        self._queue.wait_over(timeout)
        error = self._take_error()
        if error is not None:
            raise error

    def setcallback(self, callback, endmarker=END):
        """Have `callback` called with each item, and with `endmarker`, if given, at the end."""
        gateway = self.gateway
        with gateway._state:
            if gateway._dispatcher is None:
                gateway._dispatcher = Dispatcher()
        queue = self._queue
        with queue.gate:
            if queue.sink is not None:
                raise IOError('%r has a callback already' % (self,))
            queue.sink = Callback(self, callback, endmarker)
            while queue.items:
                queue.sink.put(queue.items.popleft())
            if queue.ended:
                queue.over = False
                queue.sink.put(END)

    def makefile(self, mode='w', proxyclose=False):
        """A file object: each write is an item (mode "w"), or items are read (mode "r")."""
        if mode == 'w':
            return ChannelFileWrite(self, proxyclose)
        if mode == 'r':
            return ChannelFileRead(self, proxyclose)
        raise ValueError('mode %r not available' % (mode,))

    def reconfigure(self, py2str_as_py3str=True, py3str_as_py2str=False):
        """Say what native texts of the other Python become, on both sides."""
        self._queue.strings = (py2str_as_py3str, py3str_as_py2str)
        self.gateway._write(frame(RECONFIGURE, self.id, self._queue.strings), self)




# == NEXT ==

class ChannelFile(object):

    def __init__(self, channel, proxyclose):
        self.channel = channel
        self._proxyclose = proxyclose

    def isatty(self):
        return False

    def close(self):
        if self._proxyclose:
            self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def __repr__(self):
        state = 'closed' if self.channel.isclosed() else 'open'
        return '<%s %d %s>' % (self.__class__.__name__, self.channel.id, state)


class ChannelFileWrite(ChannelFile):

    def write(self, out):
        self.channel.send(out)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass


class ChannelFileRead(ChannelFile):

    def __init__(self, channel, proxyclose):
        ChannelFile.__init__(self, channel, proxyclose)
        self._items = deque()   # received, and not read as a whole
        self._start = 0         # where the unread rest of the first begins
        self._size = 0          # of all that is not read
        self._nothing = ''      # of the kind that the items are

    def _more(self):
        try:
            item = self.channel.receive()
        except EOFError:
            return False
        self._nothing = item[:0]
        self._items.append(item)
        self._size += len(item)
        return True

    def _take(self, size):
        parts = []
        self._size -= size
        while size:
            item = self._items[0]
            part = item if not self._start and size >= len(item) else item[self._start:self._start + size]
            parts.append(part)
            size -= len(part)
            self._start += len(part)
            if self._start == len(item):
                self._items.popleft()
                self._start = 0
        return self._nothing.join(parts)

    def read(self, n=-1):
        while (n < 0 or self._size < n) and self._more():
            pass
        return self._take(self._size if n < 0 else min(n, self._size))

    def readline(self):
        before = -self._start   # what the items have that were looked at
        at = 0
        while True:
            while at < len(self._items):
                item = self._items[at]
                found = item.find(b'\n' if isinstance(item, bytes) else u'\n', 0 if at else self._start)
                if found >= 0:
                    return self._take(before + found + 1)
                before += len(item)
                at += 1
            if not self._more():
                return self._take(self._size)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__


# == NEXT ==

# -- the rarer work of the gateway

class ExecModel(object):
    """What code takes from `channel.gateway.execmodel` instead of from the threading module."""

    def __init__(self, backend):
        threading = import_standard('threading')
        self.backend = backend
        self.subprocess, self.socket = import_standard('subprocess'), import_standard('socket')
        self.queue = import_standard('queue' if PY3 else 'Queue')
        self.Lock, self.RLock, self.Event = threading.Lock, threading.RLock, threading.Event
        self.sleep, self.get_ident, self.fdopen = time.sleep, _thread.get_ident, os.fdopen

    def __repr__(self):
        return '<ExecModel %r>' % (self.backend,)

    def start(self, func, args=()):
        _thread.start_new_thread(func, args)


class GatewayMethods(object):

    @property
    def execmodel(self):
        return ExecModel(str(self._execmodel))

    def __repr__(self):
        return '<Gateway id=%r, %s model>' % (str(self.id), self._execmodel)

    def newchannel(self):
        """A new channel, to be sent to the other side inside an item."""
        with self._state:
            if self._finished:
                raise IOError('connection already closed')
            self._last_id += 2
            channel_id = self._last_id
        return self._channel(channel_id)

    def _release_locks(self):
        """Release what this thread holds: before Python 3.10, and on PyPy, Ctrl-C can come between the end of a block
        and the release of its lock."""
        locks = [self._state, self._tasks.gate]
        for found in list(self._channels.values()):
            channel = found()
            if channel is not None:
                locks.append(channel._queue.gate)
        if self._dispatcher is not None:
            locks.append(self._dispatcher.queue.gate)
        for lock in locks:
            if lock._is_owned():
                lock.release()

    # -- writing

    def _put_rest(self, data, done):
        """Write what a first write has left of a frame, or deal with what it raised.

        Without anything written the frame was not begun, and the exception goes on.
        """
        error = None if done else exc_info()[1]
        whole = isinstance(error, KeyboardInterrupt)
        try:
            if isinstance(error, OSError) and (PY3 or error.errno != errno.EINTR):
                raise error
            if not whole:
                try:
                    self._write_all(data, done)
                except KeyboardInterrupt:
                    # The frame goes first, for the sake of those that follow.
                    self._write_all(data, done)
                    whole = True
                    raise
                whole = True
        except OSError:
            whole = True
            raise IOError('cannot send (already closed?)')
        finally:
            if not whole:
                # Interrupted inside the frame, twice: nothing sensible can follow it.
                let_go(self._out)

    def _write_all(self, data, done):
        while sum(done) < len(data):
            try:
                done.extend(imap(os.write, (self._out,), (memoryview(data)[sum(done):],)))
            except OSError:
                # Only Python 2 lets this one through.
                if PY3 or exc_info()[1].errno != errno.EINTR:
                    raise

    def _write_late(self, data):
        """Write a frame without waiting for other threads: now, or when they are done."""
        self._late.append(data)
        self._flush_late()

    def _flush_late(self):
        # Whoever holds the lock looks here again after letting go: nothing stays behind.
        owned = self._writing._is_owned
        if owned():
            return
        try:
            while self._late and self._writing.acquire(False):
                try:
                    while self._late:
                        self._put(self._late.popleft())
                except IOError:
                    self._late.clear()
                self._writing.release()
        finally:
            if owned():
                self._writing.release()


# == NEXT ==

class LendingMethods(object):

    # Where two sides talk in turns, the main thread reads the link by itself while it waits for an
    # item: the reader would only be woken to wake it.  It takes a whole frame that is for it, and
    # leaves all else to the reader; so Ctrl-C at any step loses nothing of others.

    def _lend(self, queue, item):
        """Deliver an item, and leave the link to its receiver for as long as it comes back soon."""
        nap = new_held_lock()
        self._naps.append(nap)
        self._lent = True
        queue.put(item)
        taken = None
        while taken != self._taken:
            taken = self._taken
            if nap.acquire(True, LULL):
                break
        # A receiver that is at it has what it waits for first.
        with self._reading:
            self._call_reader()

    def _call_reader(self):
        """It is the reader's turn again."""
        self._lent = False
        self._turns = 0
        try:
            self._naps.pop().release()
        except IndexError:
            pass

    def _wait_for_reader(self):
        """Before a wait for what only the reader brings."""
        self._refuse_inside()
        self._call_reader()

    def _refuse_inside(self):
        """No wait for handlers of signals that have come into a read: the reader waits for that too."""
        if self._reading._is_owned():
            raise IOError('cannot wait for a channel inside of a receive()')

    def _take(self, channel):
        """The next item of a channel, from the link if that is left to its receiver."""
        self._refuse_inside()
        found = None
        owned = self._reading._is_owned
        try:
            with self._reading:
                if self._lent and alone():
                    self._taken += 1
                    found = self._read_item(channel.id, channel._queue)
        finally:
            # Before Python 3.10 Ctrl-C can come between the end of a block and the release.
            if owned():
                self._reading.release()
        if found is None:
            self._call_reader()
            return channel._queue.get()
        item, more = found
        if more:
            # The reader does not look at all that has come for each item.
            self._call_reader()
        return item

    def _read_item(self, channel_id, queue):
        """The item of the next frame, and whether there is more; None where the reader has to see to it."""
        if queue.items or queue.ended or queue.views:
            return None
        try:
            data = self._link.peek(9)
        except OSError:
            if exc_info()[1].errno is None:
                # Not the system's: a handler of a signal has raised it.
                raise
            return None
        if len(data) < 9:
            return None
        code, frame_id, size = header.unpack_from(data)
        end = 9 + size
        if code != DATA or frame_id != channel_id or not 9 <= end <= len(data):
            return None
        try:
            # Without the gateway: there are no channels to make in here.
            item = load(data[9:end], queue.strings, None)
        except (LoadError, StructError, LookupError, TypeError, ValueError, MemoryError):
            return None
        self._link.read(end)
        return item, end < len(data)


# == NEXT ==

class FrameMethods(object):

    def _corrupt(self, what):
        self._status = 1
        text = 'protocol error: %s' % (what,)
        note(text)
        return text

    def _fail(self, channel_id, text):
        """Close one channel, on both sides, because its item or callback went wrong."""
        channel = self._find(channel_id)
        if channel is None:
            self._write_late(frame(CLOSE_ERROR, channel_id, text))
            queue = self._kept.pop(channel_id, None)
            note(text)
            if queue is not None:
                queue.end()
            return
        try:
            self._write(frame(CLOSE_ERROR, channel_id, text), channel, True)
        except IOError:
            pass
        self._channels.pop(channel_id, None)
        channel._error = RemoteError(text)
        channel._closed = True
        channel._queue.end()

    def _on_close(self, channel_id, data, error=None):
        channel = self._find(channel_id)
        self._channels.pop(channel_id, None)
        if channel is not None:
            channel._error = error
            channel._closed = True
            channel._queue.end()
            return
        if error is not None:
            warn_unhandled(error)
        queue = self._kept.pop(channel_id, None)
        if queue is not None:
            queue.end()

    def _on_close_error(self, channel_id, data):
        text = load(data, (True, False), None)
        if not isinstance(text, (str, type(u''))):
            text = repr(text)
        self._on_close(channel_id, data, RemoteError(text))

    def _on_last_message(self, channel_id, data):
        channel = self._find(channel_id)
        queue = self._kept.pop(channel_id, None) if channel is None else channel._queue
        if queue is not None:
            queue.end()

    def _on_status(self, channel_id, data):
        status = {
            'numchannels': len(self._channels),
            'numexecuting': len(self._running),
            'execmodel': str(self._execmodel),
        }
        self._write_late(frame(DATA, channel_id, status) + header.pack(CLOSE, channel_id, 0))

    def _on_reconfigure(self, channel_id, data):
        strings = load(data, self._strings, self)
        if not isinstance(strings, tuple) or len(strings) != 2:
            raise LoadError('RECONFIGURE with %r' % (strings,))
        if channel_id == 0:
            self._strings = strings
            return
        channel = self._find(channel_id)
        if channel is None:
            self._presets[channel_id] = strings
        else:
            channel._queue.strings = strings


class EndMethods(object):
    """Running code beside the main thread's, and ending."""

    def _start_beside(self, task):
        """Start a task while the main thread has one."""
        if self._execmodel == 'main_thread_only':
            self._tasks.put(task)
            _thread.start_new_thread(self._refuse_later, (task,))
            return
        import_threading()
        self._begin(task)
        try:
            _thread.start_new_thread(self._execute, (task,))
        except Exception:
            self._finish(task[1], format_exception())
            self._done(task[1])

    def _refuse_later(self, task):
        """The main thread has a second to let go of the task before this one."""
        time.sleep(1.0)
        with self._state:
            if task[0]:
                return
            task[0] = None
        self._finish(task[1], 'concurrent remote_exec would cause deadlock '
                              'for main_thread_only execmodel')

    def _wind_down(self):
        """End all channels; give running code its time, interrupt it, leave without it."""
        calm, interrupted = self._grace
        with self._state:
            self._idle = new_held_lock()
            busy = bool(self._running)
        self._end_channels()
        if busy and not wait(self._idle, calm):
            self._interrupt(interrupted)
        if self._dispatcher is not None:
            self._dispatcher.stop(calm)
        self._tasks.put(None)
        # Threads of remote code may keep the interpreter from ending; not for ever.
        time.sleep(calm + interrupted)
        abandon()

    def _interrupt(self, timeout):
        """Interrupt running code; leave if it has not ended `timeout` seconds later.

        Python drops the exception where it ends a destructor or the callback of a weakref, and tells a hook: the code
        is interrupted again then.  It is not interrupted by the clock, as that would hit what it does to end.
        """
        dropped = []
        hook = getattr(sys, 'unraisablehook', None)

        def note_dropped(event):
            if issubclass(event.exc_type, KeyboardInterrupt):
                dropped.append(True)
            else:
                hook(event)

        if hook is not None:
            sys.unraisablehook = note_dropped
        deadline = clock() + timeout
        os.kill(os.getpid(), _signal.SIGINT)
        while not wait(self._idle, min(BEAT, deadline - clock())):
            if clock() >= deadline:
                abandon()
            if dropped:
                del dropped[:]
                os.kill(os.getpid(), _signal.SIGINT)

    def _end_channels(self):
        for found in list(self._channels.values()):
            channel = found()
            if channel is not None:
                channel._queue.end()
        for queue in list(self._kept.values()):
            queue.end()


# == NEXT ==

def abandon():
    """Leave without the code that does not end, nor the interpreter's own end."""
    if 'end_group' in globals():
        end_group()
    os._exit(1)


def alone():
    """Whether there is no third thread: it could close the channel that the main one reads for."""
    return _thread._count() == 1


def drop(gateway, channel):
    """The last reference to a channel went: inside of anything, so nothing here waits."""
    if channel._error is not None:
        warn_unhandled(channel._error)
    if channel._closed or gateway._finished:
        return
    # Newer Pythons clear weak references after __del__ only: it may find itself.
    if gateway._find(channel.id) not in (None, channel):
        return
    gateway._channels.pop(channel.id, None)
    queue = channel._queue
    code = CLOSE
    if queue.sink is not None and not queue.ended:
        code = LAST_MESSAGE
        gateway._kept[channel.id] = queue
    gateway._write_late(header.pack(code, channel.id, 0))


def complete(target, methods):
    """Give a class of the first part its methods of the second."""
    for name, member in vars(methods).items():
        if name == '__repr__' or not name.startswith('__'):
            setattr(target, name, member)


complete(Queue, QueueMethods)
complete(Channel, ChannelMethods)
for methods in GatewayMethods, LendingMethods, FrameMethods, EndMethods:
    complete(Gateway, methods)
HANDLERS.update({
    STATUS: Gateway._on_status,
    RECONFIGURE: Gateway._on_reconfigure,
    CLOSE: Gateway._on_close,
    CLOSE_ERROR: Gateway._on_close_error,
    LAST_MESSAGE: Gateway._on_last_message,
})


def import_threading():
    """Import threading, and have it know the main thread whichever thread asks first.

    Before Python 3.13 the module takes the thread that imports it for the main one.
    """
    try:
        know_main_thread(import_standard('threading'))
    except Exception:
        # Remote code has replaced what the module needs.
        pass


def know_main_thread(threading):
    if _thread.get_ident not in (getattr(threading, name, None) for name in ('get_ident', '_get_ident')):
        # Somebody has replaced what it stands on, gevent for one.
        return
    active = threading._active
    with threading._active_limbo_lock:
        for ident, thread in list(active.items()):
            if ident != MAIN and thread.__class__.__name__ == '_MainThread':
                active[MAIN] = active.pop(ident)
                make_main(threading, thread)


def make_main(threading, thread):
    """Put the main thread in the place of the one that an object of threading stands for."""
    if not PY3:
        thread._Thread__ident = MAIN
        return
    thread._ident = MAIN
    if hasattr(thread, '_native_id') and sys.platform == 'linux':
        thread._native_id = os.getpid()
    # Held as long as the thread lives, and let go of by threading itself at the end.
    alive = _thread.allocate_lock()
    alive.acquire()
    at_exit = getattr(threading, '_shutdown_locks', None)
    if at_exit is not None:
        at_exit.discard(thread._tstate_lock)
        at_exit.add(alive)
    thread._tstate_lock = alive


MODELS = ('thread', 'main_thread_only')


def set_up(config):
    """What the spec asks of the process, as far as it could not be done before its start."""
    if config['execmodel'] not in MODELS:
        raise ValueError('unknown execmodel %r' % str(config['execmodel']))
    if 'chdir' in config:
        directory = os.path.expanduser(config['chdir'])
        if not os.path.exists(directory):
            os.mkdir(directory)
        os.chdir(directory)
    for name, value in config.get('env', {}).items():
        os.environ[native(name)] = native(value)
    if 'nice' in config:
        os.nice(config['nice'])


def native(text):
    return text if PY3 else text.encode('utf-8')


def set_up_or_leave(out, config):
    try:
        set_up(config)
    except Exception:
        answer(out, config, format_exception())
        sys.exit(1)


# == NEXT ==

# -- tracing, as execnet does it

NAMES = ('STATUS', 'RECONFIGURE', 'GATEWAY_TERMINATE', 'CHANNEL_EXEC', 'CHANNEL_DATA',
         'CHANNEL_CLOSE', 'CHANNEL_CLOSE_ERROR', 'CHANNEL_LAST_MESSAGE', 'CHANNEL_CREDIT')


def start_tracing(gateway):
    """EXECNET_DEBUG: with "2" lines on standard error, else in a file of the process."""
    prefix = '%s ' % (gateway.id,)
    if os.environ['EXECNET_DEBUG'] == '2':
        prefix = '[%d] %s' % (os.getpid(), prefix)
        out = 2
    else:
        out = trace_file()

    def trace(text):
        try:
            os.write(out, (prefix + text + '\n').encode('utf-8', 'replace'))
        except OSError:
            pass

    trace('creating workergateway on %r' % (link,))
    for code, plain in list(HANDLERS.items()):
        HANDLERS[code] = with_trace(trace, code, plain)
    plain_put = gateway._put

    def put(data):
        plain_put(data)
        for found in frames_of(data):
            trace('sent ' + message(*found))
    gateway._put = put
    gateway.TURNS = NEVER


def with_trace(trace, code, plain):
    def handle(self, channel_id, data):
        trace('received ' + message(code, channel_id, len(data)))
        plain(self, channel_id, data)
    return handle


def message(code, channel_id, size):
    return '<Message %s channel=%d lendata=%d>' % (NAMES[code], channel_id, size)


def frames_of(data):
    """The headers in `data`, which is whole frames."""
    start = 0
    while start < len(data):
        found = header.unpack_from(data, start)
        start += 9 + found[2]
        yield found


def trace_file():
    """A fresh file: what stands there already is never written to."""
    path = os.path.join(import_standard('tempfile').gettempdir(), 'execnet-debug-%d' % os.getpid())
    try:
        os.unlink(path)
    except OSError:
        pass
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
