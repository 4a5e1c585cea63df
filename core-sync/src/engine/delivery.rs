use super::callback::Callback;
use crate::error::CallbackError;

/// What takes the items of a channel: receivers, or a callback.
///
/// ```text
///              set                        begin
///  Receivers ───────▶ CallbackQueued ─────────────▶ CallbackRunning ──finish──▶ CallbackDone
///      ▲                │  ▲     ▲                     │      │
///      └────unset───────┘  │     └──────requeue────────┘      │
///                          │ ring                             │ idle
///                      CallbackIdle ◀─────────────────────────┘
/// ```
///
/// A callback is code of the program, and so is dropping it: it may own the last handle of a channel, whose drop takes
/// the state's lock, under which all this happens. So there is no way here to drop one. A transition that has no use
/// for the callback it got, or for the one it displaces, gives it back.
#[derive(Default)]
pub(super) struct Delivery(Stage);

#[derive(Default)]
enum Stage {
    #[default]
    Receivers,
    /// A callback that has nothing to do.
    CallbackIdle(Callback),
    /// A callback whose channel is in the queue of the thread that calls.
    CallbackQueued(Callback),
    /// That thread has the callback.
    CallbackRunning,
    /// The callback has seen the end, or failed.
    CallbackDone(Option<CallbackError>),
}

/// A callback that is not needed where it was given or found: to be dropped when nothing is locked.
pub(super) type Unused = Option<Callback>;

impl Delivery {
    /// Has the callback take the items. It has to be queued.
    ///
    /// # Errors
    ///
    /// There is a callback already: gives the new one back.
    pub(super) fn set(&mut self, callback: Callback) -> Result<(), Callback> {
        match self.0 {
            Stage::Receivers => {
                self.0 = Stage::CallbackQueued(callback);
                Ok(())
            }
            _ => Err(callback),
        }
    }

    /// Takes [`set`](Self::set) back, unless the callback has been called.
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

    /// There is something for the callback. True if it has to be queued.
    pub(super) fn ring(&mut self) -> bool {
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

    /// Takes a queued callback out to be called.
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

    /// The callback has been called with all there was.
    #[must_use]
    pub(super) fn idle(&mut self, callback: Callback) -> Unused {
        self.put_back(callback, Stage::CallbackIdle)
    }

    /// The callback is to be called again, after others.
    #[must_use]
    pub(super) fn requeue(&mut self, callback: Callback) -> Unused {
        self.put_back(callback, Stage::CallbackQueued)
    }

    fn put_back(&mut self, callback: Callback, stage: fn(Callback) -> Stage) -> Unused {
        match self.0 {
            Stage::CallbackRunning => {
                self.0 = stage(callback);
                None
            }
            _ => Some(callback),
        }
    }

    /// The callback is done with the channel.
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

    /// Whether a callback has not seen the end yet.
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
