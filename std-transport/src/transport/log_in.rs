//! Gives `sudo` or `su` the password that it asks for, before the handshake.
//!
//! The password is written to the program's standard input and goes nowhere else: it is on no command line, in no
//! environment and in no file. It is written only when the program has printed a prompt on its standard error. If it
//! does not ask, because it knows the user already, [`LOGGED_IN`] comes on its standard output instead. Nothing else is
//! written before that, so that the program cannot read commands for the worker as passwords. A second prompt means
//! that the password was wrong: the program is killed, as further attempts can lock the account.

use core::time::Duration;

use crate::bootstrap::{Duplex, HandshakeError};
use crate::command::{Input, LOGGED_IN};
use crate::error::MakeGatewayError;
use crate::handshake::BadAnswer;
use crate::peer::WorkerHandle;
use crate::transport::{Request, explain};

/// How often the standard error is searched for a prompt: a thread of its own reads it.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Maximum number of bytes of output before [`LOGGED_IN`].
const MAX_PREAMBLE: usize = 1 << 20;

/// Waits until the worker's user is logged in; returns at once if the input is for a program that never asks.
pub(crate) fn log_in(
    request: &Request<'_>,
    duplex: &mut dyn Duplex,
    peer: &dyn WorkerHandle,
    input: &Input,
) -> Result<(), MakeGatewayError> {
    let Some(first) = &input.log_in else {
        return Ok(());
    };
    let mut login = Login {
        request,
        peer,
        output: Vec::new(),
        seen: 0,
        answered: false,
    };
    let done = login.run(duplex, first.clone().into_bytes());
    done.map_err(|failure| explain(peer, failure, &login.output).into())
}

struct Login<'a> {
    request: &'a Request<'a>,
    peer: &'a dyn WorkerHandle,
    output: Vec<u8>,
    /// Length of the standard error up to the last prompt.
    seen: usize,
    answered: bool,
}

impl Login<'_> {
    fn run(&mut self, duplex: &mut dyn Duplex, mut unsent: Vec<u8>) -> Result<(), HandshakeError> {
        let deadline = self.request.deadline;
        let mut buffer = [0; 4096];
        loop {
            let left = deadline.left();
            if left.is_zero() {
                return Err(HandshakeError::Deadline(deadline.timeout()));
            }
            let progress = duplex
                .transfer(&unsent, &mut buffer, left.min(LOOK_INTERVAL))
                .map_err(HandshakeError::Io)?;
            unsent.drain(..progress.sent.min(unsent.len()));
            match progress.received {
                None => {}
                Some(0) => return Err(HandshakeError::End),
                Some(size) => {
                    let bytes = buffer.get(..size).unwrap_or_default();
                    if self.is_logged_in(bytes)? {
                        return Ok(());
                    }
                }
            }
            if let Some(prompt) = self.prompt() {
                unsent.extend(self.password(&prompt)?.into_bytes());
            }
        }
    }

    /// Whether the output with these bytes says that the user is logged in.
    fn is_logged_in(&mut self, bytes: &[u8]) -> Result<bool, HandshakeError> {
        self.output.extend_from_slice(bytes);
        if self.output.len() > MAX_PREAMBLE {
            return Err(HandshakeError::Answer(BadAnswer::TooMuchOutput));
        }
        let mark = LOGGED_IN.as_bytes();
        // Nothing comes behind it before the next line is sent.
        Ok(self
            .output
            .trim_ascii_end()
            .ends_with(mark.trim_ascii_end()))
    }

    /// The prompt that has come since the last one: a last line without a line end, which ends in a colon.
    fn prompt(&mut self) -> Option<String> {
        let stderr = self.peer.stderr();
        let line = stderr.get(self.seen..)?.rsplit('\n').next()?.trim();
        // The second is the colon of Chinese and Japanese.
        if !line.ends_with([':', '\u{ff1a}']) {
            return None;
        }
        let prompt = line.to_owned();
        self.seen = stderr.len();
        Some(prompt)
    }

    fn password(&mut self, prompt: &str) -> Result<String, HandshakeError> {
        let refused = |text: &str| HandshakeError::Password(text.to_owned());
        if core::mem::replace(&mut self.answered, true) {
            return Err(refused("the password is wrong"));
        }
        let Some(askpass) = &self.request.options.askpass else {
            return Err(refused("a password is required"));
        };
        let answer = askpass.ask(self.request.id, prompt, self.request.deadline);
        let answer = answer.map_err(|error| HandshakeError::Password(error.to_string()))?;
        match answer {
            Some(password) if !password.contains(['\n', '\0']) => Ok(password + "\n"),
            Some(_) => Err(refused("the password contains a line break or a NUL")),
            None => Err(refused("no password was given")),
        }
    }
}
