# Run by a socket server for a client of stock execnet: evaluates the line that comes over
# descriptor 0, a socket, and runs the text that it is.  Without any check: whoever connects is in.
import os
import socket

sock = socket.fromfd(0, socket.AF_INET, socket.SOCK_STREAM)
null = os.open(os.devnull, os.O_RDONLY)
os.dup2(null, 0)
# What the code prints goes where the server's own messages go.
os.dup2(2, 1)
sock.settimeout(30)
reader = sock.makefile('rb')
line = reader.readline().strip()
reader.close()
sock.settimeout(None)
source = eval(line)
if source:
    names = {'clientsock': sock, 'address': sock.getpeername(), '__name__': '__main__'}
    exec(compile(source + '\n', '<socket server>', 'exec'), names)
