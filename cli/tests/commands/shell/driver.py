# Runs a program in a terminal and plays its user: waits for a text, types the next, and so on.
# Arguments: the steps as JSON, [[text, answer], ...], and the command. Prints what came after the last text, whether
# the terminal echoes at the end, and the exit status.
import json
import os
import pty
import select
import sys
import termios

PATIENCE = 40


def read(terminal):
    if not select.select([terminal], [], [], PATIENCE)[0]:
        return None
    try:
        return os.read(terminal, 65536).decode('utf-8', 'replace')
    except OSError:
        return ''    # The program has closed it.


steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ['TERM'] = 'xterm'
    os.execv(command[0], command)
seen = ''
for text, answer in steps:
    while text not in seen:
        more = read(terminal)
        if not more:
            sys.exit('%s before %r: %r' % ('silent' if more is None else 'ended', text, seen))
        seen += more
    # What comes before an answer to nothing is kept.
    seen = seen.partition(text)[2] if text else seen
    os.write(terminal, answer.encode())
while True:
    more = read(terminal)
    if not more:
        break
    seen += more
sys.stdout.write(seen)
if more is None:
    os.kill(pid, 9)
    sys.exit('the program has not ended: %r' % (seen,))
status = os.waitpid(pid, 0)[1]
print('echo' if termios.tcgetattr(terminal)[3] & termios.ECHO else 'no echo')
print('status %d' % (os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)))
