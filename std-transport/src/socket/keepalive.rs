//! TCP keepalive: detects that the network between two ends is cut, which causes no event by itself.

use core::time::Duration;
use std::io;
use std::net::TcpStream;

use rustix::net::sockopt;

use crate::deadline::part;
use crate::spec::{SpecError, XSpec};
use crate::sys;

/// How long a connection lasts without any answer of the peer's system. Default: a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keepalive(Duration);

impl Default for Keepalive {
    fn default() -> Self {
        Self(Duration::from_secs(60))
    }
}

/// Number of probes, which are sent in the second half of the time.
const PROBES: u32 = 3;

/// Systems take whole seconds, and the interval between probes must be at least one.
const SHORTEST: u64 = 2 * PROBES as u64;

/// The maximum on Linux.
const LONGEST: u64 = 32_767;

impl Keepalive {
    /// The value of `keepalive=SECONDS` in a spec.
    pub(crate) fn of(spec: &XSpec) -> Result<Self, SpecError> {
        if !spec.has("keepalive") {
            return Ok(Self::default());
        }
        let text = spec.required("keepalive")?;
        match text.parse() {
            Ok(seconds @ SHORTEST..=LONGEST) => Ok(Self(Duration::from_secs(seconds))),
            _ => Err(SpecError::value(
                "keepalive",
                format!("{text:?} is not a number of seconds from {SHORTEST} to {LONGEST}"),
            )),
        }
    }

    /// Sets it on a connection.
    pub(crate) fn set(self, stream: &TcpStream) -> io::Result<()> {
        sockopt::set_socket_keepalive(stream, true)?;
        sys::set_keepalive(
            stream,
            part(self.0, 1, 2),
            part(self.0, 1, 2 * PROBES),
            PROBES,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_may_say_how_long() {
        let of = |text: &str| Keepalive::of(&text.parse().unwrap());
        assert_eq!(of("tcp=h:1"), Ok(Keepalive::default()));
        let seconds = |seconds| Ok(Keepalive(Duration::from_secs(seconds)));
        assert_eq!(of("tcp=h:1//keepalive=6"), seconds(6));
        assert_eq!(of("tcp=h:1//keepalive=32767"), seconds(32_767));
        for text in ["", "=", "=5", "=32768", "=-9", "=9.5", "=x"] {
            let refused = of(&format!("tcp=h:1//keepalive{text}"));
            assert!(
                matches!(
                    refused,
                    Err(SpecError::Value {
                        key: "keepalive",
                        ..
                    })
                ),
                "{text}: {refused:?}"
            );
        }
    }
}
