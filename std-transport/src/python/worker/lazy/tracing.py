# Tracing, as execnet does it.

NAMES = dict(enumerate(('STATUS', 'RECONFIGURE', 'GATEWAY_TERMINATE', 'CHANNEL_EXEC', 'CHANNEL_DATA',
                        'CHANNEL_CLOSE', 'CHANNEL_CLOSE_ERROR', 'CHANNEL_LAST_MESSAGE')))
NAMES[64] = 'CHANNEL_CREDIT'


def traced(kind, worker):  # type: (Any, str) -> Any
    """EXECNET_DEBUG: with "2" lines on standard error, else in a file of the process.

    If it is the path of a directory, the file is there, with times and the first bytes of the payloads.
    """
    value = os.environ['EXECNET_DEBUG']
    prefix = '%s-worker ' % (worker,)
    detailed = os.path.isabs(value)
    now, hexlify = time.time, import_standard('binascii').hexlify
    if value == '2':
        prefix = '[%d] %s' % (os.getpid(), prefix)
        out = 2
    else:
        try:
            out = trace_file(value if detailed else import_standard('tempfile').gettempdir())
        except OSError:
            # Such as that of another user.
            log('no trace: %s' % (exc_info()[1],))
            return kind

    def trace(text, payload=b''):
        line = prefix + text
        if detailed:
            line = '%.6f %s %s' % (now(), line, hexlify(payload[:512]).decode('ascii'))
        try:
            os.write(out, (line.rstrip() + '\n').encode('utf-8', 'replace'))
        except OSError:
            pass

    class TracedGateway(kind):

        PING_PONG_READS = NEVER     # the reader sees all frames

        def _put(self, data):
            kind._put(self, data)
            for code, channel_id, payload in frames_of(data):
                trace('sent ' + message(code, channel_id, len(payload)), payload)

        def _on_link_end(self, reason):
            if reason is None:
                # No handler has the frame that ends the link.
                trace('received ' + message(TERMINATE, 0, 0))
            kind._on_link_end(self, reason)

    trace('creating workergateway on %r' % (link,))
    for code, plain in list(HANDLERS.items()):
        HANDLERS[code] = with_trace(trace, code, plain)
    return TracedGateway


def with_trace(trace, code, plain):
    def handle(self, channel_id, data):
        trace('received ' + message(code, channel_id, len(data)), data)
        plain(self, channel_id, data)
    return handle


def message(code, channel_id, size):  # type: (int, int, int) -> str
    return '<Message %s channel=%d lendata=%d>' % (NAMES[code], channel_id, size)


def frames_of(data):  # type: (bytes) -> Iterator[Tuple[int, int, bytes]]
    """The frames in `data`, which is whole frames: code, channel, payload."""
    start = 0
    while start < len(data):
        code, channel_id, size = header.unpack_from(data, start)
        yield code, channel_id, data[start + 9:start + 9 + size]
        start += 9 + size


def trace_file(directory):  # type: (str) -> int
    """Open a new file. An existing one, which may be a link, is not written to."""
    path = os.path.join(directory, 'execnet-debug-%d' % os.getpid())
    try:
        os.unlink(path)
    except OSError:
        pass
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
