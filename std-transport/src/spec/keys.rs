//! The keys that have a meaning.

/// The keys of which a spec needs one: how the worker is reached.
pub(super) const TRANSPORTS: &[&str] = &[
    "popen",
    "ssh",
    "vagrant_ssh",
    "docker",
    "podman",
    "kubectl",
    "slurm",
    "cmd",
    "socket",
    "tcp",
    "tls",
    "unix",
];

/// The others.
pub(super) const OTHERS: &[&str] = &[
    "bootstrap",
    "chdir",
    "dont_write_bytecode",
    "execmodel",
    "id",
    "installvia",
    "keepalive",
    "nice",
    "python",
    "ssh_config",
    "sudo",
    "tls_ca",
    "tls_cert",
    "tls_key",
    "tls_name",
    "token_file",
    "via",
    "worker",
];

/// How alike two keys must be for one to be a typing error for the other, from 0 to 1.
const ALIKE: f64 = 0.7;

fn all() -> impl Iterator<Item = &'static str> {
    TRANSPORTS.iter().chain(OTHERS).copied()
}

pub(super) fn is_known(key: &str) -> bool {
    all().any(|known| known == key)
}

/// The known key that resembles this one most, if one does.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let likeness = |known| strsim::jaro_winkler(key, known);
    let candidates = all().map(|known| (likeness(known), known));
    let (likeness, nearest) = candidates.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= ALIKE).then_some(nearest)
}
