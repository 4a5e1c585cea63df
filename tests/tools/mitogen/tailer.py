# Follows a log file on several hosts: tailer.py PATH local|ssh=HOST...
import sys
import time

import mitogen
import mitogen.core
import mitogen.select


def tail(path, sender):
    line = ""
    with open(path) as log:
        log.seek(0, 2)
        while True:
            line += log.readline()
            if line.endswith("\n"):
                sender.send(line)
                line = ""
            else:
                time.sleep(0.1)


def connect(router, number, spec):
    # Equal connections would be one.
    if spec.startswith("ssh="):
        return router.ssh(hostname=spec[4:])
    return router.local(remote_name=str(number))


@mitogen.main()
def main(router):
    hosts = {}
    lines = mitogen.select.Select(oneshot=False)
    for number, spec in enumerate(sys.argv[2:]):
        receiver = mitogen.core.Receiver(router)
        hosts[receiver] = spec
        lines.add(receiver)
        context = connect(router, number, spec)
        context.call_async(tail, sys.argv[1], receiver.to_sender())
    for message in lines:
        host = hosts[message.receiver]
        sys.stdout.write("%s: %s" % (host, message.unpickle()))
        sys.stdout.flush()
