# The start.


def take_stdio(joined):  # type: (bool) -> int
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
    for stream in (sys.stdout, sys.stderr):
        if os.name == 'nt' and hasattr(stream, 'reconfigure'):
            # The controller reads UTF-8. There, pipes have the code page of the system.
            stream.reconfigure(encoding='utf-8')
    return out


def show_lines():  # type: () -> None
    """Have what remote code prints come line by line.  Python 3.6 keeps it until its buffer is full."""
    if not PY3:
        sys.stdout = os.fdopen(1, 'w', 1)
    elif hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(line_buffering=True)


def reset_signals():  # type: () -> None
    """Undo what the controller, or the shell that started it, does with signals and this process inherits."""
    if hasattr(_signal, 'pthread_sigmask'):
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    if _signal.getsignal(_signal.SIGINT) == _signal.SIG_IGN:
        # Set by nohup and by a shell's "&". An interrupt that is sent to this process is meant for it.
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    if hasattr(_signal, 'SIGBREAK'):
        # What the controller sends on Windows. It would end the process.
        _signal.signal(_signal.SIGBREAK, on_break)
    if os.name == 'posix':
        if _signal.getsignal(_signal.SIGCHLD) == _signal.SIG_IGN:
            # No child would have a status.
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        # The process is in a background group: use of a terminal is an error then, and not a stop that nobody sees.
        _signal.signal(_signal.SIGTTIN, _signal.SIG_IGN)
        _signal.signal(_signal.SIGTTOU, _signal.SIG_IGN)


def on_break(number, frame):  # type: (int, Any) -> None
    compile_lazy()
    interrupt_main()


def in_child(gateway, *descriptors):  # type: (Gateway, *int) -> None
    """What a forked child does first."""
    global lazy_lock
    # Another thread of its parent may have held it.
    lazy_lock = _thread.allocate_lock()
    if 'begin_child' not in globals():
        compile_lazy(1)
    begin_child(gateway, *descriptors)


def answer(out, config, value):  # type: (int, Dict[str, Any], Any) -> None
    """The worker's half of the handshake, see docs/protocol.md."""
    os.write(out, b'EXECNET-' + config['nonce'] + b'-' + frame(STATUS, 0, value)[5:])


def main():  # type: () -> None
    global LAZY, unpack
    size, = unpack_i32(link.read(4))
    config = load(link.read(size), (True, False), None)
    LAZY = config['rest']
    if 'packed' in config:
        unpack = __import__('zlib').decompress
    out = take_stdio('stdout' in config)
    if ('nice' in config or 'chdir' in config or 'env' in config or
            config['execmodel'] not in ('thread', 'main_thread_only')):
        compile_lazy()
        set_up_or_leave(out, config)
    if 'credit' in config or not PY3:
        compile_lazy()
    # PyPy and older ones read and write pickles in Python.
    pickles = 'pickles' in config and not PYPY and sys.version_info >= (3, 8)
    kind = gateway_class
    if os.environ.get('EXECNET_DEBUG'):
        compile_lazy()
        kind = traced(kind, config['id'])
    gateway = kind(link, out, config)

    def begin():
        in_child(gateway, link.fileno(), out)

    if hasattr(os, 'register_at_fork'):
        os.register_at_fork(after_in_child=begin)
    else:
        compile_lazy()
        guard_fork(begin, link.fileno(), out)
    reset_signals()
    gateway._interruptible(False)
    sys.path[:] = path
    _thread.start_new_thread(gateway._read, ())
    if pickles:
        # Before the answer: an item may follow at once.
        pickled_types.update((list, tuple, dict, set, frozenset))
    answer(out, config, (PID, 1) if pickles else PID)
    try:
        gateway._serve()
    except BaseException:
        # The controller must see the end of the link, even if threads keep the process alive.
        compile_lazy()
        detach(out)
        raise
    if PYPY:
        # The shutdown of PyPy is Python code too.
        swap_builtins(BUILTINS)
    raise SystemExit(gateway._status)
