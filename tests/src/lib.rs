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

/// The blocks of the documentation, compiled and run as they stand there.
macro_rules! pages {
    ($($name:ident: $path:literal;)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!($path)]
        pub struct $name;
    )*};
}

pages! {
    Readme: "../../README.md";
    Introduction: "../../docs/introduction.md";
    GettingStarted: "../../docs/guide/getting-started.md";
    InsteadOfPyO3: "../../docs/guide/instead-of-pyo3.md";
    FromPython: "../../docs/guide/from-python.md";
    SimpleTools: "../../docs/guide/simple-tools.md";
    Cookbook: "../../docs/guide/cookbook.md";
    // These need clusters: they compile.
    Clusters: "../../docs/guide/clusters.md";
    // These need a device: they compile.
    Devices: "../../docs/guide/devices.md";
    WithoutHeap: "../../docs/guide/without-heap.md";
    Errors: "../../docs/errors.md";
    RustTypes: "../../docs/serde.md";
    Rsync: "../../docs/rsync.md";
}
