# Last, so that no class has a method whose helpers are not compiled yet.  The methods are written in subclasses, and
# copied into the classes that they extend: there are objects of those already.

def add_methods(target, methods):  # type: (type, type) -> None
    for name, member in vars(methods).items():
        if name == '__repr__' or not name.startswith('__'):
            setattr(target, name, member)


add_methods(Queue, QueueMethods)
add_methods(Channel, ChannelMethods)
for methods in GatewayMethods, ReadLeaseMethods, FrameMethods, ShutdownMethods:
    add_methods(Gateway, methods)
HANDLERS.update({
    STATUS: Gateway._on_status,  # type: ignore[attr-defined]
    RECONFIGURE: Gateway._on_reconfigure,  # type: ignore[attr-defined]
    CLOSE: Gateway._on_close,  # type: ignore[attr-defined]
    CLOSE_ERROR: Gateway._on_close_error,  # type: ignore[attr-defined]
    LAST_MESSAGE: Gateway._on_last_message,  # type: ignore[attr-defined]
})
