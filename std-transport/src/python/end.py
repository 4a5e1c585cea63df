# The last act of a worker that its controller cannot end with a signal, as it is on another machine, in a container
# or runs as another user: it kills the processes of its process group that are younger than itself. It need not lead
# the group: the login shell of an ssh server does as a rule, and reports how the worker ended. That shell, and what
# else was there before the worker, is older. Nothing outside of the group is signalled. The functions are bound here,
# because remote code may replace them.
import atexit

if hasattr(os, 'getpgrp') and not os.getpgrp():
    # In a container: the leader is outside, such as podman's monitor, and has no number here.
    try:
        os.setpgid(0, 0)
    except (AttributeError, OSError):
        pass    # Jython has no setpgid.


def end_group(worker=os.getpid(), own_group=getattr(os, 'getpgrp', int)(), getpid=os.getpid,
              getpgrp=getattr(os, 'getpgrp', int), kill=os.kill, listdir=os.listdir, open=open):
    # 0 stands for all groups whose leader is outside of the worker's namespace of process ids, and on Windows for none.
    if getpid() != worker or getpgrp() != own_group or not own_group:
        return

    def look(pid):
        """The state, the group and the time of the start of a process."""
        with open('/proc/%d/stat' % pid, 'rb') as stat:
            # The name of the program is in brackets, and may contain blanks and brackets.
            fields = stat.read().rpartition(b')')[2].split()
        return fields[0], int(fields[2]), int(fields[19])

    def killed(pid):
        try:
            state, group, start = look(pid)
            if group != own_group or state in (b'Z', b'X') or start <= own_start:
                return False
            kill(pid, 9)
            return True
        except (ValueError, LookupError, IOError, OSError):
            return False

    # Repeated for processes that were started in between, and until the killed ones have ended.
    try:
        own_start = look(worker)[2]
        for _ in range(1000):
            if not [pid for pid in map(int, filter(str.isdigit, listdir('/proc'))) if killed(pid)]:
                return
    except (ValueError, LookupError, IOError, OSError):
        return


atexit.register(end_group)
