//! An event of a worker of xdist: a name, and a dict of arguments.

use execnet::Value;
use execnet::serializer::Dict;

/// The exit status of a pytest that was interrupted.
const EXIT_INTERRUPTED: i64 = 2;

/// An event that the controller cares for.
#[derive(Debug)]
pub(crate) enum Event {
    /// These are the tests, in the order of their indexes.
    Collected(Vec<String>),
    /// A phase of a test is over.
    Report(Report),
    /// All phases of the test of this index are over.
    Complete(usize),
    /// A module that could not be collected, and why.
    CollectError { nodeid: String, text: String },
    /// The worker's own machinery failed.
    Internal(String),
    /// Its pytest has ended, and the worker leaves.
    Finished(Ending),
    /// Nothing more comes.
    Ended,
    /// The program got this signal.
    Interrupted(i32),
}

/// How the pytest of a worker has ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Whether tests are left or not: by itself, or because of an error that no test caught.
    Over,
    /// By an interrupt or by `pytest.exit`.
    Interrupted,
    /// Because of an option such as `--maxfail`; the text says so.
    Stopped(String),
}

/// One phase of a test.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) nodeid: String,
    /// `setup`, `call` or `teardown`.
    pub(crate) when: String,
    /// `passed`, `failed` or `skipped`.
    pub(crate) outcome: String,
    /// Whether the test is expected to fail.
    pub(crate) expected_failure: bool,
    /// What went wrong.
    pub(crate) text: String,
}

impl Event {
    /// None for what does not matter here, such as warnings and the beginnings of tests.
    pub(crate) fn read(item: &Value) -> Option<Self> {
        let Value::Tuple(parts) = item else {
            return None;
        };
        let [Value::Str(name), Value::Dict(kwargs)] = parts.as_slice() else {
            return None;
        };
        match name.as_str() {
            "collectionfinish" => ids(kwargs).map(Self::Collected),
            "testreport" => Report::read(dict(kwargs, "data")?).map(Self::Report),
            "collectreport" => collect_error(dict(kwargs, "data")?),
            "runtest_protocol_complete" => {
                let index = kwargs.get("item_index")?.as_i64()?;
                usize::try_from(index).ok().map(Self::Complete)
            }
            "internal_error" => Some(Self::Internal(text(kwargs, "formatted_error"))),
            "workerfinished" => Some(Self::Finished(Ending::read(dict(kwargs, "workeroutput")?))),
            _ => None,
        }
    }
}

impl Ending {
    fn read(output: &Dict) -> Self {
        let stopped = ["shouldfail", "shouldstop"].map(|reason| text(output, reason));
        match stopped.into_iter().find(|reason| !reason.is_empty()) {
            _ if output.get("exitstatus") == Some(&Value::from(EXIT_INTERRUPTED)) => {
                Self::Interrupted
            }
            Some(reason) => Self::Stopped(reason),
            None => Self::Over,
        }
    }
}

impl Report {
    fn read(data: &Dict) -> Option<Self> {
        // Reports of other kinds, of subtests for one, are no outcome of a test.
        (text(data, "$report_type") == "TestReport").then(|| Self {
            nodeid: text(data, "nodeid"),
            when: text(data, "when"),
            outcome: text(data, "outcome"),
            expected_failure: data.get("wasxfail").is_some(),
            text: message(data.get("longrepr")),
        })
    }
}

fn collect_error(data: &Dict) -> Option<Event> {
    (text(data, "outcome") == "failed").then(|| Event::CollectError {
        nodeid: text(data, "nodeid"),
        text: message(data.get("longrepr")),
    })
}

fn ids(kwargs: &Dict) -> Option<Vec<String>> {
    let Some(Value::List(ids)) = kwargs.get("ids") else {
        return None;
    };
    let ids = ids.iter().map(|id| id.as_str().map(str::to_owned));
    ids.collect()
}

/// The line in which pytest says what went wrong; for want of it, all there is.
fn message(longrepr: Option<&Value>) -> String {
    match longrepr {
        Some(Value::Dict(details)) => {
            let crash = dict(details, "reprcrash");
            crash.map_or_else(String::new, |crash| text(crash, "message"))
        }
        Some(Value::Str(text)) => text.to_string(),
        Some(Value::None) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn dict<'d>(kwargs: &'d Dict, key: &str) -> Option<&'d Dict> {
    match kwargs.get(key) {
        Some(Value::Dict(dict)) => Some(dict),
        _ => None,
    }
}

fn text(dict: &Dict, key: &str) -> String {
    let found = dict.get(key).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}
