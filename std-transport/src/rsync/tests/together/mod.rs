//! Both state machines against each other, with the worker in a thread.

mod entries;
mod fsync;
mod modes;
mod transfer;

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::{fs, thread};

use super::support::{LONG, Pipe, pipe};
use crate::rsync::beneath::{Kind, OPENED};
use crate::rsync::filter::Filter;
use crate::rsync::protocol::{Ready, Role, Settings, Start, unpack_root};
use crate::rsync::pull::PullObserver;
use crate::rsync::receiver::{Receiver, Rules};
use crate::rsync::report::{Recorder, Report};
use crate::rsync::run;
use crate::rsync::serve::serve_channel;
use crate::rsync::sync_channel::SyncChannel as _;
use crate::rsync::walk::Links;

/// Pulls `from` into `to`, from a worker in a thread.
pub(super) fn pull(from: &Path, to: &Path, settings: Settings) -> Report {
    pull_with(from, to, settings, &mut Filter::default(), Links::Keep)
}

pub(super) fn pull_with(
    from: &Path,
    to: &Path,
    settings: Settings,
    filter: &mut Filter,
    links: Links,
) -> Report {
    pull_counted(from, to, settings, filter, links).0
}

/// The same, with how many directories the worker opened.
pub(super) fn pull_counted(
    from: &Path,
    to: &Path,
    settings: Settings,
    filter: &mut Filter,
    links: Links,
) -> (Report, u64) {
    let (here, there): (Pipe, Pipe) = pipe();
    let path = from.as_os_str().as_bytes().to_vec();
    let asked = !filter.is_idle();
    thread::scope(|scope| {
        let worker = scope.spawn(move || (serve_channel(&there), OPENED.get()));
        here.send(
            Start {
                role: Role::Source { asked },
                path,
                settings,
                origin: None,
            }
            .to_value(),
        )
        .unwrap();
        let ready = Ready::from_value(&here.receive(Some(LONG)).unwrap()).unwrap();
        let root = unpack_root(&ready.root.unwrap()).unwrap();
        let observer = PullObserver {
            filter,
            links,
            recorder: Recorder::new(0, None),
            files: u64::from(root.kind == Kind::File),
        };
        let rules = Rules {
            asks: asked,
            ..Rules::default()
        };
        let mut receiver = Receiver::new(to, &root, settings, rules, observer).unwrap();
        run::receive(&mut receiver, &here, Some(LONG)).unwrap();
        let (served, opened) = worker.join().unwrap();
        served.unwrap();
        (receiver.into_observer().finish(), opened)
    })
}

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("from")).unwrap();
    place
}
