//! The lines of a trace, of this project's processes and of stock execnet's.
//!
//! ```text
//! [PID] TIME GATEWAY sent <Message CHANNEL_DATA channel=1 lendata=6> 4600000001
//! [PID] TIME GATEWAY text
//! ```
//!
//! The process id is there on standard error, the time and the payload in files of `execnet trace record`. Stock execnet
//! puts the name of a thread in brackets behind the gateway, and has lines without a gateway.

use core::str;

#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub(super) pid: Option<u32>,
    /// Microseconds since 1970.
    pub(super) time: Option<i64>,
    pub(super) what: What,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    Frame(Frame),
    /// Of a gateway or of the whole process; with the gateway's id in front.
    Event(String),
}

/// A frame, as one end has it.
#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) gateway: String,
    pub(super) sent: bool,
    pub(super) code: String,
    pub(super) channel: i32,
    pub(super) len: u32,
    /// Its first bytes, if the trace has them.
    pub(super) payload: Option<Vec<u8>>,
}

/// Parses a line. `None` if it is damaged.
pub(super) fn parse(line: &[u8]) -> Option<Line> {
    let line = str::from_utf8(line).ok()?.trim_end_matches('\r');
    let (pid, rest) = pid(line);
    let (time, rest) = time(rest);
    let what = match rest.split_once(" <Message ") {
        Some((head, tail)) => What::Frame(frame(head, tail)?),
        None => What::Event(rest.to_owned()),
    };
    Some(Line { pid, time, what })
}

fn pid(line: &str) -> (Option<u32>, &str) {
    let found = line
        .strip_prefix('[')
        .and_then(|line| line.split_once("] "));
    let found = found.and_then(|(pid, rest)| Some((pid.parse().ok()?, rest)));
    found.map_or((None, line), |(pid, rest)| (Some(pid), rest))
}

fn time(line: &str) -> (Option<i64>, &str) {
    let found = line.split_once(' ').and_then(|(time, rest)| {
        let (seconds, micros) = time.split_once('.')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let sound = micros.len() == 6 && digits(micros) && digits(seconds);
        let seconds: i64 = seconds.parse().ok().filter(|_| sound)?;
        let time = seconds.checked_mul(1_000_000)?;
        Some((time.checked_add(micros.parse().ok()?)?, rest))
    });
    found.map_or((None, line), |(time, rest)| (Some(time), rest))
}

fn frame(head: &str, tail: &str) -> Option<Frame> {
    let (gateway, verb) = head.rsplit_once(' ')?;
    let sent = match verb {
        "sent" => true,
        "received" => false,
        _ => return None,
    };
    let thread = gateway
        .strip_suffix(']')
        .and_then(|head| head.rsplit_once(" ["));
    let gateway = thread.map_or(gateway, |(gateway, _)| gateway).to_owned();
    let (fields, payload) = tail.split_once('>')?;
    let (code, fields) = fields.split_once(" channel=")?;
    let (channel, len) = fields.split_once(" lendata=")?;
    Some(Frame {
        gateway,
        sent,
        code: code.to_owned(),
        channel: channel.parse().ok()?,
        len: len.parse().ok()?,
        payload: match payload.trim() {
            "" => None,
            digits => Some(bytes(digits)?),
        },
    })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |&[high, low]: &[u8; 2]| u8::try_from(digit(high)? * 16 + digit(low)?).ok();
    let bytes = pairs.iter().map(byte).collect();
    if rest.is_empty() { bytes } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_form_are_parsed() {
        let frame = |gateway: &str, payload: Option<&[u8]>| {
            What::Frame(Frame {
                gateway: gateway.into(),
                sent: true,
                code: "CHANNEL_DATA".into(),
                channel: -1,
                len: 6,
                payload: payload.map(<[u8]>::to_vec),
            })
        };
        let event = |text: &str| What::Event(text.into());
        for (text, pid, time, what) in [
            (
                "gw0 sent <Message CHANNEL_DATA channel=-1 lendata=6>",
                None,
                None,
                frame("gw0", None),
            ),
            (
                "[12] gw0-worker [serve] sent <Message CHANNEL_DATA channel=-1 lendata=6>\r",
                Some(12),
                None,
                frame("gw0-worker", None),
            ),
            (
                "1700000000.000001 my gw sent <Message CHANNEL_DATA channel=-1 lendata=6> 46ff",
                None,
                Some(1_700_000_000_000_001),
                frame("my gw", Some(&[0x46, 0xff])),
            ),
            ("1.5 gw0 exiting", None, None, event("1.5 gw0 exiting")),
            ("[x] creating", None, None, event("[x] creating")),
            ("", None, None, event("")),
        ] {
            let line = Line { pid, time, what };
            assert_eq!(parse(text.as_bytes()), Some(line), "{text}");
        }
    }

    #[test]
    fn a_damaged_line_is_none() {
        let whole = "1700000000.000001 gw0 sent <Message CHANNEL_DATA channel=1 lendata=6> 46";
        let shortest = whole.find(" channel").unwrap();
        for end in shortest..whole.len() {
            // Cut within a number or behind the frame, a line looks whole.
            let looks_whole = whole[..end].ends_with('>') || whole[..end].ends_with("> ");
            assert_eq!(
                parse(&whole.as_bytes()[..end]).is_some(),
                looks_whole,
                "{end}"
            );
        }
        for line in [
            &b"gw0 sent <Message \xff channel=1 lendata=6>"[..],
            b"gw0 lost <Message A channel=1 lendata=6>",
            b"sent <Message A channel=1 lendata=6>",
            b"gw0 sent <Message A channel=1 lendata=-6>",
            b"gw0 sent <Message A channel=1 lendata=6> +f",
            b"gw0 sent <Message A channel=1 lendata=6> zz",
        ] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
