//! Errors of remote code that are never received are logged. A program of its own, because a process has one logger.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use std::sync::Mutex;

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelCloseError};
use execnet_core_sync::{Channel, ReceiveError, WaitCloseError};
use execnet_serializer::{ChannelId, DumpOptions};

use support::{SOON, eventually, exec, expect, with_gateway};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Warnings;

impl log::Log for Warnings {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            WARNINGS.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Takes the warnings so far.
fn warnings() -> Vec<String> {
    core::mem::take(&mut WARNINGS.lock().unwrap())
}

#[test]
fn an_unread_error_of_remote_code_is_logged_once() {
    log::set_logger(&Warnings).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    with_gateway(|gateway, mut peer| {
        let failed = |channel: &Channel, peer: &mut execnet_core_sync::testing::Script| {
            let text = DumpOptions::wire().dumps("a traceback\n").unwrap();
            peer.write(ChannelCloseError, channel.id(), &text).unwrap();
            eventually("it is closed", || channel.is_closed());
        };

        let unheard = exec(&gateway, &mut peer);
        failed(&unheard, &mut peer);
        // Not the last handle: a thread may still receive it.
        drop(unheard.clone());
        let other = unheard.clone();
        drop(unheard);
        assert_eq!(warnings(), [""; 0]);
        let id = other.id();
        drop(other);
        let [warning] = &warnings()[..] else {
            panic!("not one warning");
        };
        let expected = format!("unhandled RemoteError of channel {}: a traceback\\n", id.0);
        assert!(warning.contains(&expected), "{warning}");

        let received = exec(&gateway, &mut peer);
        failed(&received, &mut peer);
        let error = received.receive_timeout(SOON).unwrap_err();
        assert!(matches!(error, ReceiveError::Remote(_)), "{error:?}");
        drop(received);
        let waited = exec(&gateway, &mut peer);
        failed(&waited, &mut peer);
        let error = waited.wait_close_timeout(SOON).unwrap_err();
        assert!(matches!(error, WaitCloseError::Remote(_)), "{error:?}");
        drop(waited);
        // Closed without an error.
        let closed = exec(&gateway, &mut peer);
        peer.write(ChannelClose, closed.id(), b"").unwrap();
        closed.wait_close_timeout(SOON).unwrap();
        drop(closed);
        assert_eq!(warnings(), [""; 0]);

        gateway.exit();
        let farewell = execnet_core_sync::frame::MessageCode::GatewayTerminate;
        expect(&mut peer, farewell, ChannelId(0));
    });
}
