
# Credit: a sender waits for its receiver; docs/protocol.md has the rules. Part of the worker's program, behind its
# second part, where the controller asks for it with a window of CREDIT_WINDOW bytes.

CREDIT = 8
ITEM_COST = 64


PlainQueue = Queue   # the name stands for another class at the end


class CreditQueue(PlainQueue):
    """A channel's queue that knows what its items cost, and what may be sent the other way."""

    owner = None        # (gateway, channel id); queues that belong to no channel count nothing
    in_flight = 0       # sent, and not given back yet
    consumed = 0        # received, and not given back yet

    def __init__(self, strings=None):
        PlainQueue.__init__(self, strings)
        self.costs = deque()    # of the items that nobody has received yet
        self.senders = deque()  # one held lock for each send() that waits

    def get(self):
        item = PlainQueue.get(self)
        self.consume()
        return item

    def get_within(self, timeout):
        item = PlainQueue.get_within(self, timeout)
        self.consume()
        return item

    def consume(self):
        """An item was received: give back what was, in steps of half a window."""
        with self.gate:
            if self.owner is None or not self.costs:
                return
            self.consumed += self.costs.popleft()
            if self.ended or self.consumed * 2 < CREDIT_WINDOW:
                return
            grant = min(self.consumed, 0x7fffffff)
            self.consumed -= grant
        gateway, channel_id = self.owner
        gateway._write_late(frame(CREDIT, channel_id, grant))

    def spend(self, channel, cost):
        """Wait until an item may be sent."""
        while True:
            with self.gate:
                if (self.in_flight < CREDIT_WINDOW or channel._closed
                        or channel.gateway._finished):
                    self.in_flight += cost
                    return
                waiter = new_held_lock()
                self.senders.append(waiter)
            waiter.acquire()

    def refill(self, grant):
        with self.gate:
            self.in_flight = max(0, self.in_flight - grant)
        self.release_senders()

    def end(self):
        PlainQueue.end(self)
        self.release_senders()

    def release_senders(self):
        with self.gate:
            while self.senders:
                self.senders.popleft().release()


Queue = CreditQueue


def patch_channel(plain):
    def init(self, gateway, channel_id, strings):
        plain(self, gateway, channel_id, strings)
        self._queue.owner = (gateway, channel_id)
    Channel.__init__ = init


def send_with_credit(self, item):
    """Send an item: None, bool, number, text, bytes, list, tuple, dict, set, channel."""
    data = frame(DATA, self.id, item)
    self._queue.spend(self, len(data) - 9 + ITEM_COST)
    self.gateway._write(data, self)


def patch_callback(plain):
    def deliver(self, item):
        plain(self, item)
        if item is not END:
            self.queue.consume()
    Callback.deliver = deliver


def on_data_with_cost(self, channel_id, data):
    channel = self._find(channel_id)
    queue = self._kept.get(channel_id) if channel is None else channel._queue
    if queue is not None:
        queue.costs.append(len(data) + ITEM_COST)
    self._on_data(channel_id, data)


def on_credit(self, channel_id, data):
    grant = load(data, (True, False), None)
    if type(grant) is not int or grant < 0:
        raise LoadError('CREDIT with %r' % (grant,))
    channel = self._find(channel_id)
    if channel is not None:
        channel._queue.refill(grant)


patch_channel(Channel.__init__)
patch_callback(Callback.deliver)
Channel.send = send_with_credit
Gateway.TURNS = NEVER   # only the reader counts
HANDLERS[DATA] = on_data_with_cost
HANDLERS[CREDIT] = on_credit
