//! The targets of a command: the workers that it runs on.

mod hosts;
mod run;
mod summary;
mod via;

use std::collections::{HashMap, HashSet};
use std::io;

use execnet::XSpec;

use crate::args::Targets;
use crate::escape::escaped_line;
use crate::failure::Failure;
use crate::input::is_stdin;
use crate::style;
pub(crate) use run::{Runner, print_failure};
pub(crate) use via::{Via, sorted};

/// A worker that a command runs on.
#[derive(Debug)]
pub(crate) struct Target {
    /// The spec; with an id if there are several targets.
    pub(crate) spec: XSpec,
    /// The id of its gateway.
    pub(crate) id: String,
    /// The spec as it was given.
    pub(crate) text: String,
    /// What its lines of standard output begin with: nothing if it is the only target.
    pub(crate) prefix: String,
    /// The same for standard error.
    pub(crate) error_prefix: String,
}

/// A spec and where it was given.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) spec: XSpec,
    pub(crate) place: String,
}

impl Given {
    pub(crate) fn new(spec: XSpec, place: &str) -> Self {
        let place = place.to_owned();
        Self { spec, place }
    }
}

/// The specs of --on, and then those of --hosts.
pub(crate) fn specs_of_options(options: &Targets) -> Result<Vec<Given>, Failure> {
    let stdin = options.hosts.iter().filter(|file| is_stdin(file));
    if stdin.count() > 1 {
        let problem = "it can be read once; --hosts - is given twice";
        return Err(Failure::Usage("standard input".into(), problem.into()));
    }
    let on = options.on.iter().cloned();
    let mut specs: Vec<_> = on.map(|spec| Given::new(spec, "--on")).collect();
    for file in &options.hosts {
        specs.extend(hosts::read(file)?);
    }
    Ok(specs)
}

/// Rejects an id that several targets have. Without this, their starts would decide by chance which of them fails.
pub(crate) fn check_ids<'a>(specs: impl IntoIterator<Item = &'a Given>) -> Result<(), Failure> {
    let mut seen = HashMap::new();
    for Given { spec, place } in specs {
        if let Some(id) = spec.get("id")
            && let Some(first) = seen.insert(id, place)
        {
            let problem = format!("several targets have this id: {first}; {place}");
            return Err(Failure::Usage(format!("id={id}"), problem.into()));
        }
    }
    Ok(())
}

/// The id of each gateway: its own, or that which it would get if the gateways were made in this order. They are made at the
/// same time, in any order.
pub(crate) fn ids<'a>(specs: impl Iterator<Item = &'a XSpec> + Clone) -> Vec<String> {
    let own: HashSet<_> = specs.clone().filter_map(|spec| spec.get("id")).collect();
    let numbered = (0_u64..).map(|number| format!("gw{number}"));
    let mut free = numbered.filter(|id| !own.contains(&**id));
    let ids = specs.map(|spec| match spec.get("id") {
        Some(id) => id.to_owned(),
        // There is always a free one.
        None => free.next().unwrap_or_default(),
    });
    ids.collect()
}

impl Target {
    /// The targets of the options, after those of the positional arguments.
    pub(crate) fn all(
        specs: impl IntoIterator<Item = XSpec>,
        options: &Targets,
    ) -> Result<Vec<Self>, Failure> {
        let arguments = specs.into_iter();
        let mut specs: Vec<_> = arguments.map(|spec| Given::new(spec, "SPEC")).collect();
        specs.extend(specs_of_options(options)?);
        check_ids(&specs)?;
        let specs = specs.into_iter().map(|given| given.spec);
        sorted(Self::with_ids(specs.collect()), |target| &target.spec)
    }

    fn with_ids(specs: Vec<XSpec>) -> Vec<Self> {
        let several = specs.len() > 1;
        let ids = ids(specs.iter());
        let targets = specs.into_iter().zip(ids).enumerate();
        let targets = targets.map(|(index, (spec, id))| {
            let text = spec.as_str().to_owned();
            let spec = match several && !spec.has("id") {
                true => spec.id(&id),
                false => spec,
            };
            let label = escaped_line(&format!("[{id}]"));
            let [prefix, error_prefix] = match several {
                true => [
                    style::of_target(io::stdout(), index, &label),
                    style::of_target(io::stderr(), index, &label),
                ]
                .map(|label| label + " "),
                false => Default::default(),
            };
            Self {
                spec,
                id,
                text,
                prefix,
                error_prefix,
            }
        });
        targets.collect()
    }

    /// The id and the spec, for messages.
    fn label(&self) -> String {
        escaped_line(&format!("{} ({})", self.id, self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_without_an_id_get_the_next_free_one() {
        let specs = ["popen", "popen//id=gw1", "popen", "popen//id=web"];
        let targets = Target::with_ids(specs.map(|spec| spec.parse().unwrap()).into());
        let ids: Vec<_> = targets.iter().map(|target| target.id.as_str()).collect();
        assert_eq!(ids, ["gw0", "gw1", "gw2", "web"]);
        assert!(
            targets
                .iter()
                .all(|target| target.spec.get("id") == Some(&*target.id))
        );
        assert_eq!(targets[0].label(), "gw0 (popen)");
    }
}
