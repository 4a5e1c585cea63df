# Windows alone compiles this file.
#
# It has no calls relative to an open directory: a directory is its path here, which is looked at before
# each use, and a link on it is not followed.  Another program that puts a link in place between the look
# and the use can lead a sync away.
from stat import S_IFDIR, S_IFLNK

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
READ = os.O_RDONLY
PLAIN = getattr(os, 'O_BINARY', 0) | getattr(os, 'O_NOINHERIT', 0)
JUNCTION = 0xA0000003
DEVICES = ['CON', 'PRN', 'AUX', 'NUL', 'CONIN$', 'CONOUT$']
DEVICES += [port + number for port in ('COM', 'LPT') for number in '0123456789\xb9\xb2\xb3']


class Status(object):
    """What is known of a file, as on other systems."""

    def __init__(self, status):
        kind = S_IFREG if S_ISREG(status.st_mode) else S_IFDIR
        if S_ISLNK(status.st_mode) or getattr(status, 'st_reparse_tag', 0) == JUNCTION:
            kind = S_IFLNK
        elif not S_ISREG(status.st_mode) and not S_ISDIR(status.st_mode):
            kind = 0
        mode = 0o755 if kind == S_IFDIR else 0o644 if status.st_mode & 0o200 else 0o444
        self.st_mode = kind | mode
        self.st_size = status.st_size
        self.st_mtime_ns = status.st_mtime_ns
        self.st_nlink = status.st_nlink
        # A program in Rust sees these bits.
        self.st_dev = status.st_dev & 0xFFFFFFFF
        self.st_ino = status.st_ino


def refused(name):
    try:
        text = name.decode('utf-8')
    except UnicodeDecodeError:
        return b'Windows has no name that is not Unicode'
    if any(char < ' ' or char in '<>:"/\\|?*' for char in text):
        return b'Windows has no name with one of < > : " / \\ | ? * or a control character'
    if text[-1] in '. ':
        return b'Windows has no name that ends with a dot or a space'
    if text.split('.')[0].rstrip(' ').upper() in DEVICES:
        return b'Windows has a device of this name'
    return None


def folded(name):
    return ''.join(char.upper() if len(char.upper()) == 1 else char for char in name.decode('utf-8', 'replace'))


def refusal(name, others):  # noqa: F811
    reason = refused(name)
    if reason is None:
        same = folded(name)
        if same in others:
            return b'Windows takes it for the name of another entry'
        others.add(same)
    return reason


def refuse(target, kind, folder, name, status, pos, data, text):
    """Notes an entry that cannot be here, and counts it.  Returns where the next one begins."""
    mode, size, mtime = status
    target.note(b'e', folder, name, text)
    if kind == b'd':
        target.add_folder(folder, name, mode, mtime)
    elif kind == b'f' or kind == b'h':
        if kind == b'h':
            group, = u32.unpack_from(data, pos)
            pos += u32.size
            if group == target.files:
                target.groups[group] = None
            if group not in target.groups:
                raise Violation('another name of a file that was not listed')
        target.files += 1
    else:
        pos += size
    return pos


def is_same_as_one(name, others):  # noqa: F811
    return folded(name) in others


def path_at(folder, name):
    reason = refused(name)
    if reason is not None:
        raise OSError(errno.EINVAL, reason.decode('ascii'))
    return folder + b'\\' + name


def absolute(path):  # noqa: F811
    return os.path.abspath(path)


def protocol_path(path):  # noqa: F811
    return path if path.startswith(b'\\\\?\\') else path.replace(b'\\', b'/')


def open_folder(path):  # noqa: F811
    path = os.path.realpath(path)
    if not os.path.isdir(path):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return path


def open_folder_at(folder, name):  # noqa: F811
    if not S_ISDIR(lstat(folder, name).st_mode):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return path_at(folder, name)


def close_folder(folder):  # noqa: F811
    pass


def stat_folder(folder):  # noqa: F811
    return Status(os.lstat(folder))


def stat_path(path):  # noqa: F811
    return Status(os.stat(path))


def stat_file(file):  # noqa: F811
    return Status(os.fstat(file))


def sync_folder(folder):  # noqa: F811
    pass


def set_folder_mode(folder, mode):  # noqa: F811
    pass


def set_folder_mtime(folder, mtime):  # noqa: F811
    os.utime(folder, ns=(mtime, mtime))


def kept_mode(mode):  # noqa: F811
    return 0o644 if mode & 0o200 else 0o444


def same_time(here, there):  # noqa: F811
    return here // 100 == there // 100


def set_mode(file, mode):  # noqa: F811
    pass


def set_mtime(file, mtime):  # noqa: F811
    pass


def set_closed(folder, name, mode, mtime):  # noqa: F811
    path = path_at(folder, name)
    # The time of a file that is read-only cannot be set.
    os.chmod(path, 0o600)
    os.utime(path, ns=(mtime, mtime))
    os.chmod(path, kept_mode(mode))


def lstat(folder, name):  # noqa: F811
    return Status(os.lstat(path_at(folder, name)))


def open_at(folder, name, flags, mode=0o600):  # noqa: F811
    path = path_at(folder, name)
    file = os.open(path, flags | PLAIN, mode)
    here, there = os.lstat(path), os.fstat(file)
    if S_ISLNK(here.st_mode) or here.st_ino != there.st_ino:
        os.close(file)
        raise OSError(errno.EINVAL, 'not a regular file')
    return file


def mkdir_at(folder, name):  # noqa: F811
    os.mkdir(path_at(folder, name))


def unlink_at(folder, name):  # noqa: F811
    path, here = path_at(folder, name), lstat(folder, name)
    if S_ISDIR(here.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not here.st_mode & 0o200:
        os.chmod(path, 0o600)
    os.unlink(path)


def rmdir_at(folder, name):  # noqa: F811
    os.rmdir(path_at(folder, name))


def rename_at(folder, old, new):  # noqa: F811
    path, here = path_at(folder, new), lstat_or_none(folder, new)
    if here is not None and S_ISREG(here.st_mode) and not here.st_mode & 0o200:
        os.chmod(path, 0o600)
    os.replace(path_at(folder, old), path)


def link_at(old_folder, old, folder, name):  # noqa: F811
    os.link(path_at(old_folder, old), path_at(folder, name))


def symlink_at(target, folder, name):  # noqa: F811
    path = path_at(folder, name)
    target = target.replace(b'/', b'\\')
    os.symlink(target, path, target_is_directory=os.path.isdir(os.path.join(folder, target)))


def readlink_at(folder, name):  # noqa: F811
    target = os.readlink(path_at(folder, name))
    return protocol_path(target[4:] if target.startswith(b'\\\\?\\') else target)


def list_names(folder):  # noqa: F811
    return os.listdir(folder)


def host():  # noqa: F811
    return os.environ.get('COMPUTERNAME', '').encode('utf-8')
