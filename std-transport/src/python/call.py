# execnet call
#
# Calls functions for the controller.  An item names a function and has its positional and its keyword arguments; the
# answer is the result.  An exception ends this program, and the worker reports it.  CPython 2.7, 3.6 and later, and
# PyPy; standard library only.
import _ast
import sys

FILE = '<remote function>'
KEPT = 100      # functions that are not looked up again


def imported(module, name):  # type: (str, str) -> Any
    """The function of this name, which may have dots, in a module."""
    __import__(module)
    found = sys.modules[module]
    for part in name.split('.'):
        found = getattr(found, part)
    return found


def parsed(source):  # type: (str) -> Any
    """The tree of a source, which may be indented as a whole."""
    lines = [line for line in source.splitlines() if line.strip()]
    indented = lines and lines[0][0].isspace()
    if indented:
        # In the first line if that is empty, so that lines keep their numbers.
        source = ('if 1:' if source[0] == '\n' else 'if 1:\n') + source
    tree = compile(source + '\n', FILE, 'exec', _ast.PyCF_ONLY_AST, True)  # type: Any
    if indented:
        tree.body = tree.body[0].body
    return tree


def defined(source):  # type: (str) -> Any
    """The function that the last statement of a source defines, or that is its value."""
    tree = parsed(source)
    last = tree.body[-1] if tree.body else None
    names = {'__name__': '__channelexec__'}  # type: Dict[str, Any]
    if isinstance(last, _ast.Expr):
        tree.body.pop()
    elif not hasattr(last, 'name'):
        raise TypeError('the last statement of the source must define the function, or be an expression')
    exec(compile(tree, FILE, 'exec', 0, True), names)
    if isinstance(last, _ast.Expr):
        return eval(compile(_ast.Expression(last.value), FILE, 'eval', 0, True), names)
    return names[last.name]  # type: ignore[union-attr]


def look_up(text):  # type: (str) -> Any
    """The function of a text: MODULE:NAME, or source."""
    module, colon, name = text.partition(':')
    words = (module + name).replace('.', '').replace('_', '')
    if colon and module != 'lambda' and words.isalnum():
        return imported(module, name)
    return defined(text)


def show_source(text):  # type: (str) -> None
    """Have tracebacks show the lines of the function."""
    import linecache
    linecache.cache[FILE] = (len(text), None, text.splitlines(True), FILE)


def execnet_call(channel, once):  # type: (Any, bool) -> None
    functions = {}  # type: Dict[str, Any]
    for text, args, kwargs in channel:
        try:
            if text not in functions:
                if len(functions) >= KEPT:
                    functions.clear()
                functions[text] = look_up(text)
            result = functions[text](*(args or ()), **(kwargs or {}))
        except Exception:
            show_source(text)
            raise
        channel.send(result)
        if once:
            return
        # Not kept while the next call is waited for.
        del args, kwargs, result
