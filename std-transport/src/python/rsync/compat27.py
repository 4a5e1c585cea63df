# Python 2 alone compiles this file.
#
# It has no calls relative to a directory, but Linux has a name for each open one.
if not os.path.isdir('/proc/self/fd'):
    raise RuntimeError('Python 2 needs /proc/self/fd to work relative to open directories')


def at(fd, name):
    return '/proc/self/fd/%d/%s' % (fd, name)


def lstat(fd, name):  # noqa: F811
    return os.lstat(at(fd, name))


def mtime_of(status):  # noqa: F811
    # What the system counts in nanoseconds is a float here.
    return clamped(int(status.st_mtime * 1000000) * 1000)


def same_time(here, there):  # noqa: F811
    # Its utime cuts off the fraction of a time before 1970.
    cut = there if there >= 0 else -(-there // 1000000000 * 1000000000)
    # A float and its parts cut off a microsecond twice, and round beside it.
    return abs(here - there) <= 3000 or here == cut


def set_mtime(fd, mtime):  # noqa: F811
    seconds = mtime / 1e9
    os.utime('/proc/self/fd/%d' % fd, (seconds, seconds))


def open_at(fd, name, flags, mode=0o600):  # noqa: F811
    return os.open(at(fd, name), flags, mode)


def mkdir_at(fd, name):  # noqa: F811
    os.mkdir(at(fd, name), 0o700)


def unlink_at(fd, name):  # noqa: F811
    os.unlink(at(fd, name))


def rmdir_at(fd, name):  # noqa: F811
    os.rmdir(at(fd, name))


def rename_at(fd, old, new):  # noqa: F811
    os.rename(at(fd, old), at(fd, new))


def link_at(old_fd, old, fd, name):  # noqa: F811
    os.link(at(old_fd, old), at(fd, name))


def symlink_at(target, fd, name):  # noqa: F811
    os.symlink(target, at(fd, name))


def readlink_at(fd, name):  # noqa: F811
    return os.readlink(at(fd, name))


def list_names(fd):  # noqa: F811
    return os.listdir('/proc/self/fd/%d' % fd)
