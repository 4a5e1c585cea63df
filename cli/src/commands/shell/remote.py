# The remote side of `execnet shell`: reads lines of Python, runs them and sends what they print.
#
# The first item from the controller says whether it has a terminal and wants a banner, with a channel whose items
# interrupt the code.  The others are pairs: after a 'prompt' ('line', text), ('reset', '') for an interrupt, or
# ('complete', text); after an 'input' ('line', text), where '' is the end of the input, or ('reset', '').  To the
# controller go ('out', text), ('err', text), ('prompt', text), ('input', ''), ('completions', list) and at the end
# ('exit', status).
# CPython 2.7, 3.6 and later, and PyPy on POSIX; standard library only.
import code
import codecs
import io
import os
import select
import signal
import sys
import threading


class Output(object):
    """Sends what is written to descriptors: by Python code, by C code, by child processes."""

    def __init__(self, channel, kind, descriptors):
        self.channel, self.kind = channel, kind
        self.lock = threading.Lock()
        self.decode = codecs.getincrementaldecoder('utf-8')('replace').decode
        self.pipe, end = os.pipe()
        for descriptor in descriptors:
            os.dup2(end, descriptor)
        os.close(end)
        thread = threading.Thread(target=self.run)
        thread.daemon = True
        thread.start()

    def run(self):
        try:
            while self.send():
                select.select([self.pipe], [], [])
        except (EnvironmentError, ValueError):
            pass    # The controller is gone.

    def send(self):
        """Send what has been written; return whether more can come."""
        with self.lock:
            # A thread that never stops printing must not keep the prompt away.
            for _ in range(64):
                if not select.select([self.pipe], [], [], 0)[0]:
                    break
                data = os.read(self.pipe, 65536)
                text = self.decode(data)
                if text:
                    self.channel.send((self.kind, text))
                if not data:
                    return False
        return True


def stream(descriptor):
    if sys.version_info < (3,):
        return os.fdopen(os.dup(descriptor), 'w', 1)
    return io.open(os.dup(descriptor), 'w', 1, 'utf-8', 'backslashreplace')


class Input(io.TextIOBase):
    """Standard input: each line is requested when code reads it."""

    def __init__(self, shell):
        self.shell = shell

    def readable(self):
        return True

    def readline(self, size=-1):
        self.shell.flush()
        self.shell.channel.send(('input', ''))
        kind, text = self.shell.channel.receive()
        if kind == 'reset':
            raise KeyboardInterrupt
        return text if sys.version_info >= (3,) else text.encode('utf-8')

    def read(self, size=-1):
        return ''.join(iter(self.readline, ''))


class Console(code.InteractiveConsole):

    def showtraceback(self):
        """As Python shows it: without the frames of this program, where code was interrupted that reads its input."""
        if sys.version_info >= (3, 7):
            trace = sys.exc_info()[2]
            while trace.tb_next is not None:
                if trace.tb_next.tb_frame.f_code is Input.readline.__code__:
                    trace.tb_next = None
                else:
                    trace = trace.tb_next
        code.InteractiveConsole.showtraceback(self)


def ignore(number, frame):
    """A handler for signals that, unlike SIG_IGN, is not handed on to other programs."""


class Shell(object):

    def __init__(self, channel, merged):
        self.channel = channel
        self.running = False    # code of the user, which an interrupt is for
        self.thread = getattr(threading, 'get_ident', int)()
        self.handler = signal.default_int_handler
        if merged:
            # The order of lines on a terminal is that in which they were written.
            self.outputs = [Output(channel, 'out', (1, 2))]
        else:
            self.outputs = [Output(channel, 'out', (1,)), Output(channel, 'err', (2,))]
        sys.stdout, sys.stderr, sys.stdin = stream(1), stream(2), Input(self)
        sys.ps1, sys.ps2 = '>>> ', '... '
        # The module that code finds as its own; the old one may have names that the worker needs.
        self.old_main = sys.modules.get('__main__')
        main = sys.modules['__main__'] = type(sys)('__main__')
        self.names = main.__dict__
        self.console = Console(self.names, '<stdin>')

    def flush(self):
        for out in (sys.stdout, sys.stderr):
            try:
                out.flush()
            except Exception:
                pass    # It may be anything that code has put there.
        for output in self.outputs:
            output.send()

    def interruptible(self, on):
        """Have an interrupt mean what it means to the code, or nothing: our own steps continue."""
        if self.thread is None:
            return
        # Python's own handler, and not one of ours, which would be in the traceback.
        found = signal.signal(signal.SIGINT, self.handler if on else ignore)
        if found is not ignore and found is not None:
            self.handler = found
        self.running = on

    def interrupt(self, _):
        """Called in another thread."""
        if not self.running:
            return
        if hasattr(signal, 'pthread_kill'):
            # Its system calls are interrupted, and not those of any thread.
            signal.pthread_kill(self.thread, signal.SIGINT)
        else:
            os.kill(os.getpid(), signal.SIGINT)

    def serve(self, interrupts):
        try:
            self.interruptible(False)
        except ValueError:
            # Not the main thread, as in a server of stock execnet: nothing can interrupt it.
            self.thread = None
        interrupts.setcallback(self.interrupt)
        more, status = False, None
        while status is None:
            self.flush()
            self.channel.send(('prompt', str(sys.ps2 if more else sys.ps1)))
            kind, text = self.channel.receive()
            while kind == 'complete':
                self.channel.send(('completions', self.completions(text)))
                kind, text = self.channel.receive()
            more = False
            if kind == 'reset':
                self.console.resetbuffer()
            else:
                more, status = self.run(text)
        self.flush()
        self.channel.send(('exit', status))

    def run(self, line):
        """Run a line: whether more of it must follow, and the status if the shell ends."""
        try:
            try:
                self.interruptible(True)
                return self.console.push(line), None
            finally:
                self.interruptible(False)
        except SystemExit:
            return False, self.exit_status(sys.exc_info()[1].code)
        except KeyboardInterrupt:
            # It came before the code or behind it.
            self.interruptible(False)
            self.console.resetbuffer()
            return False, None

    def exit_status(self, code):
        if code is None:
            return 0
        if isinstance(code, int):
            return code & 255
        sys.stderr.write('%s\n' % (code,))
        return 1

    def completions(self, text):
        """The names that begin with the text, as far as they can be found without an error."""
        import rlcompleter
        found = []
        try:
            completer = rlcompleter.Completer(self.names)
            while len(found) < 200:
                name = completer.complete(text, len(found))
                if name is None:
                    break
                found.append(name)
        except Exception:
            pass    # Properties run code.
        return found


def main(channel):
    terminal, banner, interrupts = channel.receive()
    shell = Shell(channel, terminal)
    if banner:
        sys.stderr.write('Python %s on %s\n' % (sys.version, sys.platform))
    try:
        shell.serve(interrupts)
    except EOFError:
        pass    # The controller has left.


main(channel)
