//! Launches as values, as they go to a proxy.

use std::io;
use std::path::PathBuf;

use execnet_serializer::{Dict, Value};

use crate::command::{Input, KillPolicy, Launch};
use crate::process::{Process, Started};
use crate::start::{StartError, start_first};
use crate::stderr::Sink;

/// The value that a proxy reads.
pub(super) fn describe(launches: &[Launch]) -> Value {
    let described = launches.iter().map(|launch| {
        // Specs with arguments that are not UTF-8 have been refused before.
        let words = [&launch.program].into_iter().chain(&launch.arguments);
        let argv = words
            .map(|word| word.to_string_lossy().as_ref().into())
            .collect();
        let env = launch.env.iter();
        let env: Dict = env
            .map(|(name, value)| {
                let value = value.as_deref().map_or(Value::None, Value::from);
                (name.as_str().into(), value)
            })
            .collect();
        let chdir = launch.chdir.as_ref();
        let chdir = chdir.map_or(Value::None, |path| path.to_string_lossy().as_ref().into());
        let pairs = [
            ("argv".into(), Value::List(argv)),
            ("env".into(), Value::Dict(env)),
            ("chdir".into(), chdir),
            (
                "terminate".into(),
                (launch.kill_policy == KillPolicy::Terminate).into(),
            ),
        ];
        Value::Dict(pairs.into_iter().collect())
    });
    Value::List(described.collect())
}

/// The reverse of [`describe`]; `None` if the value is malformed.
pub(super) fn read(described: &Value) -> Option<Vec<Launch>> {
    let Value::List(described) = described else {
        return None;
    };
    described.iter().map(read_one).collect()
}

fn read_one(described: &Value) -> Option<Launch> {
    let Value::Dict(described) = described else {
        return None;
    };
    let (Value::List(argv), Value::Dict(env)) = (described.get("argv")?, described.get("env")?)
    else {
        return None;
    };
    let mut words = argv.iter().map(|word| word.as_str().map(Into::into));
    let pair = |(name, value): (&Value, &Value)| {
        let value = match value {
            Value::None => None,
            value => Some(value.as_str()?.to_owned()),
        };
        Some((name.as_str()?.to_owned(), value))
    };
    let kill_policy = match described.get("terminate")? {
        Value::Bool(true) => KillPolicy::Terminate,
        _ => KillPolicy::Kill,
    };
    let env: Option<_> = env.iter().map(pair).collect();
    Some(Launch {
        program: words.next()??,
        arguments: words.collect::<Option<_>>()?,
        env: env?,
        chdir: described.get("chdir")?.as_str().map(PathBuf::from),
        remote: false,
        kill_policy,
        input: Input::default(),
    })
}

/// Starts the first program that exists; `None` if none does.
pub(super) fn start(
    name: &str,
    launches: &[Launch],
    stderr: impl Fn() -> Box<dyn Sink>,
) -> io::Result<Option<Started>> {
    match start_first(launches, |launch| Process::start(name, launch, stderr())) {
        Ok(started) => Ok(Some(started)),
        // Not an error here: the controller knows which programs it has named, and words the error.
        Err(StartError::NoProgram(..)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{SshHints, launches};

    #[test]
    fn described_launches_are_read_again() {
        for spec in [
            "popen//python=a b//env:X=y//chdir=/z",
            "docker=box//python=a",
            #[cfg(feature = "slurm")]
            "slurm=-p part//python=a",
        ] {
            let mut launches = launches(&spec.parse().unwrap(), &SshHints::default()).unwrap();
            let again = read(&describe(&launches));
            // How the end of the worker shows there, and what it reads first, only the controller needs to know.
            launches.iter_mut().for_each(|launch| {
                launch.remote = false;
                launch.input = Input::default();
            });
            assert_eq!(again, Some(launches), "{spec}");
        }
        for other in [
            "[{}]",
            "[1]",
            "{}",
            "[{'argv': [], 'env': {}, 'chdir': None}]",
        ] {
            assert_eq!(read(&other.parse().unwrap()), None, "{other}");
        }
    }
}
