"""Tests that fork, and children that leave in every way."""
import concurrent.futures
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import support


def end(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_child_exits_at_once():
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    assert end(pid) == 7


def test_child_returns():
    pid = os.fork()
    if pid:
        end(pid)


def test_child_returns_and_parent_fails():
    pid = os.fork()
    if pid:
        end(pid)
        assert False


@pytest.mark.parametrize("error", [SystemExit(3), RuntimeError("child"), KeyboardInterrupt()], ids=repr)
def test_child_raises(error):
    pid = os.fork()
    if pid == 0:
        raise error
    end(pid)


def test_child_fails():
    pid = os.fork()
    assert pid != 0
    end(pid)


def test_child_is_killed():
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    assert end(pid) == -signal.SIGKILL


def test_child_goes_on_while_its_parent_returns():
    if os.fork() == 0:
        time.sleep(0.5)


def test_child_outlives_its_test():
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)


def test_child_is_nobodys():
    pid = os.fork()
    if pid == 0:
        if os.fork() == 0:
            os.setsid()
            time.sleep(2)
        os._exit(0)
    assert end(pid) == 0


def test_child_prints_and_flushes():
    print("buffered")
    pid = os.fork()
    if pid == 0:
        print("child")
        sys.stdout.flush()
        os._exit(0)
    assert end(pid) == 0


def test_child_of_a_terminal():
    pid, fd = os.forkpty()
    if pid == 0:
        os._exit(5)
    assert end(pid) == 5
    os.close(fd)


def test_child_of_a_thread():
    statuses = []

    def fork():
        pid = os.fork()
        if pid == 0:
            os._exit(4)
        statuses.append(end(pid))
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    assert statuses == [4]


def test_child_ends_by_the_end_of_its_thread():
    statuses = []

    def fork():
        pid = os.fork()
        if pid:
            statuses.append(end(pid))
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    assert statuses == [0]


@pytest.fixture
def forked():
    pid = os.fork()
    yield pid
    if pid:
        end(pid)


def test_child_of_a_fixture(forked):
    assert True


def test_child_of_a_fixture_and_failure(forked):
    assert False


def test_multiprocessing():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(abs, [-1, -2, -3]) == [1, 2, 3]


def test_futures():
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        assert pool.submit(abs, -1).result() == 1


def test_process_that_is_not_joined():
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(1,)).start()


def test_program_with_all_descriptors():
    subprocess.run([sys.executable, "-c", "print(1)"], close_fds=False, check=True)


def test_program_that_lives_on():
    subprocess.Popen(["sleep", "2"])


def test_spawn():
    assert end(os.posix_spawn("/bin/true", ["true"], {})) == 0


def test_children_are_reaped():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    support.reap_all()


def test_children_are_ignored():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        subprocess.run(["true"])
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.alone
def test_children_stay_ignored():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
