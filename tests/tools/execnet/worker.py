# Calls functions of another process: worker.py
import execnet


def fib(channel, n):
    this, following = 0, 1
    for _ in range(n):
        this, following = following, this + following
    channel.send(this)


def squares(channel):
    for number in channel:
        channel.send(number * number)


gateway = execnet.makegateway("popen")
print("fib(90) =", gateway.remote_exec(fib, n=90).receive(10))
channel = gateway.remote_exec(squares)
for number in 1.5, 2, -3:
    channel.send(number)
    print(number, "squared is", channel.receive(10))
channel.close()
execnet.default_group.terminate(5)
