# What an interpreter does first: it closes the descriptors that it has inherited, but for its three streams. They
# belong to the program that started it, which may not even know that it has left them open (a C library of it has).
# Descriptors that the interpreter has opened itself are not inheritable, but for Python 2, where there are none yet.
import os


def close_inherited(own):
    inheritable = getattr(os, 'get_inheritable', lambda descriptor: descriptor != own)
    for place in ('/proc/self/fd', '/dev/fd'):
        try:
            found = os.listdir(place)
        except OSError:
            continue
        for descriptor in map(int, found):
            try:
                if descriptor > 2 and inheritable(descriptor):
                    os.close(descriptor)
            except OSError:
                pass    # The one that listed them.
        return


close_inherited(link.fileno())
