//! The installer in Rust: a socket server for one connection, for which it starts a process.

use core::error::Error;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use execnet_core_sync::Channel;
use execnet_core_sync::worker::Kwargs;

use super::launches;
use super::proxy_worker::deadline;
use crate::deadline::Deadline;
use crate::socket::{Listen, Server, ServerEvent, ServerOptions};
use crate::sys::private_directory;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Serves one `installvia=`, until its worker has ended.
pub(super) fn serve(channel: &Channel, arguments: Kwargs) -> Outcome {
    let launches = arguments.get("launches").and_then(launches::read);
    let launches = launches.ok_or("no launches")?;
    let deadline = deadline(&arguments);
    let directory = private_directory()?;
    let path = directory.path().join("private/socket");
    let (events, happened) = mpsc::channel();
    let options = ServerOptions::new()
        .with_max_connections(1)
        .with_events(events);
    let server = Server::bind_launches(Listen::Unix(path.clone()), options, launches)?;
    let text = path
        .to_str()
        .ok_or("the temporary directory has no readable name")?;
    channel.send(("process", text))?;
    thread::scope(|scope| {
        let stop = server.stop_handle();
        let serving = scope.spawn(|| server.run());
        let ended = wait(&happened, deadline);
        // In every case, an error included: the scope waits for the server's thread.
        stop.stop();
        let served = serving.join();
        ended?;
        served.map_err(|_| io::Error::other("the server panicked"))??;
        Ok(())
    })
}

/// Waits for the connection until the deadline, then for its end.
fn wait(happened: &mpsc::Receiver<ServerEvent>, deadline: Deadline) -> io::Result<()> {
    let mut accepted = false;
    loop {
        let event = if accepted {
            happened.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            happened.recv_timeout(deadline.left())
        };
        match event {
            Ok(ServerEvent::Accepted { .. }) => accepted = true,
            Ok(ServerEvent::Refused { .. } | ServerEvent::RefusedMore { .. }) => {}
            Ok(ServerEvent::Ended { .. }) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}
