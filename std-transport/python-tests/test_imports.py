"""Imports of the worker itself, beside those of the code that it runs."""
import pytest

# A thread of the remote code imports a module, and is among the finders when an import of the worker ends.
BESIDE = """
import sys
import threading

reached, ended = threading.Event(), threading.Event()

class Pauses:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == 'wave':
            reached.set()
            assert ended.wait(20)

outcome = []

def import_wave():
    try:
        import wave
        outcome.append('imported')
    except ImportError as error:
        outcome.append(str(error))

thread = threading.Thread(target=import_wave)

def during_an_import_of_the_worker():
    place = [getattr(finder, '__name__', None) for finder in sys.meta_path].index('PathFinder')
    sys.meta_path.insert(place, Pauses)
    thread.start()
    assert reached.wait(20)

channel.isclosed()      # Has the lazy part compiled.
channel.send.__func__.__globals__['with_standard_imports'](during_an_import_of_the_worker)
ended.set()
thread.join(20)
sys.meta_path.remove(Pauses)
channel.send(outcome)
"""

# A module of the standard library, and a file of its name in the working directory.
SHADOWED = """
import os
import sys
import tempfile

names = channel.send.__func__.__globals__
channel.isclosed()
path, directory = sys.path[:], os.getcwd()
sys.path.insert(0, '')
os.chdir(tempfile.mkdtemp())
try:
    with open('wave.py', 'w') as file:
        file.write('here = True')
    for step in (names['import_standard'], __import__):
        sys.modules.pop('wave', None)
        channel.send(hasattr(step('wave'), 'here'))
    os.remove('wave.py')
finally:
    sys.modules.pop('wave', None)
    sys.path[:] = path
    os.rmdir(os.getcwd())
    os.chdir(directory)
"""


def test_an_import_of_the_worker_hides_no_module_from_other_threads(live_worker):
    if live_worker.is_python2:
        pytest.skip("Python 2 has one lock for all imports")
    channel = live_worker.run(BESIDE)
    assert channel.receive() == ["imported"]
    channel.close()


def test_an_import_of_the_worker_does_not_see_the_working_directory(live_worker):
    channel = live_worker.run(SHADOWED)
    assert [channel.receive(), channel.receive()] == [False, True]
    channel.close()
