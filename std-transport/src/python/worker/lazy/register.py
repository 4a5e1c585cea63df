# Last, so that no class has a method whose helpers are not compiled yet.


def complete(target, methods):
    """Give a class of the first part its methods of the second."""
    for name, member in vars(methods).items():
        if name == '__repr__' or not name.startswith('__'):
            setattr(target, name, member)


complete(Queue, QueueMethods)
complete(Channel, ChannelMethods)
for methods in GatewayMethods, LendingMethods, FrameMethods, EndMethods:
    complete(Gateway, methods)
HANDLERS.update({
    STATUS: Gateway._on_status,
    RECONFIGURE: Gateway._on_reconfigure,
    CLOSE: Gateway._on_close,
    CLOSE_ERROR: Gateway._on_close_error,
    LAST_MESSAGE: Gateway._on_last_message,
})
