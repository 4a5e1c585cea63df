//! The kinds of frames.

use core::fmt;

/// The first byte of a frame: its kind.
///
/// A code that this version does not know is [`Unknown`](Self::Unknown), which can be decoded, printed and encoded. The
/// session refuses it, not the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageCode {
    /// Requests the status. The answer is a dict and a close, on the same channel id.
    Status,
    /// Sets the string settings of the gateway (channel 0) or of one channel.
    Reconfigure,
    /// The sender exits, and does not read any more.
    GatewayTerminate,
    /// Runs source, with this channel.
    ChannelExec,
    /// An item.
    ChannelData,
    /// The channel is closed.
    ChannelClose,
    /// The channel is closed with an error, whose text is the payload.
    ChannelCloseError,
    /// The sender sends no more items on the channel, but still receives.
    ChannelLastMessage,
    /// Items of this cost were received on the channel. Not part of execnet: used only if both ends are this project's
    /// and agreed on credit. Codes of this project begin at 64, far above those that execnet gives out.
    ChannelCredit,
    /// A code that is neither execnet 2.1's nor this project's.
    Unknown(i8),
}

impl MessageCode {
    /// Encodes the code.
    #[must_use]
    pub const fn to_wire(self) -> i8 {
        match self {
            Self::Status => 0,
            Self::Reconfigure => 1,
            Self::GatewayTerminate => 2,
            Self::ChannelExec => 3,
            Self::ChannelData => 4,
            Self::ChannelClose => 5,
            Self::ChannelCloseError => 6,
            Self::ChannelLastMessage => 7,
            Self::ChannelCredit => 64,
            Self::Unknown(code) => code,
        }
    }

    /// Decodes a code.
    #[must_use]
    pub const fn from_wire(byte: i8) -> Self {
        match byte {
            0 => Self::Status,
            1 => Self::Reconfigure,
            2 => Self::GatewayTerminate,
            3 => Self::ChannelExec,
            4 => Self::ChannelData,
            5 => Self::ChannelClose,
            6 => Self::ChannelCloseError,
            7 => Self::ChannelLastMessage,
            64 => Self::ChannelCredit,
            code => Self::Unknown(code),
        }
    }
}

/// The codes that the draft of execnet 3 adds, in their order from [`FIRST_OF_EXECNET_3`] on. None of them is sent or
/// served here: the names explain the error if such a peer is at the other end.
const OF_EXECNET_3: [&str; 5] = [
    "GATEWAY_START_SOCKET",
    "GATEWAY_START_SUB",
    "GATEWAY_INFO",
    "GATEWAY_CONFIG",
    "GATEWAY_SERVICE",
];

const FIRST_OF_EXECNET_3: i8 = 8;

fn of_execnet_3(code: i8) -> Option<&'static str> {
    let index = code.checked_sub(FIRST_OF_EXECNET_3)?;
    OF_EXECNET_3.get(usize::try_from(index).ok()?).copied()
}

/// Execnet's name of the code.
impl fmt::Display for MessageCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "STATUS",
            Self::Reconfigure => "RECONFIGURE",
            Self::GatewayTerminate => "GATEWAY_TERMINATE",
            Self::ChannelExec => "CHANNEL_EXEC",
            Self::ChannelData => "CHANNEL_DATA",
            Self::ChannelClose => "CHANNEL_CLOSE",
            Self::ChannelCloseError => "CHANNEL_CLOSE_ERROR",
            Self::ChannelLastMessage => "CHANNEL_LAST_MESSAGE",
            Self::ChannelCredit => "CHANNEL_CREDIT",
            Self::Unknown(code) => {
                return match of_execnet_3(*code) {
                    Some(name) => write!(f, "code {code} ({name} of execnet 3)"),
                    None => write!(f, "code {code}"),
                };
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MessageCode;

    #[test]
    fn every_byte_round_trips() {
        for byte in i8::MIN..=i8::MAX {
            assert_eq!(MessageCode::from_wire(byte).to_wire(), byte);
        }
    }

    #[test]
    fn only_nine_codes_are_known() {
        for byte in i8::MIN..=i8::MAX {
            let unknown = matches!(MessageCode::from_wire(byte), MessageCode::Unknown(_));
            let known = (0..8).contains(&byte) || byte == 64;
            assert_eq!(unknown, !known, "code {byte}");
        }
    }

    /// Those of execnet 3 and its successors are below.
    #[test]
    fn codes_of_this_project_begin_at_64() {
        assert_eq!(MessageCode::ChannelCredit.to_wire(), 64);
    }
}
