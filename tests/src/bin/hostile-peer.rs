//! The remote end of a sync that sends what its script says, valid or not: see `tests/hostile_sync/`.
//!
//! It is a worker. The path of a sync that it is called for is the path of its script: a list of items, see [`Step`].
//! It appends what it receives to the file of that name with the suffix `.heard`.
#![cfg_attr(not(unix), allow(unused, reason = "there are no syncs"))]

use core::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use execnet::serializer::loads;
use execnet::{Channel, Value, Worker, value};
use execnet_tests::script::{self, Step};

/// A source says it last.
const FINISH: i64 = 4;
/// A target says it when everything is in its place.
const DONE: i64 = 14;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut worker = Worker::new();
    worker.register_program("hostile", |source| source.contains("rsync"), play);
    Ok(execnet::serve_stdio(worker)?)
}

fn play(channel: &Channel) -> Outcome {
    channel.reconfigure(execnet::serializer::StrConfig::STORED)?;
    let start = channel.receive()?;
    let mut heard = Heard::new(&script_of(&start)?)?;
    channel.send(ready())?;
    for step in heard.script()? {
        match step {
            Step::Hear => drop(heard.next(channel)?),
            Step::HearWant => while !Step::is_want(&heard.next(channel)?) {},
            Step::Swap(path, text) => script::swap(&path, &text)?,
            Step::Pipe(path) => script::pipe(&path)?,
            Step::Die => std::process::exit(1),
            Step::Say(item) => channel.send(item)?,
        }
    }
    // What follows is the other side's to say. At the end of a sync it leaves as it should: nobody is to wait for it.
    while let Ok(item) = heard.next(channel) {
        if item == value!((DONE,)) {
            return Ok(channel.send((FINISH,))?);
        }
        if item == value!((FINISH,)) {
            break;
        }
    }
    Ok(())
}

/// The answer of a source, whose root is a folder; it will do for a target.
fn ready() -> Value {
    let mut root = vec![b'd', 0o1, 0o355];
    root.extend([0; 18]);
    let pairs = [("version", value!(3)), ("root", Value::Bytes(root))];
    let pairs = pairs.map(|(key, value)| (Value::from(key), value));
    Value::Dict(pairs.into_iter().collect())
}

#[cfg(unix)]
fn script_of(start: &Value) -> Outcome<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = start
        .as_dict()
        .and_then(|start| start.get(&Value::from("path"))?.as_bytes());
    Ok(OsStr::from_bytes(path.ok_or("no path")?).into())
}

#[cfg(not(unix))]
fn script_of(_start: &Value) -> Outcome<PathBuf> {
    Err("there are no syncs here".into())
}

struct Heard {
    path: PathBuf,
    file: fs::File,
}

impl Heard {
    fn new(path: &Path) -> Outcome<Self> {
        let file = fs::File::create(path.with_extension("heard"))?;
        Ok(Self {
            path: path.into(),
            file,
        })
    }

    fn script(&self) -> Outcome<Vec<Step>> {
        match loads(&fs::read(&self.path)?)? {
            Value::List(items) => Ok(items.into_iter().map(Step::from).collect()),
            _ => Err("a script is a list".into()),
        }
    }

    fn next(&mut self, channel: &Channel) -> Outcome<Value> {
        use std::io::Write as _;
        let item = channel.receive()?.into_value();
        if let Value::Tuple(fields) = &item {
            for bytes in fields.iter().filter_map(Value::as_bytes) {
                self.file.write_all(bytes)?;
            }
        }
        Ok(item)
    }
}
