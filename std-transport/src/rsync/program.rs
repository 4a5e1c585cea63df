//! The programs of a sync: starting ours in a worker, and recognizing the one that a peer has sent.

use core::time::Duration;

use execnet_core_sync::{Channel, Gateway};
use execnet_serializer::StrConfig;

use super::protocol::{Ready, Start};
use super::sync_channel::{SyncChannel, SyncErrorKind};

/// The file name of our programs in tracebacks.
const FILE_NAME: &str = "execnet_rsync.py";

/// Runs one of our programs in a worker, and waits until it has opened its source or destination; returns its answer.
pub(super) fn start(
    gateway: &Gateway,
    program: &str,
    start: &Start,
    idle_timeout: Option<Duration>,
) -> Result<(Channel, Ready), SyncErrorKind> {
    let channel = gateway.remote_exec_module(program, FILE_NAME);
    let channel = channel.map_err(SyncErrorKind::Send)?;
    let strings = channel.decode_strings(StrConfig::STORED);
    strings.map_err(SyncErrorKind::Send)?;
    SyncChannel::send(&channel, start.to_value())?;
    let ready = Ready::from_value(&SyncChannel::receive(&channel, idle_timeout)?)?;
    Ok((channel, ready))
}

/// Whether a source is one of ours.
pub(crate) fn is_ours(source: &str) -> bool {
    source.starts_with("# execnet rsync 3\n")
}

/// Whether a source is the program that stock execnet sends for a sync, by what it defines and says.
pub(crate) fn is_stock(source: &str) -> bool {
    source.contains("def serve_rsync(channel") && source.contains("\"list_done\"")
}
