//! Test suites that cross the crates, and their helpers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

pub mod accounts;
pub mod again;
pub mod certificates;
pub mod conformance;
pub mod impostor;
#[cfg(target_os = "linux")]
pub mod namespace;
pub mod podman;
pub mod script;
pub mod slurm;
pub mod sshd;

/// The README's example runs as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// So do those of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/from-python.md")]
pub struct FromPython;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/simple-tools.md")]
pub struct SimpleTools;

/// These need clusters: they compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/clusters.md")]
pub struct Clusters;

/// These need a device: they compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/devices.md")]
pub struct Devices;
