//! The targets of syncs from a hostile source.

use execnet::rsync::{Links, RSync, TargetOptions};
use execnet::{Gateway, Group, Value, value};
use execnet_test_support::{LONG, within};
use execnet_tests::script::{self, Step};

use super::records::{done, root};
use super::{HOSTILE, PYTHON, Place, RUST, begin_with, gateway, group, names, program, whole};

/// Who takes the tree.
pub(crate) struct Victim {
    /// The worker; `None` if this process is the target, in a pull.
    worker: Option<&'static str>,
    /// What the worker runs.
    program: String,
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
                program: program(true),
                gateway,
                _group: group,
            });
        });
    }
}

/// Whether that is how a worker ends a sync with one that cheats.
pub(crate) fn is_refusal(error: &str) -> bool {
    let signs = ["broke the protocol", "Violation"];
    signs.iter().any(|sign| error.contains(sign))
}

/// A worker in Python with something else in its program.
pub(crate) fn patched(old: &str, new: &str) -> Victim {
    let (group, whole) = (group(), program(true));
    assert!(whole.contains(old), "{old}");
    Victim {
        worker: Some(PYTHON),
        program: whole.replace(old, new),
        gateway: gateway(&group, PYTHON),
        _group: group,
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
        self.refuses_with(&["delete"], steps)
    }

    /// The same with options.
    pub(crate) fn refuses_with(&self, options: &[&str], steps: Vec<Value>) -> String {
        let place = Place::new();
        let refusal = self.hear(&place, options, steps).unwrap_err();
        assert!(is_refusal(&refusal), "{refusal}");
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
        let to = place.root();
        let channel = begin_with(&self.program, &self.gateway, &to, Some(root()), options);
        let hear = || {
            let item = channel.receive_timeout(LONG);
            item.map_err(|error| whole(&error))
        };
        for step in steps {
            match Step::from(step) {
                Step::Hear => drop(hear()?),
                Step::HearWant => while !Step::is_want(&*hear()?) {},
                Step::Swap(path, text) => script::swap(&path, &text).unwrap(),
                Step::Pipe(path) => script::pipe(&path).unwrap(),
                Step::Die => return Err("died".into()),
                // It may have ended the sync by now: that comes to light below.
                Step::Say(item) => drop(channel.send(item)),
            }
        }
        while *hear()? != done() {}
        channel.send((4,)).unwrap();
        Ok(())
    }
}

fn pull(
    gateway: &Gateway,
    place: &Place,
    options: &[&str],
    steps: Vec<Value>,
) -> Result<(), String> {
    let links = match options.contains(&"keep links") {
        true => Links::Keep,
        false => Links::Refuse,
    };
    let mut rsync = RSync::new(place.script(steps))
        .with_special_modes(options.contains(&"special_modes"))
        .with_checksum(options.contains(&"checksum"))
        .with_sparse(options.contains(&"sparse"))
        .with_hard_links(options.contains(&"hard_links"))
        .with_links(links);
    let target = TargetOptions::new().with_delete(options.contains(&"delete"));
    let pulled = rsync.pull(gateway, place.root(), target);
    pulled.map(drop).map_err(|error| whole(&error))
}
