//! The settings of a worker.

use alloc::collections::BTreeMap;

use execnet_core_sync::Grace;
use execnet_serializer::{Dict, Value};

use crate::spec::{NO_VALUE, SpecError, XSpec};

/// Settings of one worker.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) id: String,
    pub(crate) exec_model: String,
    pub(crate) bootstrap: Bootstrap,
    pub(crate) grace: Grace,
    pub(crate) stdout: Stdout,
    /// Added to the priority of the process.
    pub(crate) nice: i32,
    /// How many bytes may be in flight on a channel, in each direction; `None` means no limit.
    pub(crate) credit: Option<usize>,
    /// Whether a CPython reads and writes pickles.
    pub(crate) pickles: bool,
    /// What the worker sets itself.
    pub(crate) env: WorkerEnv,
    /// Whether a Python worker, as its last act, kills the processes of its process group that are younger than itself.
    /// It is set if a signal from this machine does not reach them.
    pub(crate) ends_group: bool,
    /// Whether a Python worker gets its program compressed: a third of the bytes, for a millisecond of its time.
    pub(crate) compressed: bool,
}

/// What the process at the other end is, and how it becomes a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bootstrap {
    /// A Python, which gets the program of our worker.
    Python,
    /// A Python that has stock execnet installed, which becomes a stock worker: it knows none of our extensions.
    Execnet,
    /// A worker program, which gets settings only.
    Worker,
    /// A device, which gets no settings, and knows none of our extensions.
    Device,
}

impl Bootstrap {
    pub(crate) fn of(spec: &XSpec) -> Result<Self, SpecError> {
        match (spec.has("bootstrap"), spec.get("bootstrap")) {
            (false, _) if spec.has("serial") => Ok(Self::Device),
            (false, _) if spec.has("worker") => Ok(Self::Worker),
            (false, _) => Ok(Self::Python),
            (true, _) if spec.has("worker") => Err(SpecError::Conflict("bootstrap", "worker")),
            (true, Some("execnet")) => Ok(Self::Execnet),
            (true, Some(other)) => {
                let problem = format!("{other:?} is not \"execnet\"");
                Err(SpecError::value("bootstrap", problem))
            }
            (true, None) => Err(SpecError::value("bootstrap", NO_VALUE)),
        }
    }

    /// The credit for such a worker, if this much is configured.
    pub(crate) fn credit(self, wanted: Option<usize>) -> Option<usize> {
        wanted.filter(|_| !matches!(self, Self::Execnet | Self::Device))
    }
}

/// The working directory and environment that a worker sets itself, because another program starts its process.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerEnv {
    pub(crate) chdir: Option<String>,
    pub(crate) env: BTreeMap<String, String>,
}

impl WorkerEnv {
    /// The directory and environment of a spec.
    pub(crate) fn of(spec: &XSpec) -> Self {
        Self {
            chdir: spec.get("chdir").map(str::to_owned),
            env: spec.env().clone(),
        }
    }

    pub(super) fn add_to(&self, config: &mut Dict) {
        if let Some(directory) = &self.chdir {
            config.insert("chdir".into(), directory.as_str().into());
        }
        if !self.env.is_empty() {
            let pairs = self.env.iter();
            let env: Dict = pairs
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect();
            config.insert("env".into(), Value::Dict(env));
        }
    }
}

/// Where the standard output of workers goes. It never goes to the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Stdout {
    /// It is discarded, as in execnet.
    #[default]
    Discard,
    /// It is merged into the standard error, see [`Stderr`](crate::Stderr).
    Stderr,
}
