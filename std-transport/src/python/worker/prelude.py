# Names that all parts share, bound before remote code can replace them.  ../README.md has the rules of these files.

import gc
import os
import sys
import time
PY3 = sys.version_info[0] >= 3
try:
    import _signal
    import _thread
    from _struct import Struct, error as StructError  # type: ignore[attr-defined]
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
__doc__ = __spec__ = __loader__ = None  # type: ignore[assignment]


def bound(module):  # type: (Any) -> Any
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
LAZY = None  # type: Any
unpack = None  # type: Optional[Callable[[bytes], bytes]]
lazy_lock = _thread.allocate_lock()

STATUS, RECONFIGURE, TERMINATE, EXEC, DATA, CLOSE, CLOSE_ERROR, LAST_MESSAGE = range(8)
header = Struct('>bii')
unpack_i32 = Struct('>i').unpack_from
unpack_f64 = Struct('>d').unpack_from
pack_tagged = Struct('>ci').pack


def swap_builtins(wanted):  # type: (Dict[str, Any]) -> Dict[str, Any]
    """Returns those that were others.  Step by step, as vars and update of PyPy look at builtins."""
    there = builtins.__dict__
    others = {}
    for name in wanted:
        if there.get(name) is not wanted[name]:
            others[name] = there.get(name)
            there[name] = wanted[name]
    return others


def compile_lazy(pieces=NEVER):  # type: (float) -> None
    """Compile the lazy part, once: what is left of it, or the next pieces."""
    global LAZY
    # Without the lock, as this is called for each pickle: before Python 3.10 Ctrl-C can come between the end of a block
    # and the release of its lock.
    if not LAZY:
        return
    with lazy_lock:
        if not LAZY:
            return
        collects = gc.isenabled()
        # A collected channel would compile the lazy part too, inside of this.
        gc.disable()
        # What makes classes is looked up in the builtins, whatever remote code has put there.
        replaced = swap_builtins(BUILTINS)
        try:
            if type(LAZY) is not list:
                text = unpack(LAZY).decode('ascii') if unpack else LAZY
                LAZY = text.split('\f')
            while LAZY and pieces > 0:
                if not (PY3 and LAZY[0].startswith('# Python 2')):
                    exec(compile(LAZY[0], FILE, 'exec', 0, 1), globals())  # type: ignore[call-overload]
                del LAZY[0]
                pieces -= 1
        finally:
            swap_builtins(replaced)
            if collects:
                gc.enable()


class LazyMethods(object):
    """A class that gets its rarer methods with the lazy part."""

    def __getattr__(self, name):  # type: (str) -> Any
        # It may have them since it was found that it has not: another thread compiles too.
        compile_lazy()
        if not hasattr(type(self), name):
            raise AttributeError('%r object has no attribute %r' % (type(self).__name__, name))
        return getattr(self, name)


class LoadError(Exception):
    """Received data that does not follow the format."""


class EndOfStream(EOFError):
    """receive() after the last item: an ordinary way for remote code to end."""
