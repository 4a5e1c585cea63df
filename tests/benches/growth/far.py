"""What Python workers run for scripts/bench-growth, those of this project and those of stock execnet; `workers.rs` has
the same functions in Rust. Each is sent alone, so it uses nothing from outside itself."""


def spent(channel):
    import time

    channel.send(time.process_time())


def warm(channel):
    # Of a rare type: the rest of the worker's program is compiled before it is sent, and not later.
    channel.send(1j)


def answer(channel):
    channel.send(1)


def echo(channel):
    for item in channel:
        channel.send(item)


def keep(channel):
    kept = []
    for other in channel:
        if other is None:
            kept = []
            channel.send(1)
        else:
            kept.append(other)
            other.send(1)


def hold(channel, n):
    channel.receive().receive()
    for _ in range(n):
        channel.receive()
    channel.send(n)


def waiters(channel, n):
    import threading

    def echo():
        for item in channel:
            channel.send(item)

    threads = [threading.Thread(target=echo) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def items(channel, n):
    for _ in channel:
        for item in range(n):
            channel.send(item)
