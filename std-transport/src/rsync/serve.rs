//! The worker's end of a sync, in Rust.

use alloc::sync::Arc;
use std::path::Path;

use execnet_core_sync::{Channel, Worker};

use super::beneath::{Meta, path_of};
use super::content_cache::ContentCache;
use super::error::SyncError;
use super::program;
use super::protocol::{Ready, Role, Start, pack_root, unpack_root};
use super::receiver::{Receiver, Rules};
use super::run;
use super::sender::Sender;
#[cfg(feature = "stock-rsync")]
use super::stock;
use super::sync_channel::{SyncChannel, SyncErrorKind};
use super::walk::{Links, Walk};

/// Lets a worker take and send trees: for this crate's [`RSync`](super::RSync), and with the feature `stock-rsync` for
/// that of stock execnet.
///
/// Controllers send the program that a Python worker would execute; the worker recognises it and does not execute it.
pub fn register(worker: &mut Worker) {
    worker.register_program("execnet.rsync", program::is_ours, |channel: &Channel| {
        serve(channel)
    });
    worker.register_program("execnet.rsync_remote", program::is_stock, serve_stock);
}

#[cfg(feature = "stock-rsync")]
fn serve_stock(channel: &Channel) -> Result<(), SyncError> {
    Ok(stock::serve(channel)?)
}

/// Recognizes the program all the same: the error for any other source would not tell what is missing.
#[cfg(not(feature = "stock-rsync"))]
fn serve_stock(_channel: &Channel) -> Result<(), &'static str> {
    Err(
        "a sync from stock execnet needs the feature `stock-rsync` of the crate execnet, which is not compiled into this program",
    )
}

/// Serves one sync: takes a tree or sends one, as the other end of the channel requests.
///
/// The other end chooses the path: any that this process may read or write.
///
/// # Errors
/// The peer is gone or violates the protocol. If the path cannot be opened, only the peer gets that error.
pub fn serve(channel: &Channel) -> Result<(), SyncError> {
    Ok(serve_channel(channel)?)
}

pub(crate) fn serve_channel(channel: &impl SyncChannel) -> Result<(), SyncErrorKind> {
    let start = Start::from_value(&channel.receive(None)?)?;
    let path = &*path_of(start.path.clone());
    match &start.role {
        Role::Target { root } => take(channel, path, &unpack_root(root)?, &start),
        Role::Source { asked } => give(channel, path, *asked, &start),
    }
}

fn take(
    channel: &impl SyncChannel,
    path: &Path,
    root: &Meta,
    start: &Start,
) -> Result<(), SyncErrorKind> {
    let (origin, rules) = (start.origin.as_ref(), Rules::default());
    let receiver = Receiver::from_origin(origin, path, root, start.settings, rules, ());
    let mut receiver = match receiver {
        Ok(receiver) => receiver,
        Err(error) => return channel.send(Ready::refusal(&error).to_value()),
    };
    channel.send(Ready::default().to_value())?;
    run::receive(&mut receiver, channel, None)
}

fn give(
    channel: &impl SyncChannel,
    path: &Path,
    asked: bool,
    start: &Start,
) -> Result<(), SyncErrorKind> {
    let opened = Walk::open(path, Links::Keep, ())
        .map(|walk| walk.with_hard_links(start.settings.hard_links))
        .and_then(|walk| {
            let origin = walk.origin(path, start.settings.delete)?;
            Ok((walk, origin))
        });
    let (mut walk, origin) = match opened {
        Ok(opened) => opened,
        Err(error) => return channel.send(Ready::refusal(&error).to_value()),
    };
    let ready = Ready {
        root: Some(pack_root(walk.root())),
        origin,
        error: None,
    };
    channel.send(ready.to_value())?;
    let cache = Arc::new(ContentCache::new(Arc::clone(walk.index()), false));
    let mut sender = Sender::new(cache, start.settings, ());
    run::send_listing(&mut sender, &mut walk, asked, channel)
}
