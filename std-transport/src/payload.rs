//! The payload of a bootstrap: the worker's program and its settings.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use execnet_core_sync::Grace;
use execnet_serializer::{Dict, DumpError, DumpOptions, Value};
use miniz_oxide::deflate::{CompressionLevel, compress_to_vec_zlib};

use crate::handshake::Nonce;
use crate::python::{CREDIT, END, GREENLETS, START, STOCK, WORKER, WORKER_LAZY};
use crate::spec::{SpecError, XSpec};

/// The execution models of [`GREENLETS`].
const GREENLET_MODELS: [&str; 2] = ["gevent", "eventlet"];

/// Settings of one worker.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) id: String,
    pub(crate) exec_model: String,
    pub(crate) bootstrap: Bootstrap,
    pub(crate) grace: Grace,
    pub(crate) stdout: Stdout,
    /// Added to the priority of the process.
    pub(crate) nice: i32,
    /// How many bytes may be on the way on a channel, in each direction; no bound without.
    pub(crate) credit: Option<usize>,
    /// What the worker sets itself.
    pub(crate) env: WorkerEnv,
    /// Whether a Python kills the processes of its process group that are younger than itself: a signal from here does not
    /// reach them.
    pub(crate) ends_group: bool,
    /// Whether a Python gets its program compressed: a third as many bytes, for a millisecond of its time.
    pub(crate) compressed: bool,
}

/// What is on the other side, and has to become a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bootstrap {
    /// A Python, which gets the program of our worker.
    Python,
    /// A Python that has stock execnet, which serves as it is: it understands nothing that execnet does not have.
    Execnet,
    /// A worker program, which needs nothing.
    Worker,
}

impl Bootstrap {
    pub(crate) fn of(spec: &XSpec) -> Result<Self, SpecError> {
        let unknown = |problem| SpecError::Value {
            key: "bootstrap",
            problem,
        };
        match (spec.has("bootstrap"), spec.get("bootstrap")) {
            (false, _) if spec.has("worker") => Ok(Self::Worker),
            (false, _) => Ok(Self::Python),
            (true, _) if spec.has("worker") => Err(SpecError::Conflict("bootstrap", "worker")),
            (true, Some("execnet")) => Ok(Self::Execnet),
            (true, Some(other)) => Err(unknown(format!("{other:?} is not \"execnet\""))),
            (true, None) => Err(unknown("it has no value".to_owned())),
        }
    }

    /// The credit that may be given to such a worker, where so much is asked for.
    pub(crate) fn credit(self, wanted: Option<usize>) -> Option<usize> {
        wanted.filter(|_| self != Self::Execnet)
    }
}

/// The working directory and environment that a worker sets itself, where its process is started by somebody else.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerEnv {
    pub(crate) chdir: Option<String>,
    pub(crate) env: BTreeMap<String, String>,
}

impl WorkerEnv {
    /// Those that a spec asks for.
    pub(crate) fn of(spec: &XSpec) -> Self {
        Self {
            chdir: spec.get("chdir").map(str::to_owned),
            env: spec.env().clone(),
        }
    }

    fn add_to(&self, config: &mut Dict) {
        if let Some(directory) = &self.chdir {
            config.insert("chdir".into(), directory.as_str().into());
        }
        if !self.env.is_empty() {
            let pairs = self.env.iter();
            let env: Dict = pairs
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect();
            config.insert("env".into(), Value::Dict(env));
        }
    }
}

/// Where the standard output of workers goes. It never meets the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Stdout {
    /// Nowhere, as execnet has it.
    #[default]
    Discard,
    /// Where the standard error goes, see [`Stderr`](crate::Stderr), in one stream with it.
    Stderr,
}

/// The bytes for the standard input of a fresh interpreter; docs/protocol.md has the format.
pub(crate) fn payload(settings: &Settings, nonce: &Nonce) -> Result<Vec<u8>, DumpError> {
    let (first, lazy) = match settings.bootstrap {
        Bootstrap::Python => (
            [
                &START,
                end(settings),
                &compile_in_pieces(&WORKER, settings.compressed),
            ]
            .concat(),
            with_greenlets(settings),
        ),
        Bootstrap::Execnet => (
            [
                &START,
                end(settings),
                &STOCK,
                "\nstart_on_pipes(link, path)\n",
            ]
            .concat(),
            Cow::default(),
        ),
        Bootstrap::Worker => Default::default(),
    };
    let config = DumpOptions::wire().dumps(&Value::Dict(config(settings, nonce, &lazy)))?;
    let mut bytes = Vec::with_capacity(first.len() + config.len() + 16);
    // Writing into a Vec does not fail, and the config is far from 4 GiB.
    let _ = writeln!(bytes, "{}", first.len());
    bytes.extend_from_slice(first.as_bytes());
    bytes.extend_from_slice(&(config.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&config);
    Ok(bytes)
}

/// What compiles the first part, with the numbers that its lines have in the whole of it, and begins.
fn compile_in_pieces(core: &str, compressed: bool) -> String {
    let core = if compressed {
        let compressed = STANDARD.encode(compress(core));
        format!("__import__('zlib').decompress(__import__('binascii').a2b_base64('{compressed}'))")
    } else {
        format!("br'''{core}'''")
    };
    format!(
        "line = 0\n\
         for piece in {core}.split(b'\\f'):\n    \
             exec(compile(b'\\n' * line + piece, '<execnet worker>', 'exec'))\n    \
             line += piece.count(b'\\n')\n\
         main()\n"
    )
}

fn end(settings: &Settings) -> &'static str {
    if settings.ends_group { &END } else { "" }
}

/// As zlib has it.
fn compress(text: &str) -> Vec<u8> {
    compress_to_vec_zlib(text.as_bytes(), CompressionLevel::DefaultLevel as u8)
}

/// The lazy part for an interpreter whose main thread is the worker's.
fn with_greenlets(settings: &Settings) -> Cow<'static, str> {
    let lazy = WORKER_LAZY.as_str();
    if GREENLET_MODELS.contains(&settings.exec_model.as_str()) {
        [lazy, &GREENLETS].concat().into()
    } else {
        lazy.into()
    }
}

/// What the worker is told before it answers.
pub(crate) fn config(settings: &Settings, nonce: &Nonce, lazy: &str) -> Dict {
    let grace = (
        settings.grace.interrupt().as_secs_f64(),
        settings.grace.leave().as_secs_f64(),
    );
    let mut pairs: Vec<(&str, Value)> = vec![
        ("id", settings.id.as_str().into()),
        ("execmodel", settings.exec_model.as_str().into()),
        ("grace", grace.into()),
        ("nonce", Value::Bytes(nonce.as_bytes().to_vec())),
    ];
    if settings.bootstrap == Bootstrap::Python {
        let lazy = lazy_with_credit(lazy, settings.credit);
        if settings.compressed {
            pairs.extend([
                ("rest", Value::Bytes(compress(&lazy))),
                ("packed", 1.into()),
            ]);
        } else {
            pairs.push(("rest", lazy.into()));
        }
    }
    // Numbers, here and above: the first part of the worker reads no truth values.
    if settings.stdout == Stdout::Stderr {
        pairs.push(("stdout", 1.into()));
    }
    if settings.nice != 0 {
        pairs.push(("nice", settings.nice.into()));
    }
    if let Some(window) = settings.credit {
        pairs.push(("credit", window_of(window).into()));
    }
    let mut config: Dict = pairs
        .into_iter()
        .map(|(key, value)| (Value::from(key), value))
        .collect();
    settings.env.add_to(&mut config);
    config
}

fn lazy_with_credit(lazy: &str, credit: Option<usize>) -> String {
    match credit {
        Some(window) => {
            let window = window_of(window);
            format!("{lazy}\nCREDIT_WINDOW = {window}\n{}", *CREDIT)
        }
        None => lazy.to_owned(),
    }
}

/// A window of nothing would let nothing through.
fn window_of(window: usize) -> i64 {
    i64::try_from(window.max(1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(compressed: bool) -> Settings {
        Settings {
            id: "it's \"gw0\"\n".to_owned(),
            exec_model: "thread".to_owned(),
            bootstrap: Bootstrap::Python,
            stdout: Stdout::Discard,
            grace: Grace::default(),
            nice: 0,
            credit: None,
            env: WorkerEnv::default(),
            ends_group: false,
            compressed,
        }
    }

    /// The first part, and the settings behind it.
    fn parts(bytes: &[u8]) -> (&[u8], Dict) {
        let line_end = bytes.iter().position(|&byte| byte == b'\n').unwrap();
        let length: usize = str::from_utf8(&bytes[..line_end]).unwrap().parse().unwrap();
        let (first, after) = bytes[line_end + 1..].split_at(length);
        match execnet_serializer::LoadOptions::wire()
            .loads(&after[4..])
            .unwrap()
        {
            Value::Dict(config) => (first, config),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_length_line_covers_the_first_part() {
        for compressed in [false, true] {
            let bytes = payload(&settings(compressed), &Nonce::new()).unwrap();
            let (first, config) = parts(&bytes);
            assert!(first.is_ascii() && first.ends_with(b"\nmain()\n"));
            assert_eq!(
                config.get_str("id").unwrap().as_str(),
                Some("it's \"gw0\"\n")
            );
            assert_eq!(config.get_str("nice"), None);
        }
    }

    #[test]
    fn compressed_it_is_a_third_and_holds_the_same() {
        let [plain, compressed] = [false, true].map(|compressed| {
            let bytes = payload(&settings(compressed), &Nonce::new()).unwrap();
            (bytes.len(), parts(&bytes).1)
        });
        assert!(
            compressed.0 * 5 < plain.0 * 2,
            "{} of {}",
            compressed.0,
            plain.0
        );
        let lazy = |config: &Dict| config.get_str("rest").cloned().unwrap();
        let (Value::Str(plain), Value::Bytes(compressed)) = (lazy(&plain.1), lazy(&compressed.1))
        else {
            panic!("text and bytes");
        };
        let unpacked = miniz_oxide::inflate::decompress_to_vec_zlib(&compressed).unwrap();
        assert_eq!(unpacked, plain.as_bytes());
    }
}
