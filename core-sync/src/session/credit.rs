//! The flow control window of a channel.

/// Maximal number in one CREDIT frame, which has a signed 32-bit integer.
const STEP: u32 = i32::MAX as u32;

/// The flow control window of a channel, counted in the same way on both ends.
///
/// Each direction has a window. Sending an item takes its cost (see [`EncodedItem::cost`](super::EncodedItem::cost))
/// from the window. A CREDIT frame returns it when the program has received the item, not when the item arrived: no
/// more than a window, and one item, waits in an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credit {
    window: usize,
    /// Cost of the items sent and not returned yet.
    in_flight: usize,
    /// Cost of the items taken from the inbox and not returned yet.
    consumed: usize,
}

impl Credit {
    pub(super) fn new(window: usize) -> Self {
        Self {
            // With a window of zero no item could ever be sent.
            window: window.max(1),
            in_flight: 0,
            consumed: 0,
        }
    }

    /// Whether the window is not used up.
    pub(super) fn has_room(&self) -> bool {
        // Any room is enough for any item: otherwise an item larger than the window could never be sent.
        self.in_flight < self.window
    }

    pub(super) fn spend(&mut self, cost: usize) {
        self.in_flight = self.in_flight.saturating_add(cost);
    }

    /// The peer returns credit.
    pub(super) fn refill(&mut self, cost: usize) {
        // Saturating: a peer that returns more than it received fills its own inboxes only.
        self.in_flight = self.in_flight.saturating_sub(cost);
    }

    /// The program has received an item.
    pub(super) fn consume(&mut self, cost: usize) {
        self.consumed = self.consumed.saturating_add(cost);
    }

    /// The credit to return now.
    pub(super) fn grant(&mut self) -> Option<u32> {
        // In steps of half a window: a frame for each small item would double the traffic, and a whole window would let the
        // sender wait each time.
        if self.consumed < self.window.div_ceil(2) {
            return None;
        }
        // The rest follows with the next item.
        let grant = u32::try_from(self.consumed).map_or(STEP, |consumed| consumed.min(STEP));
        self.consumed = self
            .consumed
            .saturating_sub(usize::try_from(grant).unwrap_or(usize::MAX));
        Some(grant)
    }
}

#[cfg(test)]
mod tests {
    use super::Credit;

    #[test]
    fn credit_is_returned_in_half_windows() {
        let mut credit = Credit::new(100);
        credit.spend(60);
        assert!(credit.has_room());
        credit.spend(60);
        assert!(!credit.has_room());
        credit.refill(60);
        assert!(credit.has_room());

        credit.consume(49);
        assert_eq!(credit.grant(), None);
        credit.consume(1);
        assert_eq!(credit.grant(), Some(50));
        assert_eq!(credit.grant(), None);
    }

    #[test]
    fn an_item_larger_than_the_window_can_be_sent() {
        let mut credit = Credit::new(1);
        assert!(credit.has_room());
        credit.spend(usize::MAX);
        credit.spend(usize::MAX);
        assert!(!credit.has_room());
        credit.refill(usize::MAX);
        assert!(credit.has_room());
    }
}
