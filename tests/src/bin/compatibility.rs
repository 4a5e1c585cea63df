//! Writes `docs/compatibility.md` from the output of the stock suites; `scripts/compatibility` runs it.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};

use execnet_test_support::{RELEASES, root};

const HEAD: &str = "\
# Compatibility with stock execnet

What a peer can see of execnet, by the names of execnet's own tests (those of 1.9.0 where later releases have dropped
them), and which releases on the other side it was seen with here. Made by `scripts/compatibility` from a run of
`tests/tests/stock_controller.rs` (a stock controller and a worker in Rust; the cases are in `tests/stock/`) and
`tests/tests/stock_worker/` (our controller and an interpreter with `bootstrap=execnet`). Not to be edited.

A name that ends in \"(ours)\" is of a test that execnet does not have. A worker in Rust runs no Python, so that what is
about source text is shown one way only. Python 2 alone has the second string type that some lines of 1.9.0 are about.
";

fn main() -> io::Result<()> {
    let mut log = String::new();
    io::stdin().read_to_string(&mut log)?;
    let seen = Seen::read(&log);
    let behaviours = fs::read_to_string(root().join("tests/stock/behaviours.tsv"))?;
    print!("{HEAD}{}", table(&behaviours, &seen));
    Ok(())
}

/// The tests and releases by behaviour, and by which end was ours.
#[derive(Default)]
struct Seen<'l> {
    releases: BTreeMap<(&'l str, &'l str), BTreeSet<&'l str>>,
    tests: BTreeMap<&'l str, BTreeSet<&'l str>>,
}

impl<'l> Seen<'l> {
    fn read(log: &'l str) -> Self {
        let mut seen = Self::default();
        for line in log.lines().filter_map(|line| line.strip_prefix("seen: ")) {
            let mut fields = line.split(" | ");
            let fields = [(); 4].map(|()| fields.next().unwrap_or_default());
            let [behaviour, ours, release, test] = fields;
            let releases = seen.releases.entry((behaviour, ours)).or_default();
            releases.insert(release);
            seen.tests.entry(behaviour).or_default().insert(test);
        }
        seen
    }

    /// The releases with which a behaviour was seen, the newest first.
    fn with(&self, behaviour: &str, ours: &str) -> String {
        let Some(releases) = self.releases.get(&(behaviour, ours)) else {
            return "-".to_owned();
        };
        let known = RELEASES.iter().map(|release| release.to_string());
        let shown: Vec<_> = known
            .filter(|release| releases.contains(release.as_str()))
            .collect();
        match shown.len() == RELEASES.len() {
            true => "all".to_owned(),
            false => shown
                .join(", ")
                .replace("-python3", "")
                .replace("-python", " on Python "),
        }
    }

    fn tests(&self, behaviour: &str) -> String {
        let tests = self.tests.get(behaviour).into_iter().flatten();
        tests
            .map(|test| format!("`{test}`"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn table(behaviours: &str, seen: &Seen<'_>) -> String {
    let (mut text, mut area) = (String::new(), "");
    let (mut lines, mut shown) = (0, 0);
    for line in behaviours.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let fields = [(); 4].map(|()| fields.next().unwrap_or_default());
        let [next, name, behaviour, reason] = fields;
        if next != area {
            area = next;
            let _ = write!(
                text,
                "\n## {area}\n\n| | stock controller, worker in Rust | our controller, stock worker | shown by |\n|---|---|---|---|\n"
            );
        }
        let tests = seen.tests(name);
        lines += 1;
        shown += usize::from(!tests.is_empty());
        let by = if tests.is_empty() {
            format!("not shown: {reason}")
        } else {
            tests
        };
        let [worker, controller] = ["Worker", "Controller"].map(|ours| seen.with(name, ours));
        let behaviour = behaviour.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| **{name}**: {behaviour} | {worker} | {controller} | {by} |"
        );
    }
    let known: Vec<_> = RELEASES.iter().map(ToString::to_string).collect();
    format!(
        "\nReleases: {}. Shown: {shown} of {lines}.\n{text}",
        known.join(", ").replace("-python", " on Python ")
    )
}
