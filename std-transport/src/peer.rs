//! What is at the other end of a link, as errors and groups see it.

use core::fmt;
use core::time::Duration;

use crate::deadline::Deadline;
use crate::exit::Exit;

/// How long the death of a killed peer may take.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// What is at the other end of a link: a process as a rule, here or behind something.
///
/// Nothing here is called with a lock held. Dropping the last handle ends the peer.
pub(crate) trait Peer: fmt::Debug + Send + Sync {
    /// Its name in errors: the command line it was started with, shortened, or an address.
    fn name(&self) -> &str;

    /// Waits for its end; none if it still runs at the deadline. Without a deadline it waits for as long as it takes.
    fn wait(&self, deadline: Deadline) -> Option<End>;

    /// Begins to end it, and what it has started, by force. Returns at once.
    fn signal_kill(&self);

    /// Interrupts its code as Ctrl-C does, where that can be done from here.
    fn interrupt(&self) {}

    /// The end of its standard error, [`STDERR_TAIL`](crate::STDERR_TAIL) bytes at most; empty if that goes elsewhere.
    /// May wait a moment for the rest if the peer has ended.
    fn stderr(&self) -> String;

    /// Whether a user sees its standard error as it comes.
    fn shows_stderr(&self) -> bool {
        false
    }

    /// The gateway that it is reached through: that one has to stay for as long as this is here.
    fn via(&self) -> Option<&str> {
        None
    }

    /// Ends it by force, and waits for that, though not for ever.
    fn kill(&self) -> Option<End> {
        self.signal_kill();
        self.wait(Deadline::after(KILL_PATIENCE))
    }
}

/// How a peer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was a process, and this is its status.
    Process(Exit),
    /// All that is known is that its link is closed: a server runs it.
    Link,
}

impl End {
    /// The status, where there is one.
    pub(crate) fn exit(self) -> Option<Exit> {
        match self {
            Self::Process(exit) => Some(exit),
            Self::Link => None,
        }
    }
}
