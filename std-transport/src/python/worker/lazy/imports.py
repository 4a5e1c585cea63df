# Imports of the standard library.


class StandardImports(object):
    """Imports of threads that ask for it do not see the working directory: its files may be called like modules of the
    standard library, which are not imported before they are needed.

    The class itself is the finder, and stays one: another thread that goes through the finders would skip the next one
    if this one were removed.
    """

    requests = {}   # type: Dict[StandardImports, int]   # the thread of each

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is None and _thread.get_ident() in list(cls.requests.values()):
            finder = sys.modules['_frozen_importlib_external'].PathFinder
            return finder.find_spec(name, cls.path(), target)
        return None

    @staticmethod
    def path():  # type: () -> List[str]
        return [entry for entry in sys.path if entry not in ('', '.')]

    def begin(self):  # type: () -> None
        self.requests[self] = _thread.get_ident()
        names = [getattr(finder, '__name__', None) for finder in sys.meta_path]
        if 'StandardImports' not in names:
            sys.meta_path.insert(names.index('PathFinder') if 'PathFinder' in names else 0, StandardImports)

    def end(self):  # type: () -> None
        self.requests.pop(self, None)


def with_standard_imports(function, *arguments):  # type: (Any, *Any) -> None
    imports = StandardImports()
    try:
        imports.begin()
        function(*arguments)
        imports.end()
    finally:
        # A second time, as Ctrl-C may have come before the first one had any effect.
        imports.end()


def import_standard(name):  # type: (str) -> Any
    """A module of the standard library."""
    if name not in sys.modules:
        with_standard_imports(__import__, name)
    return sys.modules[name]


def run_own(source, code, names):  # type: (str, Any, Dict[str, Any]) -> None
    """Run a program that the controller itself sends, not its user."""
    with_standard_imports(eval, code, names)
