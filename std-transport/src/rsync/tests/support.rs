//! A channel in memory, for tests of both sides of a sync.

use core::time::Duration;
use std::sync::mpsc;

use execnet_serializer::{Dump, DumpOptions, LoadOptions, Value};

use crate::rsync::sync_channel::{SyncChannel, SyncErrorKind};

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

impl SyncChannel for Pipe {
    fn send(&self, item: impl Dump) -> Result<(), SyncErrorKind> {
        let bytes = DumpOptions::wire().dumps(&item).unwrap();
        self.to.send(bytes).map_err(|_| SyncErrorKind::Gone)
    }

    fn receive(&self, idle_timeout: Option<Duration>) -> Result<Value, SyncErrorKind> {
        let bytes = self.receive_payload(idle_timeout)?;
        Ok(LoadOptions::wire().loads(&bytes).unwrap())
    }

    fn receive_payload(&self, idle_timeout: Option<Duration>) -> Result<Vec<u8>, SyncErrorKind> {
        let idle_timeout = idle_timeout.unwrap_or(LONG);
        self.from
            .recv_timeout(idle_timeout)
            .map_err(|error| match error {
                mpsc::RecvTimeoutError::Timeout => SyncErrorKind::Silence(idle_timeout),
                mpsc::RecvTimeoutError::Disconnected => SyncErrorKind::Gone,
            })
    }
}
