# Exceptions, and their texts.

format_lock = _thread.allocate_lock()


class DumpError(Exception):
    """A value that cannot be sent."""


class RemoteError(Exception):
    """An exception of the other side, as a text."""

    def __init__(self, formatted):  # type: (str) -> None
        Exception.__init__(self)
        self.formatted = formatted

    def __str__(self):
        return self.formatted

    def __repr__(self):
        return '%s: %s' % (self.__class__.__name__, self.formatted)


class TimeoutError(IOError):
    """Nothing came in the given time."""


def log(text):  # type: (str) -> None
    """Write a line to standard error."""
    try:
        os.write(2, ('execnet worker [%d]: %s\n' % (os.getpid(), text)).encode('utf-8', 'replace'))
    except OSError:
        pass


def warn_unhandled(error):  # type: (Any) -> None
    log('Warning: unhandled RemoteError: %s' % (error.formatted,))


def format_exception(task=None):  # type: (Optional[Task]) -> str
    """The current exception as Python prints it, without the frames of this file."""
    error = exc_info()
    name, lines = None, []
    if task is not None:
        name, lines = task.file_name or '<remote exec>', task.source.splitlines(True)
    text = None
    if PY3 and plausible(error[1]):
        text = format_as_python(error, name, lines)
    if text is None:
        text = format_plainly(error[1], error[2], name and as_text(name), lines)
    if PY3:
        return text.encode('utf-8', 'backslashreplace').decode('utf-8')
    return text


# Builtins that remote code may replace without harm to the traceback module.
HARMLESS = ('open', 'print', 'input', '__import__')


def plausible(error):  # type: (Any) -> bool
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


CHAIN = 100     # exceptions of a chain that are shown
FRAMES = 100    # frames of an exception that are shown without the traceback module


def format_as_python(error, name, lines):  # type: (Any, Any, List[str]) -> Optional[str]
    """The text of the traceback module, unless something goes wrong there."""
    with format_lock:
        try:
            # Imported on first use, as the imports take long.  While one thread of Python 3.13 imports collections.abc,
            # as traceback does, another cannot take names from it: that may be remote code.
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
