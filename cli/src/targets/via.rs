//! Targets whose gateways go through those of other targets of the same command.

use std::collections::HashMap;
use std::sync::OnceLock;

use execnet::XSpec;

use crate::failure::Failure;

/// The keys of a spec that name another gateway.
const KEYS: [&str; 2] = ["via", "installvia"];

/// Which targets go through which others.
#[derive(Debug)]
pub(crate) struct Via {
    /// The targets that each one goes through. They come before it.
    needs: Vec<Vec<usize>>,
    /// Set when a target has started, or failed to start.
    started: Vec<OnceLock<()>>,
}

impl Via {
    /// Of targets in the order of [`sorted`].
    pub(crate) fn new<'a>(specs: impl IntoIterator<Item = &'a XSpec>) -> Self {
        let needs = needs(&specs.into_iter().collect::<Vec<_>>());
        let started = needs.iter().map(|_| OnceLock::new()).collect();
        Self { needs, started }
    }

    /// Starts the target of this index with a function, after those that it goes through.
    ///
    /// This waits for targets that come before it. They must have been passed to this function, or be in other threads.
    pub(crate) fn start<T>(&self, index: usize, start: impl FnOnce() -> T) -> T {
        // Also after a panic, so that the others do not wait for ever.
        let _started = self.started.get(index).map(Started);
        let needs = self.needs.get(index).into_iter().flatten();
        for other in needs.filter_map(|&other| self.started.get(other)) {
            other.wait();
        }
        start()
    }

    /// Marks a target as started that never gets to [`start`](Self::start).
    pub(crate) fn give_up(&self, index: usize) {
        drop(self.started.get(index).map(Started));
    }

    /// Whether other targets go through this one, so that its worker has to stay.
    pub(crate) fn is_needed(&self, index: usize) -> bool {
        self.needs.iter().any(|needs| needs.contains(&index))
    }
}

struct Started<'a>(&'a OnceLock<()>);

impl Drop for Started<'_> {
    fn drop(&mut self) {
        // It is set once.
        let _ = self.0.set(());
    }
}

/// Sorts targets so that each one comes after those that it goes through. Otherwise the order stays.
pub(crate) fn sorted<T>(targets: Vec<T>, spec: impl Fn(&T) -> &XSpec) -> Result<Vec<T>, Failure> {
    let needs = needs(&targets.iter().map(&spec).collect::<Vec<_>>());
    let mut depths = vec![0_usize; targets.len()];
    // Each round finds the depths of targets that are one further away.
    for _ in 0..=targets.len() {
        let depth = |needs: &Vec<usize>| {
            let depths = needs.iter().filter_map(|&other| depths.get(other));
            depths.max().map_or(0, |depth| depth.saturating_add(1))
        };
        let deeper: Vec<_> = needs.iter().map(depth).collect();
        if deeper == depths {
            let mut deep: Vec<_> = depths.into_iter().zip(targets).collect();
            deep.sort_by_key(|(depth, _)| *depth);
            return Ok(deep.into_iter().map(|(_, target)| target).collect());
        }
        depths = deeper;
    }
    let deepest = targets.iter().zip(&depths).max_by_key(|(_, depth)| **depth);
    let text = deepest.map_or("", |(target, _)| spec(target).as_str());
    let problem = "it goes through itself, or through targets that go through each other";
    Err(Failure::Usage(format!("target {text}"), problem.into()))
}

/// The indices of the targets that each one goes through.
fn needs(specs: &[&XSpec]) -> Vec<Vec<usize>> {
    let ids: HashMap<_, _> = (0..)
        .zip(specs)
        .filter_map(|(index, spec)| Some((spec.get("id")?, index)))
        .collect();
    let needs = specs.iter().map(|spec| {
        let others = KEYS.iter().filter_map(|key| spec.get(key));
        others.filter_map(|id| ids.get(id).copied()).collect()
    });
    needs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(texts: &[&str]) -> Vec<XSpec> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn targets_come_after_those_that_they_go_through() {
        let targets = specs(&[
            "popen//id=c//via=b",
            "popen//id=x//via=elsewhere",
            "socket//id=b//installvia=a",
            "popen//id=y",
            "popen//id=a",
        ]);
        let sorted = sorted(targets, |spec| spec).unwrap();
        let ids: Vec<_> = sorted.iter().filter_map(|spec| spec.get("id")).collect();
        assert_eq!(ids, ["x", "y", "a", "b", "c"]);
        let via = Via::new(&sorted);
        let needed: Vec<_> = (0..sorted.len())
            .map(|index| via.is_needed(index))
            .collect();
        assert_eq!(needed, [false, false, true, true, false]);
    }

    #[test]
    fn targets_that_go_through_each_other_are_refused() {
        for texts in [
            &["popen//id=a//via=a"][..],
            &["popen//id=a//via=b", "popen", "popen//id=b//via=a"],
        ] {
            let refused = sorted(specs(texts), |spec| spec).unwrap_err();
            assert!(refused.in_short().contains("through itself"), "{refused:?}");
        }
    }
}
