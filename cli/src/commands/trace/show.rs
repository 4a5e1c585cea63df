//! `execnet trace show`: writes a page about trace files.

use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use super::diagram::Diagram;
use super::file::File;
use super::page::page;
use super::side::Traces;
use crate::failure::Failure;
use crate::messages;
use crate::printer::print_bytes;

/// The least number of lines that are kept of a process.
const MIN_KEPT: usize = 1000;

/// Write a page that shows trace files as a sequence diagram
///
/// The files are those of `execnet trace record`, and the files or the standard error of processes that ran with
/// EXECNET_DEBUG, of this project or of stock execnet. Those have neither times nor payloads: the frames are shown in their
/// order. Both ends of a gateway are joined if the files of both are given.
///
/// The page is one file that loads nothing. It holds the payloads of the trace.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Trace files, or directories that have files execnet-debug-*
    #[arg(required = true, value_name = "FILES", value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,
    /// The page to write, or - for standard output
    #[arg(short, long, value_name = "FILE", default_value = "trace.html", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// Show no more than this many frames and events, the first ones
    ///
    /// Files may be of any size: the memory that is used grows with N and with the number of processes, not with the files.
    /// Of a line of more than 8 KiB, the beginning is shown.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    limit: usize,
}

pub(super) fn run(args: &Show) -> Result<(), Failure> {
    let mut traces = Traces::default();
    // More lines than rows: many frames may be on the way, so that the other end of a row has it later in its file.
    let keep = args.limit.saturating_mul(2).saturating_add(MIN_KEPT);
    let files = files(&args.files)?;
    check_output(&args.output, &files)?;
    for path in files {
        let opened = fs::File::open(&path).map(BufReader::new);
        let file = opened.and_then(|reader| File::read(reader, keep));
        traces.add(&path, file.map_err(|error| unreadable(&path, error))?);
    }
    if traces.is_empty() {
        return Err(Failure::Data("the files have no line of a trace".into()));
    }
    report_damage(&traces);
    let text = page(&Diagram::new(traces), args.limit);
    if args.output == Path::new("-") {
        return print_bytes(text.as_bytes());
    }
    fs::write(&args.output, text).map_err(|error| {
        let what = format!("cannot write {:?}", args.output);
        Failure::Usage(what, error.into())
    })
}

/// Rejects an output that is one of the files, also under another name: writing the page would destroy the trace.
fn check_output(output: &Path, files: &[PathBuf]) -> Result<(), Failure> {
    let is_file = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    match is_file(output) {
        Some(output)
            if files
                .iter()
                .any(|file| is_file(file).as_ref() == Some(&output)) =>
        {
            let error = "it is one of the trace files; choose another with -o";
            Err(Failure::Usage(
                format!("cannot write {output:?}"),
                error.into(),
            ))
        }
        _ => Ok(()),
    }
}

/// The files, with those of a directory in its place.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let found = trace_files(path).map_err(|error| unreadable(path, error))?;
        if found.is_empty() {
            let error = "it has no files execnet-debug-*";
            return Err(Failure::Usage(format!("directory {path:?}"), error.into()));
        }
        files.extend(found);
    }
    Ok(files)
}

/// The trace files in a directory.
pub(super) fn trace_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(b"execnet-debug-")
        {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::Usage(format!("cannot read {path:?}"), error.into())
}

fn report_damage(traces: &Traces) {
    if let Some(damage) = traces.damage() {
        messages::print(&damage);
    }
}
