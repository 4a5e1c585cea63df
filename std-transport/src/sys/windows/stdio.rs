//! The standard streams and the priority of this process, when it is a worker, and serial ports.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle as _, AsRawHandle as _};

use windows_sys::Win32::System::Console::{STD_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE};

use super::calls::{close_replaced, set_standard_stream};
use super::unix_socket::UnixStream;

/// Copies of standard input and output, which are the null device afterwards.
pub(crate) fn take_stdio() -> io::Result<(File, File)> {
    // The copies are not inherited by processes that a function starts, and the originals, which would be, are closed:
    // a process that outlives the worker would otherwise keep the link open.
    let reader = io::stdin().as_handle().try_clone_to_owned()?;
    let writer = io::stdout().as_handle().try_clone_to_owned()?;
    let (input, output) = (io::stdin().as_raw_handle(), io::stdout().as_raw_handle());
    replace(STD_INPUT_HANDLE)?;
    replace(STD_OUTPUT_HANDLE)?;
    close_replaced(input);
    if output != input {
        close_replaced(output);
    }
    Ok((reader.into(), writer.into()))
}

fn replace(stream: STD_HANDLE) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("NUL")?;
    set_standard_stream(stream, null)
}

/// Sends to standard error what functions print to standard output.
pub(crate) fn join_streams() -> io::Result<()> {
    let errors = io::stderr().as_handle().try_clone_to_owned()?;
    set_standard_stream(STD_OUTPUT_HANDLE, errors.into())
}

/// Refused: there are no such numbers here.
pub(crate) fn nice(_change: i64) -> io::Result<()> {
    let problem = "Windows has no such priorities";
    Err(io::Error::new(io::ErrorKind::Unsupported, problem))
}

/// Refused: see the error.
pub(crate) fn open_tty(_path: &str, _baud: u32) -> io::Result<UnixStream> {
    let problem = "serial ports of Windows are not supported: name a socket that leads to the line (tcp:HOST:PORT)";
    Err(io::Error::new(io::ErrorKind::Unsupported, problem))
}
