
# The execution models of gevent and eventlet: remote code runs in greenlets of the main thread.  Follows the lazy part
# of the worker if the spec selects one of them.
#
# The reader thread reads the link, as in the other models.  Nothing is patched: code that waits for a channel lets
# other greenlets run; how it waits for anything else is its own choice.  A send that blocks on the link stops all
# greenlets, but not the reader, so that the block ends.

library = waker = None  # type: Any  # a Gevent or Eventlet, and a Waker, once the settings were read


class Gevent(object):

    def __init__(self):
        import gevent
        from gevent.lock import RLock, Semaphore
        from gevent.event import Event
        from gevent import queue, socket, subprocess
        self.Semaphore, self.spawn, self.sleep = Semaphore, gevent.spawn, gevent.sleep
        self.current = gevent.getcurrent
        self.wait_read = socket.wait_read
        self.provided = {
            'Lock': lambda: Semaphore(1), 'RLock': RLock, 'Event': Event, 'queue': queue,
            'socket': socket, 'subprocess': subprocess, 'sleep': gevent.sleep,
        }

    def interrupt(self, greenlet):
        greenlet.kill(KeyboardInterrupt, block=False)


class Eventlet(object):

    def __init__(self):
        import eventlet
        from eventlet import hubs, queue
        from eventlet.green import socket, subprocess, threading
        from eventlet.semaphore import Semaphore
        self.Semaphore, self.spawn, self.sleep = Semaphore, eventlet.spawn, eventlet.sleep
        self.current = eventlet.getcurrent
        self.wait_read = lambda descriptor: hubs.trampoline(descriptor, read=True)
        self.provided = {
            'Lock': lambda: Semaphore(1), 'RLock': threading.RLock, 'Event': threading.Event, 'queue': queue,
            'socket': socket, 'subprocess': subprocess, 'sleep': eventlet.sleep,
        }

    def interrupt(self, greenlet):
        greenlet.kill(KeyboardInterrupt)


class Waker(object):
    """Runs functions in the main thread on behalf of any thread: what wakes greenlets may be called nowhere else."""

    def __init__(self):
        self.pending = deque()
        self.end, self.start = os.pipe()
        for descriptor in self.end, self.start:
            fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_NONBLOCK)
            fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        library.spawn(self.run)

    def call(self, function):  # type: (Callable[[], Any]) -> None
        self.pending.append(function)
        try:
            os.write(self.start, b'.')
        except OSError:
            # Full: it will be read, and everything that is pending be run.
            pass

    def run(self):
        while True:
            library.wait_read(self.end)
            try:
                os.read(self.end, 4096)
            except OSError:
                pass
            while self.pending:
                self.pending.popleft()()


class Waiter(object):
    """A held lock, for greenlets to wait for: any thread may release it."""

    def __init__(self):
        self.semaphore = library.Semaphore(0)

    def acquire(self, blocking=True, timeout=None):
        return self.semaphore.acquire(blocking, timeout)

    def release(self):
        waker.call(self.semaphore.release)


def new_greenlet_waiter():
    return Waiter() if _thread.get_ident() == MAIN else new_held_lock()


def wait_lock_or_waiter(lock, timeout, wait_lock=wait_lock):
    return lock.acquire(True, timeout) if isinstance(lock, Waiter) else wait_lock(lock, timeout)


class GreenletQueue(Queue):

    def enter(self):
        with self.lock:
            if self.items or self.no_more_input:
                return None
            waiter = new_waiter()
            self.waiters.append(waiter)
            return waiter


class GreenletDispatcher(Dispatcher):
    """Callbacks run one after the other in a greenlet of their own."""

    def start(self):
        waker.call(lambda: library.spawn(self.run))


class GreenletGateway(Gateway):

    PING_PONG_READS = NEVER     # a read of the link waits for no greenlet

    def _run_beside(self, task):
        self._tasks.put(task)

    def _interruptible(self, on):
        pass    # Always, as nobody knows which greenlet has the main thread.

    def _serve(self):  # type: () -> None
        """The main greenlet's loop: a greenlet for each task, until the link has ended."""
        running = set()  # type: Set[Any]
        task = True
        while task is not None:
            try:
                task = self._tasks.get()
                if task is not None:
                    library.spawn(self._run, task, running)
            except KeyboardInterrupt:
                for greenlet in list(running):
                    library.interrupt(greenlet)
        rename_main_thread()

    def _run(self, task, running):
        greenlet = library.current()
        running.add(greenlet)
        try:
            if self._start_task(task):
                self._run_task(task)
        finally:
            running.discard(greenlet)


def rename_main_thread():
    """Undo what patching threading does to the main thread: it has the id of the greenlet that has patched.  The
    interpreter would wait at its end for that thread, which is itself."""
    threading = sys.modules['threading']
    for thread in threading.enumerate():
        if thread.__class__.__name__ == '_MainThread' and PY3:
            thread._ident = threading.get_ident()


class GreenletModel(ExecModel):
    """What greenlets take from `channel.gateway.execmodel`."""

    def __init__(self, backend):
        ExecModel.__init__(self, backend)
        self.__dict__.update(library.provided)

    def start(self, func, args=()):
        library.spawn(func, *args)


def start_greenlets(library_class):
    global fcntl, library, waker
    fcntl = __import__('fcntl')
    import_threading()
    library = library_class()
    waker = Waker()


MODELS['gevent'] = lambda: start_greenlets(Gevent)
MODELS['eventlet'] = lambda: start_greenlets(Eventlet)
new_waiter = new_greenlet_waiter
wait_lock = wait_lock_or_waiter
queue_class = GreenletQueue  # type: ignore[misc]
dispatcher_class = GreenletDispatcher  # type: ignore[misc]
gateway_class = GreenletGateway  # type: ignore[misc]
exec_model_class = GreenletModel  # type: ignore[misc]
