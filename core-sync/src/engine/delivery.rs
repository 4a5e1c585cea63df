//! Who takes the items of a channel: its states, and the changes between them.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::receive::TakenItem;
use super::shared::Shared;
use crate::error::CallbackError;
use crate::panics;

/// The taker of a channel's items: receivers, or a callback.
///
/// ```text
///              set                        begin
///  Receivers ───────▶ CallbackQueued ─────────────▶ CallbackRunning ──finish──▶ CallbackDone
///      ▲                │  ▲     ▲                     │      │
///      └────unset───────┘  │     └────put_back: more───┘      │
///                          │ queue                            │ put_back
///                      CallbackIdle ◀─────────────────────────┘
/// ```
///
/// From every stage with a callback, `finish` leads to `CallbackDone`, which is final: a callback is set once.
///
/// While a callback runs, the callback thread owns it: it runs unlocked, and no other thread can call it at the same
/// time. An item that arrives meanwhile changes nothing (`queue` returns false in `CallbackRunning`), because the
/// thread looks at the inbox again, under the same lock, before it puts the callback back.
///
/// A callback is code of the program, and so is its drop: it may own the last handle of a channel, whose drop takes the
/// state's lock, under which all of this happens. So no method here drops one. A transition that has no use for the
/// callback it got, or for the one it displaces, returns it.
#[derive(Default)]
pub(super) struct Delivery(Stage);

#[derive(Default)]
enum Stage {
    #[default]
    Receivers,
    /// There is no item for the callback.
    CallbackIdle(Callback),
    /// The channel is in the queue of the callback thread, once.
    CallbackQueued(Callback),
    /// The callback thread has the callback.
    CallbackRunning,
    /// The callback has seen the end, or failed.
    CallbackDone(Option<CallbackError>),
}

/// A callback that is not needed, to be dropped when no lock is held.
pub(super) type Unused = Option<Callback>;

impl Delivery {
    /// Sets the callback. The caller has to queue the channel.
    ///
    /// # Errors
    ///
    /// There is, or was, a callback already. The error is the new one.
    pub(super) fn set(&mut self, callback: Callback) -> Result<(), Callback> {
        match self.0 {
            Stage::Receivers => {
                self.0 = Stage::CallbackQueued(callback);
                Ok(())
            }
            _ => Err(callback),
        }
    }

    /// Undoes [`set`](Self::set), for a caller that cannot start the callback thread; not while the callback runs.
    #[must_use]
    pub(super) fn unset(&mut self) -> Unused {
        match core::mem::take(&mut self.0) {
            Stage::CallbackQueued(callback) | Stage::CallbackIdle(callback) => Some(callback),
            other => {
                self.0 = other;
                None
            }
        }
    }

    /// There is an item, or the end, for the callback. Returns whether the caller has to queue the channel: it is in the
    /// queue once at most.
    pub(super) fn queue(&mut self) -> bool {
        // Taken out and put back, because the stage owns the callback. The `Receivers` that stands in is never seen: the
        // state's lock is held, and nothing here can panic.
        match core::mem::take(&mut self.0) {
            Stage::CallbackIdle(callback) => {
                self.0 = Stage::CallbackQueued(callback);
                true
            }
            other => {
                self.0 = other;
                false
            }
        }
    }

    /// Takes the callback out of a queued channel to run it. None if it has finished since the channel was queued.
    #[must_use]
    pub(super) fn begin(&mut self) -> Unused {
        match core::mem::replace(&mut self.0, Stage::CallbackRunning) {
            Stage::CallbackQueued(callback) => Some(callback),
            other => {
                self.0 = other;
                None
            }
        }
    }

    /// Puts back a callback that has run. If it may have `more` items, but lets those of other channels run first, the
    /// caller has to queue the channel.
    #[must_use]
    pub(super) fn put_back(&mut self, callback: Callback, more: bool) -> Unused {
        match self.0 {
            Stage::CallbackRunning => {
                self.0 = match more {
                    true => Stage::CallbackQueued(callback),
                    false => Stage::CallbackIdle(callback),
                };
                None
            }
            // Not reached: a channel with a callback stays in the session until `finish`.
            _ => Some(callback),
        }
    }

    /// The callback has seen the end, or has failed with `error`.
    #[must_use]
    pub(super) fn finish(&mut self, error: Option<CallbackError>) -> Unused {
        match core::mem::replace(&mut self.0, Stage::CallbackDone(error)) {
            Stage::CallbackIdle(callback) | Stage::CallbackQueued(callback) => Some(callback),
            Stage::Receivers | Stage::CallbackRunning | Stage::CallbackDone(_) => None,
        }
    }

    /// Whether items go to a callback.
    pub(super) fn has_callback(&self) -> bool {
        !matches!(self.0, Stage::Receivers)
    }

    /// Whether there is a callback that has not seen the end yet.
    pub(super) fn is_called(&self) -> bool {
        !matches!(self.0, Stage::Receivers | Stage::CallbackDone(_))
    }

    /// Why the callback failed.
    pub(super) fn error(&self) -> Option<&CallbackError> {
        match &self.0 {
            Stage::CallbackDone(error) => error.as_ref(),
            _ => None,
        }
    }
}

type CallbackFn =
    Box<dyn FnMut(&Arc<Shared>, Option<TakenItem>) -> Result<(), CallbackError> + Send>;

/// Takes the items of a channel in place of receivers.
pub(crate) struct Callback {
    /// It must not hold a handle of the gateway: a gateway exits when its last handle is dropped, and a callback that held
    /// one would keep it open for ever.
    pub(crate) call: CallbackFn,
    /// Is called with `None` at the end of the channel.
    pub(crate) end_marker: bool,
    /// Keeps its items in a queue of the program: they are handed out with a [`Held`](super::Held).
    pub(crate) holds: bool,
}

impl Callback {
    /// Calls it with the end marker, if it wants one.
    pub(super) fn end(&mut self, shared: &Arc<Shared>) -> Result<(), CallbackError> {
        match self.end_marker {
            true => self.run(shared, None),
            false => Ok(()),
        }
    }

    /// Calls it with an item, or with the end marker.
    pub(super) fn run(
        &mut self,
        shared: &Arc<Shared>,
        item: Option<TakenItem>,
    ) -> Result<(), CallbackError> {
        // A panic ends the channel and not this thread, which other channels need. The callback is not called again, as its
        // own data may be inconsistent.
        panics::catch(|| (self.call)(shared, item))
            .unwrap_or_else(|message| Err(CallbackError::Panicked(message)))
    }
}
