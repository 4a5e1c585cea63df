# Follows a log file on several hosts: tailer.py PATH SPEC...
import sys

import execnet


def tail(channel, path):
    import time

    line = ""
    with open(path) as log:
        log.seek(0, 2)
        while not channel.isclosed():
            line += log.readline()
            if line.endswith("\n"):
                channel.send(line)
                line = ""
            else:
                time.sleep(0.1)


group = execnet.Group(sys.argv[2:])
queue = group.remote_exec(tail, path=sys.argv[1]).make_receive_queue()
while True:
    channel, line = queue.get()
    sys.stdout.write("%s: %s" % (channel.gateway.spec, line))
    sys.stdout.flush()
