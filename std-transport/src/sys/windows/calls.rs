//! Functions of Windows that neither the standard library nor rustix has, each as a function without a precondition.
#![allow(
    unsafe_code,
    reason = "this is the one module that calls functions of Windows; each block says why it is sound"
)]

use alloc::sync::Arc;
use core::ptr::{self, NonNull};
use core::time::Duration;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::io::{
    AsHandle, AsRawHandle as _, BorrowedHandle, FromRawHandle as _, IntoRawHandle as _, OwnedHandle,
};

use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, HANDLE, INVALID_HANDLE_VALUE, WAIT_FAILED, WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_INBOUND, ReadFile, WriteFile,
};
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent, GetConsoleCP, STD_HANDLE, SetStdHandle,
};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Pipes::{CreateNamedPipeW, PIPE_REJECT_REMOTE_CLIENTS};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, OpenThread, ResetEvent, ResumeThread, SetEvent, THREAD_SUSPEND_RESUME,
    WaitForMultipleObjects,
};

/// The handle that a function has returned, or its error.
fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a function of Windows has just made this handle, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn done(result: i32) -> io::Result<()> {
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// A flag that threads can wait for.
#[derive(Debug)]
pub(super) struct Event(OwnedHandle);

impl Event {
    /// An event that is not set. It stays set until it is cleared, or with `clears_itself` until one wait has seen it.
    pub(super) fn new(clears_itself: bool) -> io::Result<Self> {
        // SAFETY: the two pointers may be null: no security attributes and no name.
        let event = unsafe { CreateEventW(ptr::null(), (!clears_itself).into(), 0, ptr::null()) };
        owned(event).map(Self)
    }

    pub(super) fn set(&self) {
        // SAFETY: the handle is that of an event, and open. It does not fail then.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }

    fn clear(&self) {
        // SAFETY: as in `set`.
        unsafe { ResetEvent(self.0.as_raw_handle()) };
    }

    pub(super) fn is_set(&self) -> bool {
        wait_any(&[self.as_handle()], Some(Duration::ZERO)).is_ok_and(|set| set.is_some())
    }
}

impl AsHandle for Event {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

/// Waits until one of these is set or has ended, and returns the index of the first that is; `None` after the timeout.
pub(super) fn wait_any(
    handles: &[BorrowedHandle<'_>],
    timeout: Option<Duration>,
) -> io::Result<Option<usize>> {
    // Rounded up: a wait that ends before its deadline would be repeated for nothing. More than 49 days are cut, and
    // the caller waits again.
    let millis = timeout.map(|timeout| timeout.as_nanos().div_ceil(1_000_000));
    let millis = millis.map_or(INFINITE, |millis| {
        u32::try_from(millis).map_or(INFINITE - 1, |millis| millis.min(INFINITE - 1))
    });
    let raw: Vec<HANDLE> = handles
        .iter()
        .map(|handle| handle.as_raw_handle())
        .collect();
    let count = u32::try_from(raw.len()).unwrap_or(u32::MAX);
    // SAFETY: `raw` has `count` handles, which the borrows keep open.
    let found = unsafe { WaitForMultipleObjects(count, raw.as_ptr(), 0, millis) };
    if found == WAIT_FAILED {
        return Err(io::Error::last_os_error());
    }
    let index = found.checked_sub(WAIT_OBJECT_0).map(|index| index as usize);
    Ok(index.filter(|index| *index < handles.len()))
}

/// Processes that are killed together: with [`kill`](Self::kill), and when this is dropped, which the system also does
/// when this program ends in any way.
#[derive(Debug)]
pub(super) struct Job(OwnedHandle);

impl Job {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: both pointers may be null: no security attributes and no name.
        let job = owned(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?;
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        // SAFETY: the pointer and the size are those of a structure of the kind that is named.
        done(unsafe {
            SetInformationJobObject(
                job.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of_val(&limits) as u32,
            )
        })?;
        Ok(Self(job))
    }

    /// Adds a process. What it starts from now on belongs to the job too.
    pub(super) fn add(&self, process: BorrowedHandle<'_>) -> io::Result<()> {
        // SAFETY: both handles are open.
        done(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle()) })
    }

    pub(super) fn kill(&self) {
        // SAFETY: the handle is that of a job, and open. It does not fail then.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
    }
}

/// Starts the threads of a process that was created suspended.
pub(super) fn resume(process: u32) -> io::Result<()> {
    // SAFETY: has no precondition. The list is of all threads of the system: there is none of those of a process.
    let threads = owned(unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) })?;
    let mut entry = THREADENTRY32 {
        dwSize: size_of::<THREADENTRY32>() as u32,
        ..THREADENTRY32::default()
    };
    // SAFETY: the pointer is that of an entry which has its size set, as both calls require.
    let mut more = unsafe { Thread32First(threads.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if entry.th32OwnerProcessID == process {
            // SAFETY: has no precondition. An id that is no thread's any more is an error.
            let thread =
                owned(unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID) })?;
            // SAFETY: the handle is that of a thread, with the right that this needs.
            if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
                return Err(io::Error::last_os_error());
            }
        }
        // SAFETY: as for the first entry.
        more = unsafe { Thread32Next(threads.as_raw_handle(), &raw mut entry) };
    }
    Ok(())
}

/// Whether this program has a console.
pub(super) fn has_console() -> bool {
    // SAFETY: has no precondition.
    unsafe { GetConsoleCP() != 0 }
}

/// Sends Ctrl-Break to a process group on the console of this program.
pub(super) fn send_break(group: u32) {
    // SAFETY: has no precondition. It fails if there is no such group on this console.
    unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, group) };
}

/// Makes this the standard stream of that number, for the rest of the program's life.
pub(super) fn set_standard_stream(number: STD_HANDLE, file: File) -> io::Result<()> {
    // SAFETY: the handle is open, and is never closed.
    done(unsafe { SetStdHandle(number, file.into_raw_handle()) })
}

/// Closes a standard stream that has been replaced.
pub(super) fn close_replaced(stream: std::os::windows::io::RawHandle) {
    if !stream.is_null() && stream != INVALID_HANDLE_VALUE {
        // SAFETY: the caller has put another handle in its place, so nobody uses this one.
        drop(unsafe { OwnedHandle::from_raw_handle(stream) });
    }
}

/// A pipe whose reading end can be read while the thread does something else.
pub(super) fn pipe() -> io::Result<(OwnedHandle, File)> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let number = u128::from_ne_bytes(random);
    let name = format!(r"\\.\pipe\execnet-{}-{number:032x}", std::process::id());
    let wide: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let mode = PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED;
    // SAFETY: the name ends in a zero, and the last pointer may be null.
    let reader = owned(unsafe {
        CreateNamedPipeW(
            wide.as_ptr(),
            mode,
            PIPE_REJECT_REMOTE_CLIENTS,
            1,
            0,
            BUFFER as u32,
            0,
            ptr::null(),
        )
    })?;
    // The only instance: nobody else can connect after this, and nobody knew the name before.
    Ok((reader, OpenOptions::new().write(true).open(name)?))
}

/// Number of bytes that one transfer moves at most.
pub(super) const BUFFER: usize = 64 * 1024;

/// One end of a pipe, and a read or write of it that the system performs while the thread does something else.
///
/// The system uses the record and the buffer until the transfer has ended. Therefore both have addresses of their own,
/// nothing here touches them in between, and they are freed after the end.
#[derive(Debug)]
pub(super) struct Transfer {
    pipe: OwnedHandle,
    ended: Arc<Event>,
    record: NonNull<OVERLAPPED>,
    buffer: NonNull<[u8; BUFFER]>,
    pending: bool,
}

// SAFETY: record and buffer belong to this value alone, and any thread may end a transfer that another has begun.
unsafe impl Send for Transfer {}

impl Transfer {
    /// For a pipe that was opened for overlapped use.
    pub(super) fn new(pipe: OwnedHandle) -> io::Result<Self> {
        let ended = Arc::new(Event::new(false)?);
        let buffer: Box<[u8; BUFFER]> = vec![0; BUFFER].into_boxed_slice().try_into().map_err(
            // Does not happen: it has this length.
            |_| io::Error::from(io::ErrorKind::OutOfMemory),
        )?;
        Ok(Self {
            pipe,
            ended,
            record: NonNull::from(Box::leak(Box::new(OVERLAPPED::default()))),
            buffer: NonNull::from(Box::leak(buffer)),
            pending: false,
        })
    }

    /// Set when there is no transfer, or it has ended.
    pub(super) fn ended(&self) -> &Arc<Event> {
        &self.ended
    }

    /// Whether a transfer was begun and not finished.
    pub(super) fn is_pending(&self) -> bool {
        self.pending
    }

    /// Begins to read. There must be no transfer.
    pub(super) fn begin_read(&mut self) -> io::Result<()> {
        let record = self.prepare()?;
        let buffer = self.buffer.as_ptr().cast();
        // SAFETY: record and buffer are valid until the transfer has ended, see the type. `prepare` has found none.
        let begun = unsafe {
            ReadFile(
                self.pipe.as_raw_handle(),
                buffer,
                BUFFER as u32,
                ptr::null_mut(),
                record,
            )
        };
        self.begun(begun)
    }

    /// Begins to write the first of these bytes, and returns how many. There must be no transfer.
    pub(super) fn begin_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let record = self.prepare()?;
        let size = bytes.len().min(BUFFER);
        let buffer: *mut u8 = self.buffer.as_ptr().cast();
        // SAFETY: the buffer has room for `size` bytes, is not that of `bytes`, and no transfer uses it.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, size) };
        // SAFETY: as in `begin_read`.
        let begun = unsafe {
            WriteFile(
                self.pipe.as_raw_handle(),
                buffer,
                size as u32,
                ptr::null_mut(),
                record,
            )
        };
        self.begun(begun).map(|()| size)
    }

    /// Waits for the end of the transfer, and returns its number of bytes.
    pub(super) fn finish(&mut self) -> io::Result<usize> {
        if !self.pending {
            return Ok(0);
        }
        let mut size = 0;
        let pipe = self.pipe.as_raw_handle();
        // SAFETY: the record is that of the transfer of this pipe which was begun.
        let result =
            done(unsafe { GetOverlappedResult(pipe, self.record.as_ptr(), &raw mut size, 1) });
        self.pending = false;
        result.map(|()| size as usize)
    }

    /// What was read: the first `end` bytes from `start` on. Nothing while a transfer runs.
    pub(super) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        if self.pending {
            return &[];
        }
        // SAFETY: no transfer uses the buffer, and the borrow of `self` keeps one from being begun.
        let buffer: &[u8; BUFFER] = unsafe { self.buffer.as_ref() };
        buffer.get(start..end).unwrap_or_default()
    }

    fn prepare(&mut self) -> io::Result<*mut OVERLAPPED> {
        if self.pending {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        self.ended.clear();
        let record = OVERLAPPED {
            hEvent: self.ended.0.as_raw_handle(),
            ..OVERLAPPED::default()
        };
        // SAFETY: the record belongs to this value, and no transfer uses it.
        unsafe { self.record.write(record) };
        Ok(self.record.as_ptr())
    }

    fn begun(&mut self, result: i32) -> io::Result<()> {
        // One that ends at once is finished like any other.
        match done(result) {
            Err(error) if error.raw_os_error() != Some(ERROR_IO_PENDING as i32) => Err(error),
            _ => {
                self.pending = true;
                Ok(())
            }
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if self.pending {
            // SAFETY: the record is that of the transfer which was begun. It fails if that has just ended.
            unsafe { CancelIoEx(self.pipe.as_raw_handle(), self.record.as_ptr()) };
            let _ = self.finish();
        }
        // SAFETY: both come from a Box, and no transfer uses them: it has ended.
        drop(unsafe { Box::from_raw(self.record.as_ptr()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.buffer.as_ptr()) });
    }
}
