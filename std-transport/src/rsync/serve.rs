//! The worker's end, in Rust.

use alloc::sync::Arc;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use execnet_core_sync::{Channel, Worker};

use super::confine::Meta;
use super::drive;
use super::error::SyncError;
use super::origin::Origin;
use super::port::{Port, Trouble};
use super::program;
use super::protocol::{Fate, Note, Ready, Role, Start, pack_root, unpack_root};
use super::receiver::{Receiver, Rules};
use super::sender::{Listener, Sender};
use super::shelf::Shelf;
use super::stock;
use super::walk::{Judge, LeftOut, Links, Walk};

/// Makes a worker able to take and send trees: for this crate's [`RSync`](super::RSync), and for stock execnet's.
///
/// Controllers send the program that they would run in a Python worker; it is recognized and not run.
pub fn register(worker: &mut Worker) {
    worker.register_program("execnet.rsync", program::is_ours, |channel: &Channel| {
        serve(channel)
    });
    worker.register_program(
        "execnet.rsync_remote",
        program::is_stock,
        |channel: &Channel| stock::serve(channel).map_err(SyncError::from),
    );
}

/// Does what the other end of the channel asks for in a sync: takes a tree, or sends one.
///
/// The other end says where, anywhere on this host that this process may read or write.
///
/// # Errors
/// The peer is gone or breaks the protocol. If the place cannot be opened, only the peer gets that error.
pub fn serve(channel: &Channel) -> Result<(), SyncError> {
    Ok(serve_port(channel)?)
}

pub(crate) fn serve_port(port: &impl Port) -> Result<(), Trouble> {
    let start = Start::from_value(&port.receive(None)?)?;
    let path = Path::new(OsStr::from_bytes(&start.path));
    match &start.role {
        Role::Target { root } => take(port, path, &unpack_root(root)?, &start),
        Role::Source { asked } => give(port, path, *asked, &start),
    }
}

fn take(port: &impl Port, path: &Path, root: &Meta, start: &Start) -> Result<(), Trouble> {
    let receiver = Receiver::new(path, root, start.settings, Rules::default(), ())
        .and_then(|receiver| receiver.sparing(start.origin.as_ref()));
    let mut receiver = match receiver {
        Ok(receiver) => receiver,
        Err(error) => return port.send(Ready::refusal(&error).to_value()),
    };
    port.send(Ready::default().to_value())?;
    drive::receive(&mut receiver, port, None)
}

fn give(port: &impl Port, path: &Path, asked: bool, start: &Start) -> Result<(), Trouble> {
    let opened = Walk::open(path, Links::Keep, Nobody)
        .map(|walk| walk.with_hard_links(start.settings.hard_links))
        .and_then(|walk| Ok((walk, Origin::for_deleting(path, start.settings.delete)?)));
    let (mut walk, origin) = match opened {
        Ok(opened) => opened,
        Err(error) => return port.send(Ready::refusal(&error).to_value()),
    };
    let ready = Ready {
        root: Some(pack_root(walk.root())),
        origin,
        error: None,
    };
    port.send(ready.to_value())?;
    let shelf = Arc::new(Shelf::new(Arc::clone(walk.catalog()), false));
    let mut sender = Sender::new(shelf, start.settings, Nobody);
    drive::send_listing(&mut sender, &mut walk, asked, port)
}

/// Judges nothing and reports to nobody: that is the controller's side's matter.
pub(super) struct Nobody;

impl Judge for Nobody {
    fn is_idle(&self) -> bool {
        true
    }

    fn takes(&mut self, _path: &Path, _meta: &Meta) -> bool {
        true
    }

    fn leaves_out(&mut self, _path: Vec<u8>, _reason: LeftOut) {}
}

impl Listener for Nobody {
    fn asked(&mut self, _file: u32, _size: u64) {}

    fn took(&mut self, _bytes: u64) {}

    fn settled(&mut self, _file: u32, _bytes: u64, _fate: Fate<'_>) {}

    fn noted(&mut self, _note: &Note<'_>) {}
}
