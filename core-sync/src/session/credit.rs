/// The most that one CREDIT gives back.
const STEP: u32 = i32::MAX as u32;

/// How much may be on the way to one receiver, counted on both ends alike.
///
/// Each direction of a channel has a window. What an item costs (see [`EncodedItem::cost`](super::EncodedItem::cost))
/// is taken from it when the item is sent, and given back with a CREDIT frame when it was received by the program,
/// not when it arrived: so that no more than a window, and one item, waits in an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credit {
    window: usize,
    /// Sent, and not given back yet.
    in_flight: usize,
    /// Taken from the inbox, and not given back yet.
    consumed: usize,
}

impl Credit {
    pub(super) fn new(window: usize) -> Self {
        Self {
            window: window.max(1),
            in_flight: 0,
            consumed: 0,
        }
    }

    /// The window is not used up. An item larger than what is left of it goes all the same: otherwise one that is
    /// larger than the window never could.
    pub(super) fn has_room(&self) -> bool {
        self.in_flight < self.window
    }

    pub(super) fn spend(&mut self, cost: usize) {
        self.in_flight = self.in_flight.saturating_add(cost);
    }

    /// The peer gives back. One that gives more than it got harms nobody but itself.
    pub(super) fn refill(&mut self, cost: usize) {
        self.in_flight = self.in_flight.saturating_sub(cost);
    }

    pub(super) fn consume(&mut self, cost: usize) {
        self.consumed = self.consumed.saturating_add(cost);
    }

    /// What is to be given back now: in steps of half a window, so that small items are not answered each.
    pub(super) fn grant(&mut self) -> Option<u32> {
        if self.consumed < self.window.div_ceil(2) {
            return None;
        }
        // More than an INT can say goes in several steps.
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
    fn a_window_is_used_up_and_given_back_in_halves() {
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
    fn an_item_larger_than_the_window_goes_alone() {
        let mut credit = Credit::new(1);
        assert!(credit.has_room());
        credit.spend(usize::MAX);
        credit.spend(usize::MAX);
        assert!(!credit.has_room());
        credit.refill(usize::MAX);
        assert!(credit.has_room());
    }
}
