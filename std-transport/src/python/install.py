# execnet install
#
# Runs on the gateway that another one is installed through: listens where only this user can connect,
# and runs what the one connection sends, in this process.  CPython 2.7, 3.6 and later, and PyPy;
# standard library only.  docs/protocol.md describes the items.
import os
import shutil
import socket
import tempfile


def accept(channel, directory, timeout):  # type: (Any, str, float) -> socket.socket
    """Accept one connection, in a directory of this user alone."""
    path = os.path.join(directory, 'socket')
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        server.bind(path)
        server.listen(1)
        server.settimeout(timeout)
        channel.send(('guest', path))
        connection = server.accept()[0]
        connection.settimeout(timeout)
        return connection
    finally:
        server.close()


def execnet_install(channel, timeout, launches):
    directory = tempfile.mkdtemp('', 'execnet-')
    try:
        connection = accept(channel, directory, timeout)
    finally:
        shutil.rmtree(directory, True)
    reader = connection.makefile('rb')
    line = reader.readline().strip()
    reader.close()
    connection.settimeout(None)
    names = {'clientsock': connection, '__name__': '__main__'}
    exec(compile(eval(line) + '\n', '<execnet worker>', 'exec'), names)
