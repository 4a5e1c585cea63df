# Makes a worker of the execnet that the interpreter has, in place of worker/.  CPython 2.7, 3.6 and
# later, execnet 1.9 and later, on Jython 2.7 execnet 1.9; docs/protocol.md describes the bootstrap.
import os
import struct
import sys


def start_stock(settings, open_io, refuse):
    """Serve on the io that `open_io` makes, or `refuse` with a reason what the settings ask for."""
    from execnet.gateway_base import dumps_internal, get_execmodel, loads_internal, serve
    settings = loads_internal(settings)

    def answer(value):
        value = dumps_internal(value)
        return b'EXECNET-' + settings['nonce'] + b'-' + struct.pack('!I', len(value)) + value
    try:
        execmodel = get_execmodel(str(settings['execmodel']))
        surround(settings)
    except Exception as error:
        refuse(answer(u'%s' % (error,)))
        return
    io = open_io(execmodel)
    io.write(answer(os.getpid()))
    serve(io, id='%s-worker' % (settings['id'],))


def surround(settings):  # type: (Dict[str, Any]) -> None
    directory = os.path.expanduser(settings.get('chdir') or '')
    if directory:
        if not os.path.isdir(directory):
            os.mkdir(directory)
        os.chdir(directory)
    for name, value in settings.get('env', {}).items():
        os.environ[str(name)] = str(value)
    if settings.get('nice'):
        os.nice(settings['nice'])


def start_on_pipes(link, path):
    sys.path[:] = path
    from execnet.gateway_base import init_popen_io
    settings = link.read(struct.unpack('!I', link.read(4))[0])
    # On Jython it is the standard input, which execnet reads on.
    if link is not sys.stdin:
        link.close()
    start_stock(settings, init_popen_io, lambda text: os.write(1, text))


def start_on_socket(connection, settings):
    from execnet.gateway_socket import SocketIO
    start_stock(settings, lambda execmodel: SocketIO(connection, execmodel), connection.sendall)
