//! How errors, codes and buffers of frames print and behave as values.

use embedded_io::ErrorKind;
use execnet_core_sync::frame::{FrameBuf, HeaderError, MessageCode, ReadError, TooLong};
use execnet_serializer::ChannelId;

#[test]
fn errors_of_frames_have_texts_and_sources() {
    type Error = ReadError<ErrorKind>;
    let long = HeaderError::TooLong { len: 9, limit: 8 };
    let texts: [(&dyn core::error::Error, &str); 7] = [
        (
            &Error::Link(ErrorKind::TimedOut),
            "cannot read from the link",
        ),
        (
            &Error::HeaderCut { got: 4 },
            "unexpected end of stream inside a frame's header, after 4 of 9 bytes",
        ),
        (
            &Error::PayloadCut {
                expected: 5,
                got: 3,
            },
            "unexpected end of stream inside a frame's payload, after 3 of 5 bytes",
        ),
        (
            &Error::Header(long),
            "frame announces a payload of 9 bytes, above the limit of 8",
        ),
        (
            &HeaderError::NegativeLength(-1),
            "frame announces a payload of -1 bytes",
        ),
        (
            &long,
            "frame announces a payload of 9 bytes, above the limit of 8",
        ),
        (
            &TooLong { len: 1 << 31 },
            "payload of 2147483648 bytes is longer than a frame can carry",
        ),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
        let source = error.source().map(ToString::to_string);
        let link = text == "cannot read from the link";
        let expected = link.then(|| ErrorKind::TimedOut.to_string());
        assert_eq!(source, expected, "{text}");
    }
}

#[test]
fn codes_print_as_execnet_names_them() {
    let printed: Vec<String> = (-1..8)
        .chain([13, 64])
        .map(|code| MessageCode::from_wire(code).to_string())
        .collect();
    assert_eq!(
        printed,
        [
            "code -1",
            "STATUS",
            "RECONFIGURE",
            "GATEWAY_TERMINATE",
            "CHANNEL_EXEC",
            "CHANNEL_DATA",
            "CHANNEL_CLOSE",
            "CHANNEL_CLOSE_ERROR",
            "CHANNEL_LAST_MESSAGE",
            "code 13",
            "CHANNEL_CREDIT",
        ]
    );
}

#[test]
fn a_frame_under_construction_takes_all_that_is_written() {
    use embedded_io::Write as _;
    let mut frame = FrameBuf::new();
    assert_eq!(frame.write(b"LQ"), Ok(2));
    assert_eq!(frame.write(b""), Ok(0));
    frame.flush().unwrap();
    let bytes = frame
        .finish(MessageCode::ChannelData, ChannelId(1))
        .unwrap();
    assert_eq!(bytes, b"\x04\0\0\0\x01\0\0\0\x02LQ");
}
