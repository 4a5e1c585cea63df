# Children that remote code forks.


def guard_fork(begin, *descriptors):  # type: (Callable[[], Any], *int) -> None
    """Do what newer Pythons do: keep programs from inheriting the link, and call `begin` in forked children."""
    if not PY3:
        close_on_exec(descriptors)

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


def exit_child(task=None):  # type: (Optional[Task]) -> None
    """End a forked child, after its code or with the exception that it has raised, as Python ends."""
    status = int(task is not None)
    try:
        if task is not None:
            text, status = exit_message(task)
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


def exit_message(task):  # type: (Task) -> Tuple[str, int]
    """What Python prints about an exception that nobody handles, and its exit status."""
    error = exc_info()[1]
    if not isinstance(error, SystemExit):
        return format_exception(task), 1
    if error.code is None or isinstance(error.code, int):
        return u'', (error.code or 0) & 0xff
    return as_text(error.code) + u'\n', 1
