//! Running a command to its end.

use core::mem;
use std::io;

use execnet_core_sync::{Channel, Item, MultiChannel, ReceiveError, ReceiveQueue};

use super::child::{RemoteChild, exit};
use super::error::CommandError;
use super::streams::{bytes, confirm};
use super::{OnOutput, RemoteCommand};
use crate::deadline::Deadline;
use crate::exit::Exit;

/// What a remote command has written, and how it ended: see [`RemoteCommand::output`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandOutput {
    /// The exit status, or the signal.
    pub exit: Exit,
    /// The standard output; empty with [`RemoteCommand::on_stdout`].
    pub stdout: Vec<u8>,
    /// The standard error; empty with [`RemoteCommand::on_stderr`].
    pub stderr: Vec<u8>,
}

pub(super) fn run(
    mut command: RemoteCommand<'_>,
    deadline: Deadline,
) -> Result<CommandOutput, CommandError> {
    let input = mem::take(&mut command.input);
    let child = RemoteChild::start(&command, Some(input), deadline)?;
    let Some([control, stdout, stderr]) = child.into_channels() else {
        return Err(CommandError::Receive(ReceiveError::Closed));
    };
    let channels = MultiChannel::new(vec![control.clone(), stdout.clone(), stderr]);
    let queue = channels.make_receive_queue_with_end_markers();
    let queue = queue.map_err(|error| CommandError::Start(io::Error::other(error)))?;
    let mut run = Run {
        control,
        stdout: Sink::new(command.on_stdout),
        stderr: Sink::new(command.on_stderr),
        exit: None,
    };
    let done = run.receive(&queue, &stdout, deadline);
    if done.is_err() {
        // Handles of channels with callbacks do not close them.
        channels.iter().for_each(Channel::close);
    }
    done?;
    Ok(CommandOutput {
        exit: run.exit.unwrap_or(Exit::UNKNOWN),
        stdout: run.stdout.collected,
        stderr: run.stderr.collected,
    })
}

struct Run<'a> {
    control: Channel,
    stdout: Sink<'a>,
    stderr: Sink<'a>,
    exit: Option<Exit>,
}

impl Run<'_> {
    /// Receives until all three channels have ended.
    fn receive(
        &mut self,
        queue: &ReceiveQueue,
        stdout: &Channel,
        deadline: Deadline,
    ) -> Result<(), CommandError> {
        let mut open = 3;
        while open > 0 {
            match next(queue, deadline)? {
                (_, None) => open -= 1,
                (channel, Some(status)) if channel == self.control => {
                    self.exit = Some(exit(&status));
                }
                (channel, Some(item)) => {
                    let sink = match channel == *stdout {
                        true => &mut self.stdout,
                        false => &mut self.stderr,
                    };
                    sink.take(bytes(item));
                    confirm(&channel);
                }
            }
        }
        if self.exit.is_none() {
            self.control.wait_close_timeout(deadline.left())?;
            return Err(CommandError::Receive(ReceiveError::Closed));
        }
        Ok(())
    }
}

fn next(queue: &ReceiveQueue, deadline: Deadline) -> Result<(Channel, Option<Item>), ReceiveError> {
    match deadline.remaining() {
        Some(left) => queue.receive_timeout(left),
        None => queue.receive(),
    }
}

/// Where the output of one stream goes.
struct Sink<'a> {
    callback: Option<OnOutput<'a>>,
    collected: Vec<u8>,
}

impl<'a> Sink<'a> {
    fn new(callback: Option<OnOutput<'a>>) -> Self {
        let collected = Vec::new();
        Self {
            callback,
            collected,
        }
    }

    fn take(&mut self, chunk: Vec<u8>) {
        match &mut self.callback {
            Some(callback) => callback(&chunk),
            None => self.collected.extend(chunk),
        }
    }
}
