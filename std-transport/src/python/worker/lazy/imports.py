# Imports of the standard library.


class StandardImports(object):
    """Imports of this thread do not see the working directory: its files may be called like modules
    of the standard library, which are not imported before they are needed."""

    def find_spec(self, name, path=None, target=None):
        if path is None and _thread.get_ident() == self.thread:
            finder = sys.modules['_frozen_importlib_external'].PathFinder
            return finder.find_spec(name, self.path(), target)
        return None

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
