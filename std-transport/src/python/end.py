# The last act of a worker that its controller cannot end with a signal, as it is on another machine, in a container or
# in a session of its own: it kills what is left of its process group, if it leads one. Nothing outside of that group is
# signalled. The functions are bound now: remote code may replace them.
import atexit


def end_group(leader=os.getpid(), getpid=os.getpid, getpgrp=os.getpgrp, kill=os.kill,
              listdir=os.listdir, open=open):
    if getpid() != leader or getpgrp() != leader:
        return

    def members():
        for name in listdir('/proc'):
            try:
                with open('/proc/%d/stat' % int(name), 'rb') as stat:
                    # The name of the program stands in brackets, and may have blanks and brackets in it.
                    state, _, group = stat.read().rpartition(b')')[2].split()[:3]
            except (ValueError, IOError, OSError):
                continue
            if int(group) == leader and state not in (b'Z', b'X') and int(name) != leader:
                yield int(name)

    # Again for those that were started meanwhile, and for the time that killed ones take to end.
    for _ in range(1000):
        try:
            left = list(members())
        except OSError:
            return
        if not left:
            return
        for pid in left:
            try:
                kill(pid, 9)
            except OSError:
                pass


atexit.register(end_group)
