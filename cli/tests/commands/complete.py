"""Types a line and Tab into a shell in a terminal, and prints what the line has become.

Arguments: the words of the shell's command, `--`, a command that the shell runs first, the line.
"""
import os
import pty
import re
import sys

at = sys.argv.index("--")
shell, (setup, line) = sys.argv[1:at], sys.argv[at + 1 :]
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", PS1="$ ")
    os.execvp(shell[0], shell)


def read_until(pattern):
    seen = b""
    while not (found := re.search(pattern, seen, re.S)):
        seen += os.read(terminal, 1000)
    return found


# The quotes tell the output of a command from its echo.
os.write(terminal, setup.encode() + b"; echo REA''DY\r")
read_until(b"READY")
# Ctrl-A and Ctrl-E go to the ends of the line.
os.write(terminal, line.encode() + b"\t\x01echo RES''ULT:\x05:E''ND\r")
print(read_until(b"RESULT:(.*?):END")[1].decode())
# The shell ends with its terminal.
os.close(terminal)
os.waitpid(pid, 0)
