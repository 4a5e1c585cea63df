//! The steps of a schedule, made from random bytes.

use execnet_core_sync::{InboxLimits, OverflowPolicy};

/// The settings of both ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) inbox: InboxLimits,
    pub(crate) credit: Option<usize>,
}

/// One step. A number selects one of the existing things, by remainder.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// The initiator calls code.
    Exec,
    Open {
        side: usize,
    },
    Status,
    /// Sends an item of this size, or waits until it may be sent.
    Send {
        side: usize,
        on: usize,
        naming: Naming,
        size: usize,
    },
    /// This many bytes arrive.
    Deliver {
        to: usize,
        bytes: usize,
    },
    Take {
        side: usize,
        on: usize,
    },
    /// Waits for an item.
    Receive {
        side: usize,
        on: usize,
    },
    WaitClose {
        side: usize,
        on: usize,
    },
    /// A thread that was woken runs.
    Resume {
        side: usize,
        waiter: usize,
    },
    SetCallback {
        side: usize,
        on: usize,
    },
    /// A queued callback is called with at most this many items, and may fail at the last one.
    Call {
        side: usize,
        callback: usize,
        items: usize,
        fails: bool,
    },
    Release {
        side: usize,
        handle: usize,
    },
    Close {
        side: usize,
        handle: usize,
        error: bool,
    },
    Exit {
        side: usize,
    },
    /// The link breaks: this many bytes still arrive in each direction.
    Cut {
        bytes: usize,
    },
}

/// The channel that an item names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Naming {
    Nothing,
    Known(usize),
    Fresh,
}

impl Setting {
    pub(crate) fn of(byte: u8) -> Self {
        let overflow = match byte % 4 {
            3 => OverflowPolicy::Pause,
            _ => OverflowPolicy::Close,
        };
        let limited = byte % 4 >= 2;
        let limit = |bytes| limited.then_some(bytes);
        let inbox = InboxLimits::default()
            .with_channel(limit(600))
            .with_gateway(limit(2000))
            .with_overflow(overflow);
        let credit = (byte & 4 != 0).then_some(300);
        Self { inbox, credit }
    }
}

impl Step {
    /// Decodes a step: its kind and its parameters.
    pub(crate) const SIZE: usize = 4;

    pub(crate) fn of([what, which, more, size]: [u8; Self::SIZE]) -> Self {
        let [side, on] = [which % 2, which / 2].map(usize::from);
        let [more, size] = [more, size].map(usize::from);
        match what {
            0..60 => Self::Deliver {
                to: side,
                // Mostly a part of a frame, sometimes all bytes.
                bytes: if more < 200 { more } else { more * 100 },
            },
            60..110 => Self::Send {
                side,
                on,
                naming: Naming::of(more),
                size,
            },
            110..140 => Self::Take { side, on },
            140..160 => Self::Receive { side, on },
            160..170 => Self::WaitClose { side, on },
            170..195 => Self::Resume { side, waiter: on },
            195..205 => Self::SetCallback { side, on },
            205..225 => Self::Call {
                side,
                callback: on,
                items: more % 4,
                fails: size < 10,
            },
            225..234 => Self::Release { side, handle: on },
            234..242 => Self::Close {
                side,
                handle: on,
                error: more % 2 == 1,
            },
            242..247 => Self::Open { side },
            247..251 => Self::Exec,
            251..253 => Self::Status,
            253 => Self::Exit { side },
            254.. => Self::Cut { bytes: size },
        }
    }
}

impl Naming {
    fn of(number: usize) -> Self {
        match number {
            0..160 => Self::Nothing,
            160..230 => Self::Known(number),
            _ => Self::Fresh,
        }
    }
}
