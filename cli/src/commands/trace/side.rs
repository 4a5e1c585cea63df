//! What the trace files have: processes with their lines, and the ends of gateways in them.

use alloc::collections::VecDeque;
use std::collections::HashMap;
use std::path::Path;

use super::file::{File, NAMED, created};
use super::line::{Frame, Line, What};

/// A line: its process and its number.
pub(super) type Place = (usize, usize);

/// A process, as its file has it, or its lines among those of other processes.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
}

/// One end of a gateway.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) process: usize,
    pub(super) id: String,
    /// The lines of its frames.
    pub(super) frames: Vec<usize>,
}

impl Side {
    fn places(&self) -> impl Iterator<Item = Place> {
        self.frames.iter().map(|&line| (self.process, line))
    }
}

/// All trace files.
#[derive(Debug, Default)]
pub(super) struct Traces {
    pub(super) processes: Vec<Process>,
    /// Number of the lines that were not kept.
    pub(super) left_out: u64,
    /// Number of lines that are damaged or not of a trace.
    damaged: u64,
    /// The places of the first of them.
    first_damaged: Vec<String>,
}

impl Traces {
    /// Adds the lines of a file.
    pub(super) fn add(&mut self, path: &Path, file: File) {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy();
        self.left_out = self.left_out.saturating_add(file.left_out);
        self.damaged = self.damaged.saturating_add(file.damaged);
        let damaged = file.first_damaged.iter();
        self.first_damaged
            .extend(damaged.map(|number| format!("{name}:{number}")));
        self.first_damaged.truncate(NAMED);
        for (pid, lines) in file.processes {
            let pid = pid.map(|pid| format!("pid {pid}"));
            let name = pid.unwrap_or_else(|| match name.strip_prefix("execnet-debug-") {
                Some(pid) => format!("pid {pid}"),
                None => name.clone().into_owned(),
            });
            let lines = lines.into_iter().map(|(_, line)| line).collect();
            self.processes.push(Process { name, lines });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// How many lines are damaged, with the places of the first of them.
    pub(super) fn damage(&self) -> Option<String> {
        let (count, first) = (self.damaged, &self.first_damaged);
        let (lines, rest) = match count {
            0 => return None,
            1 => ("line that is", ""),
            _ if count > first.len() as u64 => ("lines that are", ", ..."),
            _ => ("lines that are", ""),
        };
        Some(format!(
            "left out {count} {lines} damaged or not of a trace: {}{rest}",
            first.join(", ")
        ))
    }

    pub(super) fn line(&self, (process, line): Place) -> Option<&Line> {
        self.processes.get(process)?.lines.get(line)
    }

    pub(super) fn frame(&self, place: Place) -> Option<&Frame> {
        match &self.line(place)?.what {
            What::Frame(frame) => Some(frame),
            What::Event(_) => None,
        }
    }

    /// The ends of gateways, in the order of their processes.
    pub(super) fn sides(&self) -> Vec<Side> {
        let processes = self.processes.iter().enumerate();
        processes
            .flat_map(|(process, found)| sides(process, &found.lines))
            .collect()
    }
}

fn sides(process: usize, lines: &[Line]) -> Vec<Side> {
    let mut sides = Vec::<Side>::new();
    // The last gateway of each id: groups of a process can have the same ids, one after the other.
    let mut current = HashMap::new();
    for (number, line) in lines.iter().enumerate() {
        let (id, frame) = match &line.what {
            What::Frame(frame) => (&*frame.gateway, Some(number)),
            What::Event(text) => match created(text) {
                Some(id) => (id, None),
                None => continue,
            },
        };
        if frame.is_none() || !current.contains_key(id) {
            current.insert(id, sides.len());
            sides.push(Side {
                process,
                id: id.to_owned(),
                frames: Vec::new(),
            });
        }
        let side = current.get(id).and_then(|&side| sides.get_mut(side));
        if let (Some(side), Some(number)) = (side, frame) {
            side.frames.push(number);
        }
    }
    sides
}

/// The gateway's id that a worker's id was made of.
pub(super) fn of_worker(id: &str) -> Option<&str> {
    // Releases before 1.9 have the other word.
    id.strip_suffix("-worker")
        .or_else(|| id.strip_suffix("-slave"))
}

/// The frames of a gateway.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// The line and that at the worker, at least one of which is there.
    pub(super) frames: Vec<(Option<Place>, Option<Place>)>,
    /// How many have both.
    pub(super) both: usize,
}

/// Joins the frames of a controller with those of a worker: the n-th of this kind on this channel is the same at both
/// ends. Lines of several threads may be in another order than their frames.
pub(super) fn join(traces: &Traces, controller: Option<&Side>, worker: Option<&Side>) -> Joined {
    let kind = |place, near: bool| {
        let frame = traces.frame(place)?;
        let to_worker = frame.sent == near;
        Some((to_worker, &*frame.code, frame.channel, frame.len))
    };
    let mut there = HashMap::<_, VecDeque<_>>::new();
    for place in worker.into_iter().flat_map(Side::places) {
        let same = there.entry(kind(place, false)).or_default();
        same.push_back(place);
    }
    let mut joined = Joined::default();
    for place in controller.into_iter().flat_map(Side::places) {
        let same = there.get_mut(&kind(place, true));
        let other = same.and_then(VecDeque::pop_front);
        joined.both += usize::from(other.is_some());
        joined.frames.push((Some(place), other));
    }
    let rest = there.into_values().flatten();
    joined.frames.extend(rest.map(|place| (None, Some(place))));
    joined
}
