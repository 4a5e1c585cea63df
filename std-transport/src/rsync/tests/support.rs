use core::time::Duration;
use std::sync::mpsc;

use execnet_serializer::{Dump, DumpOptions, LoadOptions, Value};

use crate::rsync::port::{Port, Trouble};

/// No answer takes this long.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// One end of a channel in memory. Items go through their encoding.
pub(super) struct Pipe {
    to: mpsc::Sender<Vec<u8>>,
    from: mpsc::Receiver<Vec<u8>>,
}

pub(super) fn pipe() -> (Pipe, Pipe) {
    let ((to_a, from_b), (to_b, from_a)) = (mpsc::channel(), mpsc::channel());
    (
        Pipe {
            to: to_b,
            from: from_b,
        },
        Pipe {
            to: to_a,
            from: from_a,
        },
    )
}

impl Port for Pipe {
    fn send(&self, item: impl Dump) -> Result<(), Trouble> {
        let bytes = DumpOptions::wire().dumps(&item).unwrap();
        self.to.send(bytes).map_err(|_| Trouble::Gone)
    }

    fn receive(&self, idle_timeout: Option<Duration>) -> Result<Value, Trouble> {
        let bytes = self.receive_payload(idle_timeout)?;
        Ok(LoadOptions::wire().loads(&bytes).unwrap())
    }

    fn receive_payload(&self, idle_timeout: Option<Duration>) -> Result<Vec<u8>, Trouble> {
        let idle_timeout = idle_timeout.unwrap_or(LONG);
        self.from
            .recv_timeout(idle_timeout)
            .map_err(|error| match error {
                mpsc::RecvTimeoutError::Timeout => Trouble::Silence(idle_timeout),
                mpsc::RecvTimeoutError::Disconnected => Trouble::Gone,
            })
    }
}
