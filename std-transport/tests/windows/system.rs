//! What the system knows of processes, asked by a Python worker.

use execnet::{Channel, Gateway, Group, Value};
use execnet_test_support::{LONG, eventually, receive, receive_int};

use super::python;

const SOURCE: &str = "
import ctypes, os
from ctypes import wintypes
kernel = ctypes.WinDLL('kernel32', use_last_error=True)
kernel.OpenProcess.restype = wintypes.HANDLE
kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
kernel.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
kernel.CloseHandle.argtypes = [wintypes.HANDLE]
kernel.GetProcessHandleCount.argtypes = [wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD)]

class Entry(ctypes.Structure):
    _fields_ = [('size', wintypes.DWORD), ('usage', wintypes.DWORD), ('pid', wintypes.DWORD),
                ('heap', ctypes.c_size_t), ('module', wintypes.DWORD), ('threads', wintypes.DWORD),
                ('parent', wintypes.DWORD), ('priority', wintypes.LONG), ('flags', wintypes.DWORD),
                ('name', ctypes.c_char * 260)]
kernel.Process32First.argtypes = kernel.Process32Next.argtypes = [wintypes.HANDLE, ctypes.POINTER(Entry)]

def entries():
    snapshot = kernel.CreateToolhelp32Snapshot(2, 0)
    entry = Entry(size=ctypes.sizeof(Entry))
    more = kernel.Process32First(snapshot, entry)
    while more:
        yield entry
        more = kernel.Process32Next(snapshot, entry)
    kernel.CloseHandle(snapshot)

def runs(pid):
    process = kernel.OpenProcess(0x100000, False, pid)
    if not process:
        return False
    ended = kernel.WaitForSingleObject(process, 0) == 0
    kernel.CloseHandle(process)
    return not ended

def counts(pid):
    process = kernel.OpenProcess(0x400, False, pid)
    handles = wintypes.DWORD()
    kernel.GetProcessHandleCount(process, handles)
    kernel.CloseHandle(process)
    found = [(entry.threads, entry.pid, entry.parent) for entry in entries()]
    threads = [count for count, number, parent in found if number == pid]
    children = [number for count, number, parent in found if parent == pid]
    return handles.value, threads[0], len(children)

for what, pid in channel:
    channel.send(runs(pid) if what == 'runs' else counts(pid))
";

/// Asks the system. It must outlive the processes that it is asked about.
pub(super) struct System {
    _gateway: Gateway,
    channel: Channel,
}

impl System {
    pub(super) fn of(group: &Group) -> Self {
        let gateway = group.make_gateway(python()).unwrap();
        let channel = gateway.remote_exec(SOURCE).unwrap();
        Self {
            _gateway: gateway,
            channel,
        }
    }

    pub(super) fn runs(&self, pid: i64) -> bool {
        self.channel.send(("runs", pid)).unwrap();
        receive(&self.channel) == Value::Bool(true)
    }

    pub(super) fn ends(&self, what: &str, pid: i64) {
        eventually(what, LONG, || !self.runs(pid));
    }

    /// The numbers of handles, threads and children of this process.
    pub(super) fn counts(&self) -> [i64; 3] {
        self.channel.send(("counts", std::process::id())).unwrap();
        let counts = receive(&self.channel);
        [0, 1, 2].map(|index| counts.get(index).and_then(Value::as_i64).unwrap())
    }
}

/// Has a worker start a process that starts another; both wait for ever. Returns their ids.
pub(super) fn descendants(gateway: &Gateway) -> [i64; 2] {
    let source = "
        import subprocess, sys
        inner = 'import time; time.sleep(600)'
        outer = 'import subprocess, sys, time; p = subprocess.Popen([sys.executable, \"-c\", %r]); ' \
                'print(p.pid, flush=True); time.sleep(600)' % inner
        process = subprocess.Popen([sys.executable, '-c', outer], stdout=subprocess.PIPE)
        channel.send(process.pid)
        channel.send(int(process.stdout.readline()))
    ";
    let channel = gateway.remote_exec(source).unwrap();
    [receive_int(&channel), receive_int(&channel)]
}
