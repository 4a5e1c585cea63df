//! The error of an allocation of Slurm that cannot be used.

use core::error::Error;
use core::fmt;

/// Why no allocation of Slurm can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlurmError {
    /// This program does not run in an allocation.
    NoAllocation,
    /// `srun` has started this program as this step of a job. Only a program in the script of `sbatch` or the shell of
    /// `salloc` can use the whole allocation.
    InsideStep(String),
    /// There is an allocation, but this variable does not describe it.
    Missing(&'static str),
    /// The value of a variable cannot be parsed.
    Unreadable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// The number of nodes differs from the number of task counts.
    Mismatch {
        /// Number of nodes.
        nodes: usize,
        /// Number of task counts.
        counts: usize,
    },
}

impl fmt::Display for SlurmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAllocation => {
                f.write_str("this program runs in no allocation of Slurm: SLURM_JOB_ID is not set")
            }
            Self::InsideStep(step) => write!(
                f,
                "this program is Slurm's step {step} itself: start it without srun, from sbatch or salloc"
            ),
            Self::Missing(name) => {
                write!(f, "Slurm's allocation is not described: {name} is not set")
            }
            Self::Unreadable { name, value } => {
                write!(f, "Slurm's allocation cannot be read: {name} is {value:?}")
            }
            Self::Mismatch { nodes, counts } => write!(
                f,
                "Slurm's allocation has {nodes} nodes, but counts of tasks for {counts}"
            ),
        }
    }
}

impl Error for SlurmError {}
