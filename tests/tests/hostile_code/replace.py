# Makes two more builtins: `replace` puts functions that lie, or raise, in the place of attributes of modules, and
# `restore` puts back what was there.
def install():
    import sys
    python_2 = sys.version_info[0] == 2
    names = {'builtins': '__builtin__', '_thread': 'thread'} if python_2 else {}
    import collections, io, itertools, marshal, operator, os, pickle, select, signal, socket, struct, threading, time, weakref
    modules, has, put, keep, error = sys.modules, hasattr, setattr, getattr, ValueError
    replaced = []

    def one(*args, **kwargs):
        return 1

    def nothing(*args, **kwargs):
        return None

    def fail(*args, **kwargs):
        raise error('replaced')

    ways = {'one': one, 'nothing': nothing, 'fail': fail}

    def replace(module, name, how):
        module = modules[names.get(module, module)]
        if has(module, name):
            replaced.append((module, name, keep(module, name)))
            put(module, name, ways[how])

    def restore():
        while replaced:
            put(*replaced.pop())

    there = modules[names.get('builtins', 'builtins')]
    there.replace, there.restore = replace, restore


install()
