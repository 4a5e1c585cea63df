use core::fmt;

use execnet_serializer::ChannelId;

/// Which end of the gateway this is. It decides which ids are ours, and whether the peer may run code here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that started the other one: allocates odd ids, runs no code for its peer.
    Initiator,
    /// The started end: allocates even ids.
    Worker,
}

/// Allots channel ids, and judges those that a peer names.
///
/// # The rule for ids from a peer
///
/// | id that a peer names, of which no channel lives here | |
/// |---|---|
/// | 0 or below | refused |
/// | of the peer's parity | accepted: the peer makes a channel |
/// | of our parity, allocated before | accepted: the channel was shared, then dropped here |
/// | of our parity, not allocated yet | refused: it would collide with a later channel of ours |
///
/// The id of a living channel is always accepted. Frames (in difference to ids inside items) never make a
/// channel, with the exception of CHANNEL_EXEC; those for ids that do not live here are ignored, as channels are
/// dropped while frames for them are on the way.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    /// The next id to allocate. Above `i32::MAX` no id is left.
    next: i64,
}

impl Ids {
    /// The counter of one end, at its start.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        let next = match role {
            Role::Initiator => 1,
            Role::Worker => 2,
        };
        Self { next }
    }

    /// The next id: they only grow, and none is given twice. `None` when all are used up.
    pub fn allocate(&mut self) -> Option<ChannelId> {
        let id = i32::try_from(self.next).ok()?;
        self.next += 2;
        Some(ChannelId(id))
    }

    /// Whether a peer may name `id`, of which no channel lives here.
    ///
    /// # Errors
    ///
    /// The rule above refuses it.
    pub fn check(&self, id: ChannelId) -> Result<(), RefusedId> {
        let ours = i64::from(id.0 % 2) == self.next % 2;
        if id.0 <= 0 {
            Err(RefusedId::NotPositive(id))
        } else if ours && i64::from(id.0) >= self.next {
            Err(RefusedId::NotAllotted(id))
        } else {
            Ok(())
        }
    }
}

/// A channel id that a peer may not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedId {
    /// Ids start at 1.
    NotPositive(ChannelId),
    /// The id is ours to allocate, and was not allocated yet.
    NotAllotted(ChannelId),
    /// The peer holds as many channels as it may.
    TooMany {
        /// The id that is one too many.
        id: ChannelId,
        /// How many channels the peer may make.
        limit: usize,
    },
    /// The channel lives already, where a new one was asked for.
    InUse(ChannelId),
}

impl fmt::Display for RefusedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPositive(id) => write!(f, "channel id {} is not positive", id.0),
            Self::NotAllotted(id) => {
                write!(f, "channel id {} was never given out by this end", id.0)
            }
            Self::TooMany { id, limit } => {
                write!(
                    f,
                    "channel id {} is beyond the limit of {limit} channels made by the peer",
                    id.0
                )
            }
            Self::InUse(id) => write!(f, "channel id {} is in use", id.0),
        }
    }
}

impl core::error::Error for RefusedId {}

#[cfg(test)]
mod tests {
    use super::{ChannelId, Ids, RefusedId, Role};

    #[test]
    fn an_initiator_allots_odd_ids_and_a_worker_even_ones() {
        for (role, expected) in [(Role::Initiator, [1, 3, 5]), (Role::Worker, [2, 4, 6])] {
            let mut ids = Ids::new(role);
            let allocated = [(); 3].map(|()| ids.allocate());
            assert_eq!(allocated, expected.map(|id| Some(ChannelId(id))));
        }
    }

    #[test]
    fn the_last_id_is_followed_by_none() {
        let mut ids = Ids {
            next: i64::from(i32::MAX),
        };
        assert_eq!(ids.allocate(), Some(ChannelId(i32::MAX)));
        assert_eq!(ids.allocate(), None);
        assert_eq!(ids.allocate(), None);
    }

    #[test]
    fn ids_are_judged_by_the_stated_rule() {
        let mut ids = Ids::new(Role::Initiator);
        ids.allocate();
        for (id, refused) in [
            (0, Some(RefusedId::NotPositive(ChannelId(0)))),
            (-1, Some(RefusedId::NotPositive(ChannelId(-1)))),
            (i32::MIN, Some(RefusedId::NotPositive(ChannelId(i32::MIN)))),
            (1, None),
            (3, Some(RefusedId::NotAllotted(ChannelId(3)))),
            (i32::MAX, Some(RefusedId::NotAllotted(ChannelId(i32::MAX)))),
            (2, None),
            (i32::MAX - 1, None),
        ] {
            assert_eq!(ids.check(ChannelId(id)).err(), refused, "id {id}");
        }
    }
}
