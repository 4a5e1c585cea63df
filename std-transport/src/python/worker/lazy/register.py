# Last, so that no class has a method whose helpers are not compiled yet.  The classes are extended, and not replaced by
# others: there are objects of them already.

def add_methods(target, methods):
    for name, member in vars(methods).items():
        if name == '__repr__' or not name.startswith('__'):
            setattr(target, name, member)


add_methods(Queue, QueueMethods)
add_methods(Channel, ChannelMethods)
for methods in GatewayMethods, ReadLeaseMethods, FrameMethods, ShutdownMethods:
    add_methods(Gateway, methods)
HANDLERS.update({
    STATUS: Gateway._on_status,
    RECONFIGURE: Gateway._on_reconfigure,
    CLOSE: Gateway._on_close,
    CLOSE_ERROR: Gateway._on_close_error,
    LAST_MESSAGE: Gateway._on_last_message,
})
