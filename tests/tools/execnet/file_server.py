# Prints files of another machine: file_server.py SPEC PATH...
import sys

import execnet


def serve(channel):
    for path in channel:
        try:
            with open(path, "rb") as file:
                part = file.read(65536)
                while part:
                    channel.send(part)
                    part = file.read(65536)
            channel.send(None)
        except EnvironmentError as error:
            channel.send(str(error))


server = execnet.makegateway(sys.argv[1]).remote_exec(serve)
for path in sys.argv[2:]:
    server.send(path)
    for part in iter(server.receive, None):
        if isinstance(part, str):
            print(part, file=sys.stderr)
            break
        sys.stdout.buffer.write(part)
execnet.default_group.terminate(5)
