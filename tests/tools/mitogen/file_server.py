# Prints files of another machine: file_server.py local|ssh=HOST PATH...
import sys

import mitogen
import mitogen.core


def read(path):
    with open(path, "rb") as file:
        return file.read()


@mitogen.main()
def main(router):
    spec = sys.argv[1]
    remote = spec.startswith("ssh=")
    context = router.ssh(hostname=spec[4:]) if remote else router.local()
    for path in sys.argv[2:]:
        try:
            sys.stdout.buffer.write(context.call(read, path))
            sys.stdout.flush()
        except mitogen.core.CallError as error:
            print(error, file=sys.stderr)
