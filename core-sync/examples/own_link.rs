//! A worker over a link of one's own: here the two ends of a socket, in one process. A serial port, a pipe or a
//! connection of another library works in the same way.
//!
//! ```text
//! cargo run -p execnet-core-sync --example own_link
//! ```

extern crate alloc;

use alloc::sync::Arc;
use core::error::Error;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;

use execnet_core_sync::link::{Link, PeerControl};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, Role, SendError, Worker};

fn main() -> Result<(), Box<dyn Error>> {
    let (near, far) = UnixStream::pair()?;
    let far = link(far)?;
    let mut worker = Worker::new();
    worker.register("echo", echo);
    let worker = thread::spawn(move || worker.serve(far));

    let gateway = Gateway::new(link(near)?, GatewayConfig::new("own", Role::Initiator))?;
    let channel = gateway.remote_exec("echo")?;
    for item in ["hello", "again"] {
        channel.send(item)?;
        println!("{}", channel.receive()?);
    }
    gateway.exit();
    worker.join().map_err(|_| "the worker panicked")??;
    Ok(())
}

/// Sends what it receives, until the channel ends.
fn echo(channel: &Channel) -> Result<(), SendError> {
    channel
        .iter()
        .flatten()
        .try_for_each(|item| channel.send(&*item))
}

/// A link over a socket. It needs the two directions, and a way to end both.
fn link(socket: UnixStream) -> io::Result<Link> {
    let writer = Writer(socket.try_clone()?);
    Ok(Link::from_std(
        socket.try_clone()?,
        writer,
        Arc::new(Control(socket)),
    ))
}

/// The writing direction. The gateway drops it when it writes no more, and the peer then has to see the end of the
/// stream. Dropping a clone of a socket would not close the connection.
struct Writer(UnixStream);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // It fails if the connection has ended already.
        let _ = self.0.shutdown(Shutdown::Write);
    }
}

struct Control(UnixStream);

impl PeerControl for Control {
    fn kill(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
