# Run by a socket server for a client of stock execnet: evaluates the line from descriptor 0, a socket,
# and runs the resulting text.  There is no check: every client that connects is accepted.
import os
import socket

sock = socket.fromfd(0, socket.AF_INET, socket.SOCK_STREAM)
null = os.open(os.devnull, os.O_RDONLY)
os.dup2(null, 0)
# Standard output of the code joins the messages of the server.
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
