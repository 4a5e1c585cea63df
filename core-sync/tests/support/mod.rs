//! Helpers of the tests with a scripted peer: deadlines, gateways, frames.
#![allow(
    dead_code,
    reason = "each suite is a crate of its own, and uses its part"
)]

use alloc::sync::Arc;
use core::error::Error;
use core::time::Duration;
use std::io::{self, Read, Write};

use execnet_core_sync::frame::{Frame, MessageCode};
use execnet_core_sync::link::{NoControl, PeerControl};
use execnet_core_sync::testing::{self, Faults, PIPE_CAPACITY, Script, within};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, ReceiveError, Role};
use execnet_serializer::{ChannelId, Value};

/// The deadline of a test: a hang is a failure with a name.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// The deadline of a step, far longer than any step takes on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// What the functions of workers return when they fail.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// The answer of a `main_thread_only` worker, and of an endpoint, to a call while another one runs.
pub(crate) const BUSY: &str =
    "concurrent remote_exec would cause deadlock for main_thread_only execmodel";

/// Runs a test with an initiator's gateway and the script of its peer.
pub(crate) fn with_gateway(body: impl FnOnce(Gateway, Script) + Send + 'static) {
    with(
        Role::Initiator,
        Faults::default(),
        Arc::new(NoControl),
        body,
    );
}

/// As [`with_gateway`], with settings of the gateway.
pub(crate) fn with_gateway_of(
    configure: fn(GatewayConfig) -> GatewayConfig,
    body: impl FnOnce(Gateway, Script) + Send + 'static,
) {
    within(LIMIT, move || {
        let (link, peer) = testing::scripted(PIPE_CAPACITY);
        let config = configure(GatewayConfig::new("gw0", Role::Initiator));
        body(Gateway::new(link, config).unwrap(), peer);
    });
}

pub(crate) fn with(
    role: Role,
    faults: Faults,
    control: Arc<dyn PeerControl>,
    body: impl FnOnce(Gateway, Script) + Send + 'static,
) {
    within(LIMIT, move || {
        let (link, peer) = testing::scripted_with(PIPE_CAPACITY, faults, control);
        let gateway = Gateway::new(link, GatewayConfig::new("gw0", role)).unwrap();
        body(gateway, peer);
    });
}

/// A channel of a call, whose EXEC frame has been read.
pub(crate) fn exec(gateway: &Gateway, peer: &mut Script) -> Channel {
    let channel = gateway.remote_exec("the peer is a script").unwrap();
    expect(peer, MessageCode::ChannelExec, channel.id());
    channel
}

/// The next frame of the gateway, which must have this code and channel.
pub(crate) fn expect(peer: &mut Script, code: MessageCode, id: ChannelId) -> Frame {
    let frame = peer.expect().unwrap();
    assert_eq!((frame.code, frame.channel), (code, id));
    frame
}

/// The value of the next item.
pub(crate) fn receive(channel: &Channel) -> Value {
    channel.receive_timeout(SOON).unwrap().into_value()
}

/// The text of the error that ends a channel.
pub(crate) fn remote_error(channel: &Channel) -> String {
    match channel.receive_timeout(SOON) {
        Err(ReceiveError::Remote(error)) => error.text().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Waits for what other threads do, without sleeping on it.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !holds() {
        assert!(begin.elapsed() < SOON, "not within {SOON:?}: {what}");
        std::thread::yield_now();
    }
}

/// A gateway and one of its channels.
pub(crate) type End = (Gateway, Channel);

/// Runs a test with the two ends of a gateway, and a channel between them, as a call would make it.
pub(crate) fn with_pair(body: impl FnOnce(End, End) + Send + 'static) {
    with_pair_of(|config| config, body);
}

/// As [`with_pair`], with settings of both ends.
pub(crate) fn with_pair_of(
    configure: fn(GatewayConfig) -> GatewayConfig,
    body: impl FnOnce(End, End) + Send + 'static,
) {
    within(LIMIT, move || {
        let (near, far) = testing::linked(PIPE_CAPACITY);
        let gateway = |link, id: &str, role| {
            let config = configure(GatewayConfig::new(id, role));
            Gateway::new(link, config).unwrap()
        };
        let near = gateway(near, "near", Role::Initiator);
        let far = gateway(far, "far", Role::Worker);
        let (channel, other) = testing::channel_between(&near, &far).unwrap();
        body((near, channel), (far, other));
    });
}

/// One half of a link, of which every other use is interrupted, as by a signal.
pub(crate) struct Interrupted<T>(T, bool);

impl<T> Interrupted<T> {
    pub(crate) fn new(half: T) -> Self {
        Self(half, false)
    }

    fn signal(&mut self) -> io::Result<()> {
        self.1 = !self.1;
        match self.1 {
            true => Err(io::ErrorKind::Interrupted.into()),
            false => Ok(()),
        }
    }
}

impl<T: Read> Read for Interrupted<T> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.signal()?;
        self.0.read(room)
    }
}

impl<T: Write> Write for Interrupted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.signal()?;
        // In parts, so that each frame is interrupted.
        self.0.write(bytes.get(..5).unwrap_or(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
