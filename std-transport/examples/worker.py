"""Calls the functions of a worker written in Rust, with stock execnet: pip install execnet.

usage: worker.py PATH-OF-THE-WORKER
"""

import sys

import execnet


# A function of the name is what is called; its body stays here.
def fib(channel, n):
    raise NotImplementedError("this is done in Rust")


gateway = execnet.makegateway("popen//python=" + sys.argv[1])

print("fib(90) =", gateway.remote_exec(fib, n=90).receive(10))

channel = gateway.remote_exec("squares")
for number in 1.5, 2, -3:
    channel.send(number)
    print(number, "squared is", channel.receive(10))
channel.close()

try:
    gateway.remote_exec("import os").receive(10)
except execnet.RemoteError as error:
    print("refused:", str(error))

execnet.default_group.terminate(5)
