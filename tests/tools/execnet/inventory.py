# What several hosts are, asked at the same time: inventory.py SPEC...
import sys

import execnet


def facts(channel, path):
    import os
    import platform

    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize // 2**30
    channel.send((platform.node(), platform.system(), free))


group = execnet.Group(sys.argv[1:])
channels = group.remote_exec(facts, path="/")
for channel, (name, system, free) in channels.receive_each(withchannel=True):
    print("%s: %s runs %s, %d GiB free" % (channel.gateway.spec, name, system, free))
group.terminate(5)
