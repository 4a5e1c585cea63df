//! Completion of specs.

use std::ffi::{OsStr, OsString};

use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};

/// The keys that begin a spec. Those with `=` need a value.
const TRANSPORTS: &[(&str, &str)] = &[
    ("popen", "a process of this machine"),
    ("ssh=", "OPTIONS HOST"),
    ("docker=", "OPTIONS CONTAINER, a running one"),
    ("podman=", "OPTIONS CONTAINER, a running one"),
    ("kubectl=", "OPTIONS POD"),
    ("slurm=", "OPTIONS of srun"),
    ("vagrant_ssh=", "MACHINE"),
    ("cmd=", "WORDS of a command that runs another"),
    ("socket=", "HOST:PORT of a socket server of stock execnet"),
    ("tcp=", "HOST:PORT of execnet serve --tcp"),
    ("tls=", "HOST:PORT of execnet serve --tls"),
    ("unix=", "PATH of execnet serve --unix"),
    ("serial=", "PATH of a serial port"),
];

/// The keys that follow.
const OPTIONS: &[(&str, &str)] = &[
    ("python=", "the interpreter and its options"),
    ("id=", "the id of the gateway"),
    ("chdir=", "the working directory"),
    ("env:", "NAME=VALUE, an environment variable"),
    ("via=", "ID of the gateway to go through"),
    (
        "installvia=",
        "ID of the gateway that starts a socket server",
    ),
    ("worker=", "a worker program in place of Python"),
    ("execmodel=", "the execution model"),
    ("nice=", "N, added to the priority"),
    ("sudo", "run as root"),
    ("su", "run as root"),
    ("doas", "run as root"),
    ("bootstrap=", "execnet: serve with the installed execnet"),
    ("dont_write_bytecode", "Python's -B"),
    ("pickle=", "no: containers travel as opcodes"),
    ("ssh_config=", "PATH of a configuration file for ssh"),
    ("token_file=", "PATH of the token"),
    ("tls_ca=", "PATH of the certificates of authorities"),
    ("tls_cert=", "PATH of the certificate"),
    ("tls_key=", "PATH of the private key"),
    ("tls_name=", "the name in the certificate of the server"),
    ("keepalive=", "SECONDS"),
    ("baud=", "the speed of a serial port"),
];

/// The keys whose values are paths of this machine.
const PATHS: &[&str] = &[
    "unix",
    "serial",
    "ssh_config",
    "token_file",
    "tls_ca",
    "tls_cert",
    "tls_key",
];

/// Those that are if the worker is a process of this machine.
const LOCAL_PATHS: &[&str] = &["python", "chdir"];

/// The values of keys that have only some.
const VALUES: &[(&str, &[&str])] = &[
    ("execmodel", &crate::args::EXEC_MODELS),
    ("bootstrap", &["execnet"]),
    ("pickle", &["no", "yes"]),
];

/// Completes a spec.
pub(crate) fn spec_completer() -> ArgValueCompleter {
    ArgValueCompleter::new(candidates)
}

/// Completes a spec and the path there. What that machine has is not known.
pub(crate) fn target_completer() -> ArgValueCompleter {
    struct Target;
    impl ValueCompleter for Target {
        fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
            candidates(current)
        }
        fn complete_at(&self, index: usize, current: &OsStr) -> Vec<CompletionCandidate> {
            if index == 0 {
                candidates(current)
            } else {
                Vec::new()
            }
        }
    }
    ArgValueCompleter::new(Target)
}

fn candidates(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else {
        return Vec::new();
    };
    let start = current.rfind("//").map_or(0, |at| at.saturating_add(2));
    let (before, part) = current.split_at(start);
    let (head, found) = match part.split_once('=') {
        Some((key, value)) => (format!("{before}{key}="), values(before, key, value)),
        None => (before.to_owned(), keys(before, part)),
    };
    let found = found.into_iter();
    found.map(|one| one.add_prefix(head.as_str())).collect()
}

fn keys(before: &str, part: &str) -> Vec<CompletionCandidate> {
    let keys = if before.is_empty() {
        TRANSPORTS
    } else {
        OPTIONS
    };
    let is_given = |key: &str| {
        let mut parts = before.split("//");
        parts.any(|part| part == key || key.ends_with('=') && part.starts_with(key))
    };
    let keys = keys
        .iter()
        .filter(|(key, _)| key.starts_with(part) && !is_given(key));
    keys.map(|(key, help)| CompletionCandidate::new(*key).help(Some((*help).into())))
        .collect()
}

fn values(before: &str, key: &str, value: &str) -> Vec<CompletionCandidate> {
    let local = LOCAL_PATHS.contains(&key) && before.split("//").any(|part| part == "popen");
    if PATHS.contains(&key) || local {
        return PathCompleter::any().complete(OsStr::new(value));
    }
    let known = VALUES.iter().find(|(known, _)| *known == key);
    let values = known.into_iter().flat_map(|(_, values)| values.iter());
    let values = values.filter(|known| known.starts_with(value));
    values
        .map(|known| CompletionCandidate::new(OsString::from(known)))
        .collect()
}

#[cfg(test)]
mod tests {
    use execnet::{SpecError, XSpec};

    use super::*;

    fn complete(text: &str) -> Vec<String> {
        let found = candidates(OsStr::new(text)).into_iter();
        found
            .map(|one| one.get_value().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn keys_and_values_of_specs_are_completed() {
        assert_eq!(complete("po"), ["popen", "podman="]);
        assert_eq!(complete("ssh=a//ex"), ["ssh=a//execmodel="]);
        let given = complete("popen//sudo//s");
        assert_eq!(given, ["popen//sudo//su", "popen//sudo//ssh_config="]);
        let models = complete("popen//execmodel=g");
        assert_eq!(models, ["popen//execmodel=gevent"]);
        assert_eq!(complete("popen//chdir=/pro"), ["popen//chdir=/proc/"]);
        assert_eq!(complete("ssh=a//chdir=/pro"), [""; 0]);
    }

    fn is_known(spec: &str) -> bool {
        let checked = spec.parse::<XSpec>().unwrap().check_keys();
        !matches!(checked, Err(SpecError::UnknownKey { .. }))
    }

    #[test]
    fn the_keys_are_those_of_specs_and_of_their_page() {
        let keys: Vec<_> = TRANSPORTS.iter().chain(OPTIONS).map(|one| one.0).collect();
        for key in &keys {
            let value = match key.chars().last() {
                Some('=') => "x",
                Some(':') => "NAME=x",
                _ => "",
            };
            assert!(is_known(&format!("{key}{value}")), "{key}");
        }
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/specs.md");
        let page = std::fs::read_to_string(page).unwrap();
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let shown = rows.filter_map(|row| row.split(['=', '`', ':']).next());
        let shown: Vec<_> = shown.filter(|key| !key.contains("//")).collect();
        assert!(shown.contains(&"keepalive"), "{shown:?}");
        for key in shown {
            let known = |known: &&str| known.trim_end_matches(['=', ':']) == key;
            assert!(keys.iter().any(known), "{key}");
        }
    }
}
