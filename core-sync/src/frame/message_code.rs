use core::fmt;

/// The first byte of a frame: what it asks for.
///
/// A code that this version does not know is [`Unknown`](Self::Unknown): it can be read, shown and written
/// back. Refusing it is the session's decision, not the parser's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageCode {
    /// How busy are you? Answered on the same channel id, with a dict and a close.
    Status,
    /// New string settings, for the gateway (channel 0) or one channel.
    Reconfigure,
    /// The sender reads no more: wind down.
    GatewayTerminate,
    /// Run this source on this channel.
    ChannelExec,
    /// An item.
    ChannelData,
    /// The channel is closed.
    ChannelClose,
    /// The channel is closed by an error, whose text is the payload.
    ChannelCloseError,
    /// The sender of this sends no more on the channel, but still takes items.
    ChannelLastMessage,
    /// So much of what was sent on the channel was received. Not execnet's: only spoken where both ends are this
    /// project's own and agreed on it.
    ChannelCredit,
    /// A code that neither execnet 2.1 nor this project has.
    Unknown(i8),
}

impl MessageCode {
    /// The byte on the wire.
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
            Self::ChannelCredit => 8,
            Self::Unknown(code) => code,
        }
    }

    /// The code that a byte on the wire stands for.
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
            8 => Self::ChannelCredit,
            code => Self::Unknown(code),
        }
    }
}

/// Execnet's own name of the code.
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
            Self::Unknown(code) => return write!(f, "code {code}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MessageCode;

    #[test]
    fn every_byte_survives_the_way_there_and_back() {
        for byte in i8::MIN..=i8::MAX {
            assert_eq!(MessageCode::from_wire(byte).to_wire(), byte);
        }
    }

    #[test]
    fn only_nine_codes_are_known() {
        for byte in i8::MIN..=i8::MAX {
            let unknown = matches!(MessageCode::from_wire(byte), MessageCode::Unknown(_));
            assert_eq!(unknown, !(0..9).contains(&byte), "code {byte}");
        }
    }
}
