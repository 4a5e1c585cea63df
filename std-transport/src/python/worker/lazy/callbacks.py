# Callbacks, and the thread that runs them.


class Callback(object):
    """The sink of a channel's queue: hands its items over to a function, in order."""

    failed = False

    def __init__(self, channel, function, endmarker):  # type: (Channel, Callable[[Any], Any], Any) -> None
        self.gateway = channel.gateway  # type: Any
        self.id = channel.id
        self.queue = channel._queue
        self.function = function
        self.endmarker = endmarker

    def put(self, item):  # type: (Any) -> None
        self.gateway._dispatcher.put((self, item))

    def deliver(self, item):  # type: (Any) -> None
        """Runs in the dispatcher's thread."""
        try:
            if item is END:
                item = self.endmarker
            if item is not END and not self.failed:
                self.function(item)
        except BaseException:
            if os.getpid() != PID:
                exit_child(Task())
            self.failed = True
            self.gateway._fail_channel(self.id, format_exception())

    def finish(self):  # type: () -> None
        with self.queue.lock:
            self.queue.finish()


class Dispatcher(object):
    """The one thread that runs callbacks, so that a slow one holds up no frame."""

    def __init__(self):
        self.queue = queue_class()
        self.put = self.queue.put
        self.start()

    def start(self):  # type: () -> None
        import_threading()
        _thread.start_new_thread(self.run, ())

    def run(self):  # type: () -> None
        while True:
            try:
                callback, item = self.queue.get()
            except IndexError:
                break
            callback.deliver(item)
            if os.getpid() != PID:
                exit_child()
            if item is END:
                callback.finish()
            else:
                callback.queue.delivered()
            del callback, item
        with self.queue.lock:
            self.queue.finish()

    def stop(self, timeout):  # type: (Optional[float]) -> None
        """Deliver the queued items, for this time at most."""
        with self.queue.lock:
            self.queue.no_more_input = True
            self.queue.wake()
        try:
            self.queue.wait_sink_done(timeout)  # type: ignore[attr-defined]
        except TimeoutError:
            pass


dispatcher_class = Dispatcher
