# Runs first: closes inherited descriptors, except for the three standard streams. They belong to the program that
# started the interpreter, and one of its libraries may have left them open without its knowledge. Descriptors of the
# interpreter itself are not inheritable; Python 2 has none yet.
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
                pass    # The descriptor of the listing.
        return


# Jython has no `dup`: its numbers of descriptors are not those of the system.
if hasattr(os, 'dup'):
    close_inherited(link.fileno())
