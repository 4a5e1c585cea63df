//! The keys of specs that this system cannot serve.

/// Why this key, or these two together, cannot be used; `None` if it can.
pub(crate) fn refused(key: &str) -> Option<&'static str> {
    const REFUSED: &[(&str, &str)] = &[
        (
            "unix",
            "there are no Unix sockets on Windows: use tcp=127.0.0.1:PORT with token_file=",
        ),
        (
            "ssh//worker=self",
            "a program of Windows cannot be copied to a host without it: name a worker that is there",
        ),
        ("slurm", "Slurm does not run on Windows"),
    ];
    let found = REFUSED.iter().find(|(refused, _)| *refused == key);
    found.map(|(_, problem)| *problem)
}
