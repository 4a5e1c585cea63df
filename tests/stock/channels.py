"""Channels, their files and callbacks."""
import gc

from support import TIMEOUT, ended, error_of, eventually, gateway, receive, shows


@shows("test_basics::test_factory_create")
def ids():
    """Both ends count by themselves: what they make at the same time does not meet."""
    gw = gateway()
    assert [gw.newchannel().id for _ in range(3)] == [1, 3, 5]
    calls = [gw.remote_exec("hand_out") for _ in range(3)]
    assert [call.id for call in calls] == [7, 9, 11]
    made = [receive(call) for call in calls]
    assert sorted(channel.id for channel in made) == [2, 4, 6]
    for channel in made:
        channel.close()


@shows("test_channel::test_channel_finish_and_then_EOFError")
def finish():
    channel = gateway().remote_exec("add_one")
    channel.send(41)
    assert receive(channel) == 42
    assert ended(channel) and ended(channel) and ended(channel)


@shows("test_channel::test_channel_close_and_then_receive_error",
       "test_channel::test_channel_close_and_then_receive_error_multiple",
       "test_basics::test_exectask")
def error_after_item():
    channel = gateway().remote_exec("fail")
    assert receive(channel) == 42
    assert "ValueError" in error_of(channel)
    assert ended(channel)
    panicked = gateway().remote_exec("panic")
    assert "on purpose" in error_of(panicked)


@shows("unknown names (ours)")
def error_names_what_is_unknown():
    text = error_of(gateway().remote_exec("foobar"))
    assert "foobar" in text and "fib" not in text and "echo" in text, text


@shows("Python source is refused (ours)")
def source_is_no_name():
    assert "runs no Python source" in error_of(gateway().remote_exec("x = !\n"))


@shows("test_channel::test_channel_pass_in_structure")
def pass_in_structure():
    gw = gateway()
    channel = gw.remote_exec("pass")
    there, back = gw.newchannel(), gw.newchannel()
    channel.send((there, back))
    there.send(1)
    assert receive(back) == 2
    channel.waitclose(TIMEOUT)


@shows("test_channel::test_channel_multipass")
def multipass():
    channel = gateway().remote_exec("same")
    channel.send(channel)
    assert receive(channel) is channel
    channel.waitclose(TIMEOUT)


@shows("test_channel::test_channel_passing_over_channel")
def channel_of_the_worker():
    gw = gateway()
    channel = gw.remote_exec("hand_out")
    other = receive(channel)
    assert other.id % 2 == 0
    assert receive(other) == 42
    other.close()
    channel.waitclose(TIMEOUT)
    known = gw._channelfactory._channels
    assert channel.id not in known and other.id not in known, list(known)
    eventually("no channels there", lambda: gw.remote_status().numchannels == 0)


@shows("test_channel::test_channel_file_write")
def file_write():
    channel = gateway().remote_exec("write_file")
    assert receive(channel) == "hello world\n"
    assert receive(channel) == 42


@shows("test_channel::test_channel_file_proxyclose")
def file_proxyclose():
    channel = gateway().remote_exec("close_file")
    assert receive(channel) == "hello world"
    assert "explicit" in error_of(channel)


@shows("test_channel::test_channel_file_read")
def file_read():
    gw = gateway()
    channel, answer = gw.remote_exec("read_file"), gw.newchannel()
    channel.send(answer)
    file = channel.makefile(proxyclose=True)
    file.write("xyab")
    file.write("cde")
    file.close()
    assert receive(answer) == ("xy", "abcde")


@shows("test_channel::test_channel_callback_stays_active")
def callback_stays_active():
    gw = gateway()
    items = []
    channel = gw.remote_exec("late")
    other = gw.newchannel()
    other.setcallback(items.append)
    channel.send(other)
    del other
    gc.collect()
    eventually("all items", lambda: items == [0, 100, 200, 300, 400])


@shows("test_channel::test_channel_callback_remote_freed")
def callback_freed():
    gw = gateway()
    channel = gw.remote_exec("keep")
    other = gw.newchannel()
    other.setcallback(lambda item: None)
    channel.send(other)
    assert receive(channel) == 1
    assert not other.isclosed()
    channel.send(None)
    other.waitclose(TIMEOUT)


@shows("test_channel::test_channel_callback_error")
def callback_error():
    gw = gateway()
    channel = gw.remote_exec("failing_callback")
    other = gw.newchannel()
    channel.send(other)
    assert receive(channel) == "ready"
    other.send(42)
    try:
        other.waitclose(TIMEOUT)
        raise AssertionError("no error")
    except other.RemoteError as error:
        assert "42" in error.formatted
    channel.send(None)
    assert receive(channel) is True


@shows("callbacks of a worker (ours)")
def callback_answers():
    channel = gateway().remote_exec("squares")
    items = []
    channel.setcallback(items.append)
    for number in range(10):
        channel.send(number)
    eventually("all squares", lambda: items == [n * n for n in range(10)])
