//! The two ends of a gateway, and which channel ids each may use.

use core::fmt;

use execnet_serializer::ChannelId;

/// The end of the gateway. It decides which ids are ours, and whether the peer may call functions here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that started the other one: allocates odd ids, and runs no code for its peer.
    Initiator,
    /// The started end: allocates even ids.
    Worker,
}

/// Allocates channel ids, and checks those that a peer names.
///
/// # The rule for ids from a peer
///
/// | id that a peer names, without a channel here | |
/// |---|---|
/// | 0 or below | refused |
/// | of the peer's parity | accepted: the peer makes a channel |
/// | of our parity, allocated before | accepted: the channel was shared, then dropped here |
/// | of our parity, not allocated yet | refused: it would collide with a later channel of ours |
///
/// The id of an existing channel is always accepted. Frames, unlike ids inside items, never make a channel, except
/// CHANNEL_EXEC. Frames for ids without a channel are ignored, as a channel can be dropped while frames for it are on
/// the way.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    // Wider than an id, so that the counter can stay above the last one: ids are never used again, as frames of an old
    // channel may still be on the way.
    /// The next id to allocate. Above `i32::MAX` all are used up.
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

    /// The next id. Ids only grow, and none is allocated twice. `None` when all are used up.
    pub fn allocate(&mut self) -> Option<ChannelId> {
        let id = i32::try_from(self.next).ok()?;
        self.next += 2;
        Some(ChannelId(id))
    }

    /// Whether a peer may name `id`, which has no channel here.
    ///
    /// # Errors
    ///
    /// The rule above refuses it.
    pub fn check(&self, id: ChannelId) -> Result<(), RefusedId> {
        let ours = i64::from(id.0 % 2) == self.next % 2;
        if id.0 <= 0 {
            Err(RefusedId::NotPositive(id))
        } else if ours && i64::from(id.0) >= self.next {
            Err(RefusedId::NotAllocated(id))
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
    /// The id is of this end's parity, and was not allocated yet.
    NotAllocated(ChannelId),
    /// The peer has made the maximal number of channels.
    TooMany {
        /// The refused id.
        id: ChannelId,
        /// The number of channels that the peer may make.
        limit: usize,
    },
    /// A call names a channel that exists already.
    InUse(ChannelId),
    /// There is no memory for another channel.
    Memory(ChannelId),
}

impl fmt::Display for RefusedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPositive(id) => write!(f, "channel id {} is not positive", id.0),
            Self::NotAllocated(id) => write!(f, "channel id {} was never allocated", id.0),
            Self::TooMany { id, limit } => {
                write!(
                    f,
                    "channel id {} is beyond the limit of {limit} channels made by the peer",
                    id.0
                )
            }
            Self::InUse(id) => write!(f, "channel id {} is in use", id.0),
            Self::Memory(id) => write!(f, "no memory for the channel of id {}", id.0),
        }
    }
}

impl core::error::Error for RefusedId {}

#[cfg(test)]
mod tests {
    use super::{ChannelId, Ids, RefusedId, Role};

    #[test]
    fn an_initiator_allocates_odd_ids_and_a_worker_even_ones() {
        for (role, expected) in [(Role::Initiator, [1, 3, 5]), (Role::Worker, [2, 4, 6])] {
            let mut ids = Ids::new(role);
            let allocated = [(); 3].map(|()| ids.allocate());
            assert_eq!(allocated, expected.map(|id| Some(ChannelId(id))));
        }
    }

    #[test]
    fn nothing_is_allocated_after_the_last_id() {
        let mut ids = Ids {
            next: i64::from(i32::MAX),
        };
        assert_eq!(ids.allocate(), Some(ChannelId(i32::MAX)));
        assert_eq!(ids.allocate(), None);
        assert_eq!(ids.allocate(), None);
    }

    #[test]
    fn ids_are_checked_by_the_documented_rule() {
        let mut ids = Ids::new(Role::Initiator);
        ids.allocate();
        for (id, refused) in [
            (0, Some(RefusedId::NotPositive(ChannelId(0)))),
            (-1, Some(RefusedId::NotPositive(ChannelId(-1)))),
            (i32::MIN, Some(RefusedId::NotPositive(ChannelId(i32::MIN)))),
            (1, None),
            (3, Some(RefusedId::NotAllocated(ChannelId(3)))),
            (i32::MAX, Some(RefusedId::NotAllocated(ChannelId(i32::MAX)))),
            (2, None),
            (i32::MAX - 1, None),
        ] {
            assert_eq!(ids.check(ChannelId(id)).err(), refused, "id {id}");
        }
    }
}
