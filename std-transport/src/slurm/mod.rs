//! The allocation of Slurm that a program runs in.

mod nodes;

use std::env;

use crate::error::{MakeGatewayError, SlurmError};
use crate::group::Group;
use crate::slurm::nodes::{hosts, tasks_per_node};
use crate::spec::{SpecError, XSpec};

impl Group {
    /// A group with a gateway for each task of the allocation of Slurm that this program runs in, in the order of these:
    /// `srun` starts the workers on the nodes of the tasks.
    ///
    /// The program runs in the script of `sbatch`, or is started by `salloc`, and not by `srun`. For gateways with more
    /// in their specs, or a group with settings, see [`SlurmAllocation`].
    ///
    /// ```no_run
    /// let group = execnet::Group::from_slurm()?;
    /// let results = group.remote_exec("import socket; channel.send(socket.gethostname())");
    /// # let _ = results; Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is no allocation, or one of the gateways could not be made. The others are ended then.
    pub fn from_slurm() -> Result<Self, MakeGatewayError> {
        Self::from_specs(SlurmAllocation::from_env()?.specs("")?)
    }
}

const JOB: &str = "SLURM_JOB_ID";
const NODES: &str = "SLURM_JOB_NODELIST";
const TASKS: &str = "SLURM_TASKS_PER_NODE";
const CPUS: &str = "SLURM_CPUS_PER_TASK";
const STEP: &str = "SLURM_STEP_ID";

/// Numbers of steps from here on are no steps of a user's: Slurm's own, such as the shell of `salloc`.
const SPECIAL_STEPS: u32 = 0xffff_fff0;

/// Maximum number of nodes, and of tasks, in an allocation: no program starts more workers.
const MOST: usize = 1 << 16;

/// An allocation of Slurm: the tasks that `sbatch` or `salloc` was asked for, and the nodes that these are for.
///
/// [`Group::from_slurm`](crate::Group::from_slurm) is all that most programs need; this is for those that start their
/// gateways with more in the specs, or with settings of a group.
///
/// ```no_run
/// let allocation = execnet::SlurmAllocation::from_env()?;
/// let group = execnet::Group::new();
/// for gateway in group.make_gateways(allocation.specs("python=python3.12//chdir=work")?) {
///     println!("{}", gateway?.id());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlurmAllocation {
    job: String,
    /// The node of each task.
    tasks: Vec<String>,
    cpus_per_task: Option<u32>,
}

impl SlurmAllocation {
    /// The allocation that this program runs in.
    ///
    /// # Errors
    ///
    /// There is none, the program is a step of one itself, or the variables by which Slurm describes it are missing or
    /// cannot be read.
    pub fn from_env() -> Result<Self, SlurmError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    /// The allocation that these variables describe: `variable` knows their values.
    ///
    /// ```
    /// let variables = [("SLURM_JOB_ID", "7"), ("SLURM_JOB_NODELIST", "n[1-2]"), ("SLURM_TASKS_PER_NODE", "2,1")];
    /// let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
    /// let allocation = execnet::SlurmAllocation::from_variables(value)?;
    /// assert_eq!(allocation.tasks().collect::<Vec<_>>(), ["n1", "n1", "n2"]);
    /// # Ok::<(), execnet::SlurmError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn from_variables(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, SlurmError> {
        let job = variable(JOB).ok_or(SlurmError::NoAllocation)?;
        if let Some(step) = variable(STEP).filter(|step| is_of_user(step)) {
            return Err(SlurmError::InsideStep(format!("{job}.{step}")));
        }
        let nodes = read(&variable, NODES, |text| hosts(text, MOST))?;
        let counts = read(&variable, TASKS, |text| tasks_per_node(text, MOST))?;
        if nodes.len() != counts.len() {
            return Err(SlurmError::Mismatch {
                nodes: nodes.len(),
                counts: counts.len(),
            });
        }
        let tasks = nodes.into_iter().zip(counts);
        let tasks = tasks.flat_map(|(node, count)| core::iter::repeat_n(node, count));
        let cpus_per_task = match variable(CPUS) {
            Some(_) => Some(read(&variable, CPUS, |text| text.parse().ok())?),
            None => None,
        };
        Ok(Self {
            job,
            tasks: tasks.collect(),
            cpus_per_task,
        })
    }

    /// The number of the job.
    #[must_use]
    pub fn job_id(&self) -> &str {
        &self.job
    }

    /// The node of each task.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tasks.iter().map(String::as_str)
    }

    /// A spec for each task, with `keys` behind what says where it runs: `slurm=OPTIONS//keys`.
    ///
    /// By the options a task gets its processors to itself, and shares the memory of the job on its node.
    ///
    /// # Errors
    ///
    /// With these keys it is no spec.
    pub fn specs(&self, keys: &str) -> Result<Vec<XSpec>, SpecError> {
        self.tasks().map(|node| self.spec(node, keys)).collect()
    }

    fn spec(&self, node: &str, keys: &str) -> Result<XSpec, SpecError> {
        // Without `--exact` a step takes all of the job on its node, and the next one waits; so it does for memory.
        let mut text = format!("slurm=--nodelist={node} --exact --mem=0");
        if let Some(cpus) = self.cpus_per_task {
            text.push_str(&format!(" --cpus-per-task={cpus}"));
        }
        if !keys.is_empty() {
            text.push_str("//");
            text.push_str(keys);
        }
        text.parse()
    }
}

fn is_of_user(step: &str) -> bool {
    step.parse::<u32>()
        .is_ok_and(|number| number < SPECIAL_STEPS)
}

fn read<T>(
    variable: impl Fn(&'static str) -> Option<String>,
    name: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, SlurmError> {
    let value = variable(name).ok_or(SlurmError::Missing(name))?;
    read(&value).ok_or(SlurmError::Unreadable { name, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allocation(variables: &[(&str, &str)]) -> Result<SlurmAllocation, SlurmError> {
        SlurmAllocation::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const USUAL: [(&str, &str); 3] = [(JOB, "7"), (NODES, "n[1-2]"), (TASKS, "2,1")];

    fn usual_and(more: &[(&'static str, &'static str)]) -> Result<SlurmAllocation, SlurmError> {
        // The first of two values for one name is found.
        allocation(&[more, &USUAL].concat())
    }

    #[test]
    fn each_task_has_a_spec_with_its_node() {
        let allocation = usual_and(&[(CPUS, "3")]).unwrap();
        assert_eq!(allocation.job_id(), "7");
        let specs = allocation.specs("python=py").unwrap();
        let expected = ["n1", "n1", "n2"].map(|node| {
            format!("slurm=--nodelist={node} --exact --mem=0 --cpus-per-task=3//python=py")
        });
        assert_eq!(specs.len(), expected.len());
        for (spec, expected) in specs.iter().zip(expected) {
            assert_eq!(spec.as_str(), expected);
        }
        assert!(allocation.specs("_x").is_err());
    }

    #[test]
    fn without_keys_a_spec_is_its_place() {
        let specs = usual_and(&[]).unwrap().specs("").unwrap();
        assert_eq!(specs[2].as_str(), "slurm=--nodelist=n2 --exact --mem=0");
    }

    #[test]
    fn outside_of_an_allocation_that_is_the_error() {
        assert_eq!(allocation(&USUAL[1..]), Err(SlurmError::NoAllocation));
        assert_eq!(allocation(&[]), Err(SlurmError::NoAllocation));
    }

    #[test]
    fn an_incomplete_environment_names_the_missing_variable() {
        assert_eq!(allocation(&USUAL[..1]), Err(SlurmError::Missing(NODES)));
        assert_eq!(allocation(&USUAL[..2]), Err(SlurmError::Missing(TASKS)));
    }

    #[test]
    fn what_cannot_be_read_is_shown() {
        for (name, value) in [(NODES, "n[1-"), (TASKS, "2(y3)"), (CPUS, "many")] {
            let value = value.to_owned();
            let more = [(name, value.as_str())];
            let refused = allocation(&[&more, &USUAL[..]].concat());
            assert_eq!(refused, Err(SlurmError::Unreadable { name, value }));
        }
    }

    #[test]
    fn nodes_and_counts_have_to_agree() {
        let refused = usual_and(&[(TASKS, "1(x3)")]);
        let (nodes, counts) = (2, 3);
        assert_eq!(refused, Err(SlurmError::Mismatch { nodes, counts }));
    }

    #[test]
    fn a_step_has_no_tasks_to_give_but_the_shell_of_salloc_has() {
        let refused = usual_and(&[(STEP, "4")]);
        assert_eq!(refused, Err(SlurmError::InsideStep("7.4".to_owned())));
        assert!(usual_and(&[(STEP, "4294967290")]).is_ok());
    }
}
