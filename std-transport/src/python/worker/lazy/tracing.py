# Tracing, as execnet does it.

NAMES = ('STATUS', 'RECONFIGURE', 'GATEWAY_TERMINATE', 'CHANNEL_EXEC', 'CHANNEL_DATA',
         'CHANNEL_CLOSE', 'CHANNEL_CLOSE_ERROR', 'CHANNEL_LAST_MESSAGE', 'CHANNEL_CREDIT')


def traced(kind, worker):  # type: (Any, str) -> Any
    """EXECNET_DEBUG: with "2" lines on standard error, else in a file of the process."""
    prefix = '%s-worker ' % (worker,)
    if os.environ['EXECNET_DEBUG'] == '2':
        prefix = '[%d] %s' % (os.getpid(), prefix)
        out = 2
    else:
        out = trace_file()

    def trace(text):
        try:
            os.write(out, (prefix + text + '\n').encode('utf-8', 'replace'))
        except OSError:
            pass

    class TracedGateway(kind):

        PING_PONG_READS = NEVER     # the reader sees all frames

        def _put(self, data):
            kind._put(self, data)
            for found in frames_of(data):
                trace('sent ' + message(*found))

    trace('creating workergateway on %r' % (link,))
    for code, plain in list(HANDLERS.items()):
        HANDLERS[code] = with_trace(trace, code, plain)
    return TracedGateway


def with_trace(trace, code, plain):
    def handle(self, channel_id, data):
        trace('received ' + message(code, channel_id, len(data)))
        plain(self, channel_id, data)
    return handle


def message(code, channel_id, size):  # type: (int, int, int) -> str
    return '<Message %s channel=%d lendata=%d>' % (NAMES[code], channel_id, size)


def frames_of(data):  # type: (bytes) -> Iterator[Tuple[int, int, int]]
    """The headers in `data`, which is whole frames."""
    start = 0
    while start < len(data):
        found = header.unpack_from(data, start)
        start += 9 + found[2]
        yield found


def trace_file():  # type: () -> int
    """Open a new file. An existing one, which may be a link, is not written to."""
    path = os.path.join(import_standard('tempfile').gettempdir(), 'execnet-debug-%d' % os.getpid())
    try:
        os.unlink(path)
    except OSError:
        pass
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
