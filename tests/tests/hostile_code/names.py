"""Prints what the worker's program uses of modules and of the builtins, one "module name" a line.

usage: names.py SOURCE...     each a file, or a directory of files

Everything that a source mentions counts, whenever it is used: a name too many costs nothing.
"""
import ast
import builtins
import pathlib
import sys

# As the program calls them, and as others do.
MODULES = {name: name for name in (
    "_thread", "collections", "io", "itertools", "marshal", "operator", "os", "pickle", "select", "signal", "socket",
    "struct", "threading", "time", "weakref")}
MODULES.update(_signal="signal", _struct="struct", _collections="collections", _weakref="weakref")
BUILTINS = {name for name in dir(builtins) if name == "__import__" or not name.startswith("__")}
BUILTINS.update(["long", "unicode"])


def names(node):
    if isinstance(node, ast.Name) and node.id in BUILTINS:
        yield "builtins", node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield node.value.id, node.attr
    elif isinstance(node, ast.Call) and getattr(node.func, "id", None) == "getattr" and isinstance(node.args[0], ast.Name):
        # getattr, with a default for Pythons that have no such name.
        yield node.args[0].id, getattr(node.args[1], "value", "")
    elif isinstance(node, ast.ImportFrom):
        yield from ((node.module, alias.name) for alias in node.names)
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield "builtins", "__import__"
    elif isinstance(node, ast.ClassDef):
        yield "builtins", "__build_class__"


def main():
    found = set()
    for place in map(pathlib.Path, sys.argv[1:]):
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            for node in ast.walk(ast.parse(path.read_text())):
                found.update(names(node))
    for module, name in sorted(found, key=str):
        public = name and not name.startswith("__") or name in ("__import__", "__build_class__")
        if public and (module == "builtins" or module in MODULES):
            print(MODULES.get(module, module), name)


main()
