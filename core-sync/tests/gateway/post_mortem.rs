//! What the transport knows about a lost peer, such as an exit status, is in every error.

use alloc::sync::Arc;
use core::error::Error as _;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{self, Write};

use execnet_core_sync::link::{Link, PeerControl, SharedError};
use execnet_core_sync::testing::{Faults, PIPE_CAPACITY, PipeWriter, pipe, within};
use execnet_core_sync::{DisconnectReason, Gateway, GatewayConfig, Role};

use crate::lost;
use crate::support::{LIMIT, SOON, exec, with};

#[derive(Debug, Default)]
struct Coroner {
    asked: AtomicUsize,
}

impl PeerControl for Coroner {
    fn post_mortem(&self) -> Option<SharedError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Some(Arc::new(std::io::Error::other("killed by SIGKILL")))
    }
}

#[test]
fn every_error_has_the_cause_from_the_transport() {
    let coroner = Arc::new(Coroner::default());
    with(
        Role::Initiator,
        Faults::default(),
        coroner.clone(),
        move |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            peer.valve().cut();
            peer.hang_up();
            let error = channel.receive().unwrap_err();
            assert_eq!(error.to_string(), "connection lost: killed by SIGKILL");
            assert!(error.source().is_none());
            let cause = lost(error).cause().map(ToString::to_string);
            assert_eq!(cause.as_deref(), Some("killed by SIGKILL"));
            assert_eq!(
                channel.send(1).unwrap_err().to_string(),
                "cannot send: connection lost: killed by SIGKILL"
            );
            assert_eq!(coroner.asked.load(Ordering::Relaxed), 1);
        },
    );
}

/// It may wait for an exit status, and the threads that wait on the gateway with it.
#[test]
fn the_transport_is_not_asked_for_a_cause_that_is_known() {
    for bytes in [&b"\x02\0\0\0\0\0\0\0\0"[..], b"Welcome!!"] {
        let coroner = Arc::new(Coroner::default());
        let faults = Faults::default();
        with(
            Role::Initiator,
            faults,
            coroner.clone(),
            move |gateway, mut peer| {
                peer.write_raw(bytes).unwrap();
                assert!(gateway.join_timeout(SOON));
                assert!(gateway.disconnected().unwrap().cause().is_none());
                assert_eq!(coroner.asked.load(Ordering::Relaxed), 0);
            },
        );
    }
}

/// The writing half of a link whose peer dies as it is written to.
struct Dying(Option<PipeWriter>);

impl Write for Dying {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        // The reading half sees its end.
        self.0 = None;
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// It waits for the exit status of the peer.
struct Patient;

impl PeerControl for Patient {
    fn post_mortem(&self) -> Option<SharedError> {
        std::thread::sleep(Duration::from_millis(50));
        Some(Arc::new(io::Error::other("killed by SIGKILL")))
    }
}

#[test]
fn a_failed_write_waits_for_the_cause_from_the_transport() {
    within(LIMIT, || {
        let (from_peer, reader) = pipe(PIPE_CAPACITY);
        let link = Link::from_std(reader, Dying(Some(from_peer)), Arc::new(Patient));
        let config = GatewayConfig::new("gw0", Role::Initiator);
        let channel = Gateway::new(link, config).unwrap().new_channel().unwrap();
        assert_eq!(
            channel.send(1).unwrap_err().to_string(),
            "cannot send: connection lost: killed by SIGKILL"
        );
    });
}

struct Panicking;

impl PeerControl for Panicking {
    fn post_mortem(&self) -> Option<SharedError> {
        panic!("this panic is part of the test");
    }
}

#[test]
fn a_panic_of_the_transport_wakes_all_waiting_threads() {
    with(
        Role::Initiator,
        Faults::default(),
        Arc::new(Panicking),
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            peer.hang_up();
            let lost = lost(channel.receive().unwrap_err());
            assert!(
                matches!(lost.reason(), DisconnectReason::Panicked),
                "{lost:?}"
            );
        },
    );
}
