# Children that remote code forks.


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
