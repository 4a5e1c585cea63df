# What several hosts are, asked at the same time: inventory.py local|ssh=HOST...
import os
import platform
import sys

import mitogen


def facts(path):
    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize // 2**30
    return platform.node(), platform.system(), free


def connect(router, number, spec):
    # Equal connections would be one.
    if spec.startswith("ssh="):
        return router.ssh(hostname=spec[4:])
    return router.local(remote_name=str(number))


@mitogen.main()
def main(router):
    hosts = sys.argv[1:]
    contexts = [connect(router, *place) for place in enumerate(hosts)]
    answers = [context.call_async(facts, "/") for context in contexts]
    for host, answer in zip(hosts, answers):
        name, system, free = answer.get().unpickle()
        print("%s: %s runs %s, %d GiB free" % (host, name, system, free))
