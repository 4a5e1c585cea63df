//! The known keys of specs, and the transports that use them.

use std::ffi::OsStr;

use super::XSpec;

/// The keys that choose a transport. A spec has exactly one of them.
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
    "serial",
];

/// The other keys.
pub(super) const OTHERS: &[&str] = &[
    "baud",
    "bootstrap",
    "chdir",
    "doas",
    "dont_write_bytecode",
    "execmodel",
    "id",
    "installvia",
    "keepalive",
    "nice",
    "pickle",
    "python",
    "ssh_config",
    "su",
    "sudo",
    "tls_ca",
    "tls_cert",
    "tls_key",
    "tls_name",
    "token_file",
    "via",
    "worker",
];

/// The keys of [`OTHERS`] that need no value.
const FLAGS: &[&str] = &["doas", "dont_write_bytecode", "su", "sudo"];

/// The keys that run the worker as another user. A spec has at most one of them.
pub(crate) const ACCOUNT_KEYS: [&str; 3] = ["sudo", "su", "doas"];

/// The keys that only some transports use.
const BOUND: &[(&str, &[&str])] = &[
    ("baud", &["serial"]),
    ("keepalive", &["socket", "tcp", "tls"]),
    ("ssh_config", &["ssh", "vagrant_ssh"]),
    ("tls_ca", &["tls"]),
    ("tls_cert", &["tls"]),
    ("tls_key", &["tls"]),
    ("tls_name", &["tls"]),
    ("token_file", &["tcp", "tls", "unix"]),
];

/// Returns the first key of the spec that would have no effect, and why.
pub(super) fn without_effect(spec: &XSpec) -> Option<(&'static str, String)> {
    let is_empty = |key: &&str| spec.has(key) && spec.get_os(key).is_none_or(OsStr::is_empty);
    let mut valued = OTHERS.iter().copied().filter(|key| !FLAGS.contains(key));
    if let Some(key) = valued.find(is_empty) {
        return Some((key, super::NO_VALUE.to_owned()));
    }
    let unbound = |(key, transports): &&(&str, &[&str])| {
        spec.has(key) && !transports.iter().any(|transport| spec.has(transport))
    };
    let &(key, transports) = BOUND.iter().find(unbound)?;
    Some((key, format!("it goes with {} alone", transports.join(", "))))
}

/// In an unknown key, one letter in this many may be wrong, missing or swapped with the next.
const LETTERS_PER_ERROR: usize = 3;

pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    TRANSPORTS.iter().chain(OTHERS).copied()
}

pub(super) fn is_known(key: &str) -> bool {
    all().any(|known| known == key)
}

/// The known key that this one is probably a typing error of.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let errors = |known| strsim::damerau_levenshtein(key, known);
    let candidates = all().map(|known| (errors(known), known));
    let (errors, nearest) = candidates.min_by_key(|(errors, _)| *errors)?;
    (errors <= key.len() / LETTERS_PER_ERROR).then_some(nearest)
}
