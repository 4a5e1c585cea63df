# execnet install
#
# Runs on a gateway that another one is installed through: listens for it, where nobody else can
# connect, and runs what the one connection sends, in this process.  CPython 2.7, 3.6 and later, and
# PyPy; standard library only.  docs/protocol.md describes the items.
import os
import shutil
import socket
import tempfile


def accept(channel, directory, patience):
    """The one connection; the directory is this user's alone."""
    path = os.path.join(directory, 'socket')
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        server.bind(path)
        server.listen(1)
        server.settimeout(patience)
        channel.send(('guest', path))
        connection = server.accept()[0]
        connection.settimeout(patience)
        return connection
    finally:
        server.close()


def execnet_install(channel, patience, launches):
    directory = tempfile.mkdtemp('', 'execnet-')
    try:
        connection = accept(channel, directory, patience)
    finally:
        shutil.rmtree(directory, True)
    reader = connection.makefile('rb')
    line = reader.readline().strip()
    reader.close()
    connection.settimeout(None)
    names = {'clientsock': connection, '__name__': '__main__'}
    exec(compile(eval(line) + '\n', '<execnet worker>', 'exec'), names)
