//! What a controller sends before the first frame, and the worker's answer.
//!
//! A stock controller sends one line, a Python string literal with the source of its own worker, and waits for the
//! byte `1`. A controller of this crate sends a program with its length in front, then settings, and waits for a mark.
//! Neither sends more before it has the answer. The programs are for interpreters: they are read and dropped.

#[cfg(test)]
mod tests;

use core::time::Duration;
use std::io::{self, BufRead, Read as _, Write};
use std::process;

use execnet_core_sync::{ExecModel, Grace, Worker};
use execnet_serializer::{Dict, Dump, DumpOptions, LoadOptions, Value};

use super::surroundings;

/// The longest program that is read, in bytes. A stock controller's line has 61 kB, the program of this crate less.
const MAX_PROGRAM: usize = 16 << 20;

/// Settings of the controller. `None` leaves the worker's own setting.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Settings {
    id: Option<String>,
    exec_model: Option<ExecModel>,
    grace: Option<Grace>,
    /// `None` turns credit off: only a controller that asks for it can read its frames.
    credit: Option<usize>,
}

impl Settings {
    pub(super) fn apply_to(self, worker: Worker) -> Worker {
        let worker = worker.map_config(|config| {
            let config = config.with_credit(self.credit);
            match self.id {
                Some(id) => config.with_id(id),
                None => config,
            }
        });
        let worker = match self.exec_model {
            Some(exec_model) => worker.with_exec_model(exec_model),
            None => worker,
        };
        match self.grace {
            Some(grace) => worker.with_grace(grace),
            None => worker,
        }
    }
}

/// Reads what a controller sends before the first frame, and answers that the worker is ready.
pub(super) fn answer(reader: &mut impl BufRead, writer: &mut impl Write) -> io::Result<Settings> {
    let line = first_line(reader)?;
    match line.first() {
        Some(b'\'' | b'"') => {
            writer.write_all(b"1")?;
            writer.flush()?;
            Ok(stock(&String::from_utf8_lossy(&line)))
        }
        _ => match length(&line) {
            Some(program) => native(program, reader, writer),
            None => Err(refused(
                "standard input is not a controller's: this program is a worker, to be started by one",
            )),
        },
    }
}

fn refused(text: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.into())
}

fn first_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let limit = MAX_PROGRAM as u64;
    reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        Some(_) if line.len() + 1 == MAX_PROGRAM => Err(refused("the first line does not end")),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn length(line: &[u8]) -> Option<usize> {
    let digits = str::from_utf8(line).ok()?;
    let digits = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(digits);
    digits?.parse().ok()
}

/// Settings of a stock controller: the last statements of its program name the execution model and the worker.
fn stock(program: &str) -> Settings {
    let quoted = |before: &str| {
        // The last occurrence: the source before it defines the functions of these names.
        let (_, after) = program.rsplit_once(before)?;
        // The quotes are escaped where the line has the same ones.
        let after = after.trim_start_matches(['\\', '\'', '"']);
        let end = after.find(['\\', '\'', '"', ')'])?;
        after.get(..end).filter(|text| !text.is_empty())
    };
    Settings {
        id: quoted("serve(io, id=").map(String::from),
        exec_model: quoted("get_execmodel(").and_then(ExecModel::named),
        credit: None,
        grace: None,
    }
}

/// Skips the program, reads the settings, applies those of the process and answers with the mark.
fn native(
    program: usize,
    reader: &mut impl BufRead,
    writer: &mut impl Write,
) -> io::Result<Settings> {
    skip(reader, program)?;
    let mut size = [0; 4];
    reader.read_exact(&mut size)?;
    let size = usize::try_from(u32::from_be_bytes(size)).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    reader
        .by_ref()
        // The announced size only limits the read. Memory grows with the bytes that come.
        .take(bounded(size)?)
        .read_to_end(&mut bytes)?;
    let Ok(Value::Dict(given)) = LoadOptions::wire().loads(&bytes) else {
        return Err(refused("the controller's settings are no dict"));
    };
    let Some(Value::Bytes(nonce)) = given.get("nonce") else {
        return Err(refused("the controller's settings hold no nonce"));
    };
    let settings = settings(&given).and_then(|settings| {
        // Before the answer: once the controller has it, code may run, and a directory that cannot be entered could not
        // be refused any more.
        surroundings::apply(&given)?;
        Ok(settings)
    });
    match settings {
        Ok(settings) => {
            send_mark(writer, nonce, &process::id())?;
            Ok(settings)
        }
        Err(text) => {
            send_mark(writer, nonce, &*text)?;
            Err(refused(text))
        }
    }
}

fn bounded(size: usize) -> io::Result<u64> {
    match size {
        0..=MAX_PROGRAM => Ok(size as u64),
        _ => Err(refused(format!("{size} bytes are more than a program has"))),
    }
}

fn skip(reader: &mut impl BufRead, size: usize) -> io::Result<()> {
    let wanted = bounded(size)?;
    let skipped = io::copy(&mut reader.by_ref().take(wanted), &mut io::sink())?;
    match skipped == wanted {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn settings(given: &Dict) -> Result<Settings, String> {
    let text = |key: &str| given.get(key).and_then(Value::as_str);
    let exec_model = text("execmodel").map(|name| {
        let unknown = || format!("unknown execmodel '{}'", name.escape_debug());
        ExecModel::named(name).ok_or_else(unknown)
    });
    Ok(Settings {
        id: text("id").map(|id| format!("{id}-worker")),
        exec_model: exec_model.transpose()?,
        grace: given.get("grace").and_then(grace),
        credit: given.get("credit").and_then(credit),
    })
}

fn credit(value: &Value) -> Option<usize> {
    usize::try_from(value.as_i64()?).ok()
}

fn grace(value: &Value) -> Option<Grace> {
    let Value::Tuple(parts) = value else {
        return None;
    };
    let seconds = |part: &Value| Duration::try_from_secs_f64(part.as_f64()?).ok();
    match parts.as_slice() {
        [interrupt, leave] => Some(
            Grace::new()
                .with_interrupt(seconds(interrupt)?)
                .with_leave(seconds(leave)?),
        ),
        _ => None,
    }
}

/// Writes the mark, the length of the encoded value, and the value.
fn send_mark(
    writer: &mut impl Write,
    nonce: &[u8],
    value: &(impl Dump + ?Sized),
) -> io::Result<()> {
    let payload = DumpOptions::wire()
        .dumps(value)
        .map_err(|error| refused(error.to_string()))?;
    let size = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let parts = [b"EXECNET-", nonce, b"-", &size.to_be_bytes(), &payload];
    writer.write_all(&parts.concat())?;
    writer.flush()
}
