"""Precedes each program when its types are checked: what the program finds in its namespace, and names for types."""
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional, Set, Tuple

link = None  # type: Any
path = []  # type: List[str]
clientsock = None  # type: Any
channel = None  # type: Any
end_group = None  # type: Any
CREDIT_WINDOW = 0
unicode = str
long = int

Data = Any  # bytes, or a memoryview of them
Lock = Any  # a lock, or what a greenlet waits with
Put = Callable[[bytes], Any]
Form = Tuple[bytes, str, int]     # opcode, code of struct, size
Strings = Tuple[bool, bool]     # whether texts of Python 2 become str, and those of Python 3 bytes
