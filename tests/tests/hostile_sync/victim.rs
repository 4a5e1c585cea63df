//! Those who take a tree from a source that cheats.

use execnet::rsync::{Links, RSync, TargetOptions};
use execnet::{Gateway, Group, Value, value};
use execnet_tests::support::{LONG, within};

use super::records::root;
use super::{HOSTILE, PYTHON, Place, RUST, begin, gateway, group, names, whole};

/// Who takes the tree.
pub(crate) struct Victim {
    /// The worker; this process, in a pull, if there is none.
    worker: Option<&'static str>,
    /// To the worker, or to the peer that is pulled from.
    gateway: Gateway,
    _group: Group,
}

pub(crate) fn each(name: &str, test: fn(&Victim)) {
    for worker in [None, Some(PYTHON), Some(RUST)] {
        println!("{worker:?}");
        within(&format!("{name}: {worker:?}"), LONG, move || {
            let group = group();
            let gateway = gateway(&group, worker.unwrap_or(HOSTILE));
            test(&Victim {
                worker,
                gateway,
                _group: group,
            });
        });
    }
}

impl Victim {
    /// Says all that to it; an error if it ended the sync.
    pub(crate) fn hear(
        &self,
        place: &Place,
        options: &[&str],
        steps: Vec<Value>,
    ) -> Result<(), String> {
        match self.worker {
            None => self.pull(place, options, steps),
            Some(_) => self.push(place, options, steps),
        }
    }

    /// Says what the protocol does not allow.
    pub(crate) fn refuses(&self, steps: Vec<Value>) -> String {
        let place = Place::new();
        let refusal = self.hear(&place, &["delete"], steps).unwrap_err();
        assert!(
            ["broke the protocol", "Violation"]
                .iter()
                .any(|sign| refusal.contains(sign)),
            "{refusal}"
        );
        place.assert_outside_untouched();
        let left = names(&place.root());
        assert!(
            !left.iter().any(|name| name.starts_with(".execnet")),
            "{left:?}"
        );
        refusal
    }

    fn pull(&self, place: &Place, options: &[&str], steps: Vec<Value>) -> Result<(), String> {
        if steps.contains(&value!(["die"])) {
            let group = group();
            return pull(&gateway(&group, HOSTILE), place, options, steps);
        }
        pull(&self.gateway, place, options, steps)
    }

    fn push(&self, place: &Place, options: &[&str], steps: Vec<Value>) -> Result<(), String> {
        let channel = begin(&self.gateway, &place.root(), Some(root()), options);
        for step in steps {
            if step == value!(["die"]) {
                return Err("died".into());
            }
            // It may have ended the sync by now: that comes to light below.
            let _ = channel.send(step);
        }
        loop {
            match channel.receive_timeout(LONG) {
                Ok(item) if *item == value!((14,)) => {
                    channel.send((4,)).unwrap();
                    return Ok(());
                }
                Ok(_) => {}
                Err(error) => return Err(whole(&error)),
            }
        }
    }
}

fn pull(
    gateway: &Gateway,
    place: &Place,
    options: &[&str],
    steps: Vec<Value>,
) -> Result<(), String> {
    let mut rsync = RSync::new(place.script(steps));
    rsync.special_modes(options.contains(&"special_modes"));
    rsync.checksum(options.contains(&"checksum"));
    if options.contains(&"keep links") {
        rsync.links(Links::Keep);
    }
    let target = TargetOptions::new().delete(options.contains(&"delete"));
    let pulled = rsync.pull(gateway, place.root(), target);
    pulled.map(drop).map_err(|error| whole(&error))
}
