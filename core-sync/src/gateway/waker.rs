use alloc::sync::Arc;

use execnet_serializer::ChannelId;

use super::shared::State;
use crate::sync::{Condvar, Deadline, Guard};

/// What the session keeps with a channel for those who wait on it.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    bell: Arc<Bell>,
    receivers: usize,
    closers: usize,
}

/// Where threads wait on a channel. Every handle holds it, so that waiting needs no look-up.
///
/// There are two of them so that the notification of an item reaches one who receives, never one who waits for
/// the end.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    item: Condvar,
    end: Condvar,
}

/// A notification that is due. It is given when no lock is held any more, so that who wakes does not run into
/// the lock; and only where somebody waits, as it is a system call.
#[must_use]
pub(crate) struct Wake {
    bell: Arc<Bell>,
    all: bool,
}

impl Waker {
    pub(super) fn bell(&self) -> Arc<Bell> {
        self.bell.clone()
    }

    /// An item came: one receiver can go on.
    pub(crate) fn item(&self) -> Option<Wake> {
        (self.receivers > 0).then(|| self.wake(false))
    }

    /// The channel ended: all can go on.
    pub(crate) fn ended(&self) -> Option<Wake> {
        (self.receivers + self.closers > 0).then(|| self.wake(true))
    }

    fn wake(&self, all: bool) -> Wake {
        let bell = self.bell();
        Wake { bell, all }
    }
}

impl Wake {
    pub(crate) fn notify(self) {
        if self.all {
            self.bell.item.notify_all();
            self.bell.end.notify_all();
        } else {
            self.bell.item.notify_one();
        }
    }
}

impl Bell {
    /// Waits for an item, or the end, of the channel.
    pub(crate) fn wait_item<'a>(
        &self,
        mut state: Guard<'a, State>,
        id: ChannelId,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        state.count(id, |waker| waker.receivers += 1);
        let mut state = self.item.wait(state, deadline);
        state.count(id, |waker| waker.receivers -= 1);
        state
    }

    /// Waits for the end of the channel.
    pub(crate) fn wait_end<'a>(
        &self,
        mut state: Guard<'a, State>,
        id: ChannelId,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        state.count(id, |waker| waker.closers += 1);
        let mut state = self.end.wait(state, deadline);
        state.count(id, |waker| waker.closers -= 1);
        state
    }
}
