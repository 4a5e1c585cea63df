//! A worker in Rust with the functions of rsync, in a thread, over a socket or any link.

use alloc::sync::Arc;
use std::io;
use std::thread;

use execnet::link::{Link, NoControl};
use execnet::{Gateway, GatewayConfig, Role, Worker, rsync};

use crate::LONG;

#[cfg(unix)]
type Stream = std::os::unix::net::UnixStream;
#[cfg(windows)]
type Stream = std::net::TcpStream;

/// Two streams that are connected.
#[cfg(unix)]
fn pair() -> io::Result<(Stream, Stream)> {
    Stream::pair()
}

#[cfg(windows)]
fn pair() -> io::Result<(Stream, Stream)> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let here = Stream::connect(listener.local_addr()?)?;
    Ok((here, listener.accept()?.0))
}

fn link(stream: Stream) -> Link {
    let reader = stream.try_clone().unwrap();
    Link::from_std(reader, Writer(stream), Arc::new(NoControl))
}

/// Shuts the sending half down when it is dropped, as gateways require.
struct Writer(Stream);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.shutdown(std::net::Shutdown::Write);
    }
}

/// Runs the test with a gateway to such a worker.
pub fn with_worker(test: impl FnOnce(&Gateway)) {
    let (here, there) = pair().unwrap();
    with_worker_over([link(here), link(there)], test);
}

/// Runs the test with a gateway to such a worker over a link with these ends.
pub fn with_worker_over([here, there]: [Link; 2], test: impl FnOnce(&Gateway)) {
    let serving = thread::spawn(move || {
        let mut worker = Worker::new();
        rsync::register(&mut worker);
        worker.serve(there)
    });
    let gateway = Gateway::new(here, GatewayConfig::new("rust", Role::Initiator)).unwrap();
    test(&gateway);
    gateway.exit();
    assert!(gateway.join_timeout(LONG));
    serving.join().unwrap().unwrap();
}
