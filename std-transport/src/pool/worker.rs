//! The thread of one worker.

use core::cell::Cell;

use execnet_core_sync::{Channel, Gateway, ReceiveError, SendError};

use super::shared::{Queued, Shared};
use crate::call::{self, CallError};
use crate::error::MakeGatewayError;
use crate::spec::XSpec;

/// How often a call is put back if its worker died before the call was sent.
const MAX_UNSENT: u32 = 3;

pub(super) struct Worker<'a> {
    pub(super) shared: &'a Shared,
    pub(super) index: usize,
    pub(super) gateway: Gateway,
    /// With the id of the gateway.
    pub(super) spec: XSpec,
    pub(super) channel: Option<Channel>,
}

/// Counts the thread as ended, also after a panic in the callback or in the program's own types.
struct Running<'a> {
    shared: &'a Shared,
    lost: Cell<Option<MakeGatewayError>>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.shared.worker_ends(self.lost.take());
    }
}

impl Worker<'_> {
    /// Takes calls until the pool ends, or the worker cannot be replaced.
    pub(super) fn work(mut self) {
        let running = Running {
            shared: self.shared,
            lost: Cell::new(None),
        };
        while let Some(queued) = self.shared.next() {
            match self.channel() {
                Ok(channel) => self.run(&channel, queued),
                Err(error) => {
                    // Other workers take it.
                    self.shared.put_back(queued);
                    running.lost.set(error);
                    return;
                }
            }
        }
    }

    /// The channel of a worker that lives. The error is `None` if the pool has ended.
    fn channel(&mut self) -> Result<Channel, Option<MakeGatewayError>> {
        loop {
            if self.gateway.is_exited() || !self.gateway.has_receiver() {
                self.replace()?;
            }
            let channel = match &self.channel {
                Some(channel) => return Ok(channel.clone()),
                // The error is that the worker has just died.
                None => match call::open(&self.gateway, false) {
                    Ok(channel) => channel,
                    Err(_) => {
                        self.replace()?;
                        continue;
                    }
                },
            };
            if !self.set_channel(Some(channel)) {
                return Err(None);
            }
        }
    }

    fn set_channel(&mut self, channel: Option<Channel>) -> bool {
        self.channel = channel;
        self.shared.set_channel(self.index, self.channel.as_ref())
    }

    /// Kills the worker if it lives, and starts another one with its id.
    fn replace(&mut self) -> Result<(), Option<MakeGatewayError>> {
        self.set_channel(None);
        self.gateway.kill();
        // Its id is free from now on.
        self.gateway.exit();
        if self.shared.has_ended() {
            return Err(None);
        }
        self.gateway = self.shared.group.make_gateway(self.spec.clone())?;
        Ok(())
    }

    fn run(&mut self, channel: &Channel, queued: Queued) {
        let Queued { mut task, deaths } = queued;
        let count = || self.shared.done(false);
        let ran = task.run(channel, self.shared.options.call_timeout, &count);
        let Err(error) = ran else { return };
        let repeats = match &error {
            CallError::Send(SendError::Disconnected(_) | SendError::Closed) => MAX_UNSENT,
            CallError::Receive(error) if error.is_disconnected() => self.shared.options.retries,
            _ => 0,
        };
        if error.is_timeout() {
            self.gateway.kill();
            self.gateway.exit();
        }
        // After these errors the program still serves the channel.
        let is_open = matches!(
            error,
            CallError::Receive(ReceiveError::Item(_)) | CallError::Send(SendError::Encode(_))
        );
        if !is_open && !self.set_channel(None) {
            // The pool has ended, and with the task the other end of its handle does.
            return;
        }
        if deaths < repeats {
            let deaths = deaths + 1;
            self.shared.put_back(Queued { task, deaths });
        } else {
            self.shared.done(true);
            task.fail(error);
        }
    }
}
