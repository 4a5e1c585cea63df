
# Credit: a sender waits for its receiver; docs/protocol.md has the rules. Follows the lazy part of the worker if the
# controller enables it, with a window of CREDIT_WINDOW bytes.

CREDIT = 64
ITEM_COST = 64


class CreditQueue(queue_class):
    """A channel's queue that knows what its items cost, and what may be sent the other way."""

    in_flight = 0       # sent, and not given back yet
    consumed = 0        # received, and not given back yet

    def __init__(self, channel, strings):
        queue_class.__init__(self, strings)
        self.gateway = channel.gateway
        self.id = channel.id
        self.costs = deque()    # type: Deque[int]  # of the items in the queue
        self.senders = deque()  # type: Deque[Lock]  # a waiter for each send() that waits

    def get(self):  # type: () -> Any
        item = queue_class.get(self)
        self.consume()
        return item

    def get_within(self, timeout):  # type: (float) -> Any
        item = queue_class.get_within(self, timeout)  # type: ignore[attr-defined]
        self.consume()
        return item

    def delivered(self):  # type: () -> None
        self.consume()

    def consume(self):  # type: () -> None
        """An item was received: give back what was, in steps of half a window."""
        with self.lock:
            if not self.costs:
                return
            self.consumed += self.costs.popleft()
            if self.no_more_input or self.consumed * 2 < CREDIT_WINDOW:
                return
            grant = min(self.consumed, 0x7fffffff)
            self.consumed -= grant
        self.gateway._write_deferred(frame(CREDIT, self.id, grant))

    def spend(self, channel, cost):  # type: (Channel, int) -> None
        """Wait until an item may be sent."""
        while True:
            with self.lock:
                if (self.in_flight < CREDIT_WINDOW or channel._closed
                        or channel.gateway._finished):
                    self.in_flight += cost
                    return
                waiter = new_waiter()
                self.senders.append(waiter)
            waiter.acquire()

    def refill(self, grant):  # type: (int) -> None
        with self.lock:
            self.in_flight = max(0, self.in_flight - grant)
        self.release_senders()

    def end(self):  # type: () -> None
        queue_class.end(self)
        self.release_senders()

    def release_senders(self):  # type: () -> None
        with self.lock:
            while self.senders:
                self.senders.popleft().release()


class CreditChannel(channel_class):

    def _make_queue(self, strings):  # type: (Strings) -> CreditQueue
        return CreditQueue(self, strings)

    def send(self, item):  # type: (Any) -> None
        """Send an item: None, bool, number, text, bytes, list, tuple, dict, set, channel."""
        data = frame(DATA, self.id, item)
        self._queue.spend(self, len(data) - 9 + ITEM_COST)  # type: ignore[attr-defined]
        self.gateway._write(data, self)


class CreditGateway(gateway_class):

    PING_PONG_READS = NEVER     # the reader alone counts what items cost

    def _on_data(self, channel_id, data):  # type: (int, bytes) -> None
        channel = self._find(channel_id)
        queue = self._callback_queues.get(channel_id) if channel is None else channel._queue
        if queue is not None:
            queue.costs.append(len(data) + ITEM_COST)  # type: ignore[attr-defined]
        super(CreditGateway, self)._on_data(channel_id, data)

    def _on_credit(self, channel_id, data):  # type: (int, bytes) -> None
        grant = load(data, (True, False), None)
        if type(grant) is not int or grant < 0:
            raise LoadError('CREDIT with %r' % (grant,))
        channel = self._find(channel_id)
        if channel is not None:
            channel._queue.refill(grant)  # type: ignore[attr-defined]


channel_class = CreditChannel  # type: ignore[misc]
gateway_class = CreditGateway  # type: ignore[misc]
DUMPERS[CreditChannel] = DUMPERS[Channel]
HANDLERS[DATA] = CreditGateway._on_data
HANDLERS[CREDIT] = CreditGateway._on_credit
