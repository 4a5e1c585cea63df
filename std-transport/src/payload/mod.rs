//! The payload of a bootstrap: the worker's program and its settings.

mod settings;
#[cfg(test)]
mod tests;

use alloc::borrow::Cow;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use execnet_serializer::{Dict, DumpError, DumpOptions, Value};
use miniz_oxide::deflate::{CompressionLevel, compress_to_vec_zlib};

use crate::handshake::Nonce;
use crate::python::{CREDIT, END, GREENLETS, START, STOCK, WORKER, WORKER_LAZY};
pub use settings::Stdout;
pub(crate) use settings::{Bootstrap, Settings, WorkerEnv};

/// The execution models of [`GREENLETS`].
const GREENLET_MODELS: [&str; 2] = ["gevent", "eventlet"];

/// The bytes for the standard input of a fresh interpreter; docs/protocol.md has the format.
pub(crate) fn payload(settings: &Settings, nonce: &Nonce) -> Result<Vec<u8>, DumpError> {
    let (first, lazy) = match settings.bootstrap {
        Bootstrap::Python => {
            let core = compile_in_pieces(&WORKER, settings.compressed);
            (
                [&START, end(settings), &core].concat(),
                lazy_part(&settings.exec_model),
            )
        }
        Bootstrap::Execnet => {
            let start = "\nstart_on_pipes(link, path)\n";
            (
                [&START, end(settings), &STOCK, start].concat(),
                Cow::default(),
            )
        }
        Bootstrap::Worker | Bootstrap::Device => Default::default(),
    };
    let config = DumpOptions::wire().dumps(&Value::Dict(config(settings, nonce, &lazy)))?;
    let mut bytes = Vec::with_capacity(first.len() + config.len() + 16);
    // Writing to a Vec does not fail.
    let _ = writeln!(bytes, "{}", first.len());
    bytes.extend_from_slice(first.as_bytes());
    // The config is far shorter than 4 GiB.
    bytes.extend_from_slice(&(config.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&config);
    Ok(bytes)
}

/// Code that compiles the core piece by piece, each with its line numbers in the whole, and calls `main`.
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

/// In zlib's format.
fn compress(text: &str) -> Vec<u8> {
    compress_to_vec_zlib(text.as_bytes(), CompressionLevel::DefaultLevel as u8)
}

/// The lazy part for an execution model.
fn lazy_part(exec_model: &str) -> Cow<'static, str> {
    let lazy = WORKER_LAZY.as_str();
    if GREENLET_MODELS.contains(&exec_model) {
        [lazy, &GREENLETS].concat().into()
    } else {
        lazy.into()
    }
}

/// The settings as the worker reads them before it answers.
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
    let window = settings.credit.map(window_of);
    if settings.bootstrap == Bootstrap::Python {
        let lazy = with_credit(lazy, window);
        if settings.compressed {
            pairs.extend([
                ("rest", Value::Bytes(compress(&lazy))),
                ("packed", 1.into()),
            ]);
        } else {
            pairs.push(("rest", lazy.into()));
        }
    }
    // Flags are numbers, here and above: the core of the worker reads no booleans.
    if settings.stdout == Stdout::Stderr {
        pairs.push(("stdout", 1.into()));
    }
    if settings.nice != 0 {
        pairs.push(("nice", settings.nice.into()));
    }
    if settings.pickles {
        pairs.push(("pickles", 1.into()));
    }
    if let Some(window) = window {
        pairs.push(("credit", window.into()));
    }
    let mut config: Dict = pairs
        .into_iter()
        .map(|(key, value)| (Value::from(key), value))
        .collect();
    settings.env.add_to(&mut config);
    config
}

fn with_credit(lazy: &str, window: Option<i64>) -> String {
    match window {
        Some(window) => format!("{lazy}\nCREDIT_WINDOW = {window}\n{}", *CREDIT),
        None => lazy.to_owned(),
    }
}

/// At least 1: with a window of 0 nothing could ever be sent.
fn window_of(window: usize) -> i64 {
    i64::try_from(window.max(1)).unwrap_or(i64::MAX)
}
