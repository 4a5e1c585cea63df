//! Reads a trace file line by line, and keeps no more of it than the page may need.

use alloc::collections::{BTreeMap, BTreeSet};
use std::collections::HashSet;
use std::io::{self, BufRead, Read as _};

use super::line::{Line, What, parse};

/// Maximum length of a line in bytes that is kept; of a longer one it is the beginning. Lines of frames are shorter.
const MAX_LINE: usize = 8 * 1024;

/// Number of damaged lines whose numbers are kept.
pub(super) const NAMED: usize = 5;

/// Number of lines whose process is open until its frames come.
const MAX_OPEN: usize = 10_000;

/// What is kept of a file.
#[derive(Debug)]
pub(super) struct File {
    /// Maximum number of lines of a process.
    keep: usize,
    /// The first lines of each process, with their numbers in the file.
    pub(super) processes: BTreeMap<Option<u32>, Vec<(u64, Line)>>,
    /// Number of the lines that follow those.
    pub(super) left_out: u64,
    /// Number of lines that are damaged or not of a trace.
    pub(super) damaged: u64,
    /// The numbers of the first of them.
    pub(super) first_damaged: BTreeSet<u64>,
    /// The ids of gateways.
    ids: HashSet<String>,
    longest_id: usize,
    /// Events of no gateway so far. They are of the trace if frames of their gateway follow.
    open: Vec<(u64, Line)>,
}

impl File {
    pub(super) fn read(mut reader: impl BufRead, keep: usize) -> io::Result<Self> {
        let mut file = Self {
            keep,
            processes: BTreeMap::new(),
            left_out: 0,
            damaged: 0,
            first_damaged: BTreeSet::new(),
            ids: HashSet::new(),
            longest_id: 0,
            open: Vec::new(),
        };
        let mut line = Vec::new();
        for number in 1.. {
            if !read_line(&mut reader, &mut line)? {
                break;
            }
            file.add(number, &line);
        }
        file.close();
        Ok(file)
    }

    fn add(&mut self, number: u64, bytes: &[u8]) {
        match parse(bytes) {
            _ if bytes.trim_ascii().is_empty() => {}
            None => self.add_damaged(number),
            Some(line) => {
                self.add_gateway(&line);
                if self.is_of_trace(&line) {
                    self.keep(number, line);
                } else if self.open.len() < MAX_OPEN {
                    self.open.push((number, line));
                } else {
                    self.add_damaged(number);
                }
            }
        }
    }

    fn add_gateway(&mut self, line: &Line) {
        if let Some(id) = gateway(line)
            && self.ids.len() < self.keep
            && !self.ids.contains(id)
        {
            self.longest_id = self.longest_id.max(id.len());
            self.ids.insert(id.to_owned());
        }
    }

    /// Decides about the open lines, when all gateways are known.
    fn close(&mut self) {
        let open = core::mem::take(&mut self.open);
        let (of_trace, other): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|(_, line)| self.is_of_trace(line));
        for (number, _) in other {
            self.add_damaged(number);
        }
        if of_trace.is_empty() {
            return;
        }
        // They have no process id. They come before lines that are kept, which need not all be of the first now.
        let lines = self.processes.entry(None).or_default();
        lines.extend(of_trace);
        lines.sort_by_key(|(number, _)| *number);
        let further = lines.len().saturating_sub(self.keep);
        lines.truncate(self.keep);
        self.left_out = self.left_out.saturating_add(further as u64);
    }

    fn keep(&mut self, number: u64, line: Line) {
        let lines = self.processes.entry(line.pid).or_default();
        match lines.len() < self.keep {
            true => lines.push((number, line)),
            false => self.left_out = self.left_out.saturating_add(1),
        }
    }

    fn add_damaged(&mut self, number: u64) {
        self.damaged = self.damaged.saturating_add(1);
        self.first_damaged.insert(number);
        if self.first_damaged.len() > NAMED {
            self.first_damaged.pop_last();
        }
    }

    /// Whether the line is of a trace, and not other output of the process.
    fn is_of_trace(&self, line: &Line) -> bool {
        let What::Event(text) = &line.what else {
            return true;
        };
        let spaces = text.match_indices(' ').map(|(at, _)| at);
        // No longer ones: long lines of other programs may have many spaces.
        let mut spaces = spaces.take_while(|&at| at <= self.longest_id);
        line.time.is_some()
            || line.pid.is_some()
            // Stock execnet has lines of the whole process.
            || text.starts_with("creating workergateway on ")
            || text.starts_with("=== atexit cleanup ")
            || spaces.any(|at| text.get(..at).is_some_and(|id| self.ids.contains(id)))
    }
}

/// The id of the gateway that a line is of, but for most events.
fn gateway(line: &Line) -> Option<&str> {
    match &line.what {
        What::Frame(frame) => Some(&frame.gateway),
        What::Event(text) => created(text),
    }
}

/// The id of the gateway that an event is the beginning of.
pub(super) fn created(text: &str) -> Option<&str> {
    let (id, kind) = text.split_once(" creating ")?;
    let begins = kind.starts_with("gateway ") || kind.starts_with("workergateway ");
    begins.then_some(id)
}

/// Reads a line without its end, of a long one the beginning. Returns whether there is one.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = reader.take(MAX_LINE as u64).read_until(b'\n', line)?;
    if line.pop_if(|byte| *byte == b'\n').is_none() && read == MAX_LINE {
        reader.skip_until(b'\n')?;
        // Not in the middle of a character.
        if let Err(error) = str::from_utf8(line)
            && error.error_len().is_none()
        {
            line.truncate(error.valid_up_to());
        }
    }
    Ok(read > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &str = "gw0 sent <Message CHANNEL_DATA channel=1 lendata=6>\n";

    fn numbers(file: &File, pid: Option<u32>) -> Vec<u64> {
        let lines = file.processes.get(&pid).into_iter().flatten();
        lines.map(|(number, _)| *number).collect()
    }

    #[test]
    fn of_each_process_the_first_lines_are_kept() {
        let text = format!("{}[7] {FRAME}", FRAME.repeat(5));
        let file = File::read(text.as_bytes(), 3).unwrap();
        assert_eq!(numbers(&file, None), [1, 2, 3]);
        assert_eq!(numbers(&file, Some(7)), [6]);
        assert_eq!((file.left_out, file.damaged), (2, 0));
    }

    #[test]
    fn an_event_before_the_first_frame_of_its_gateway_keeps_its_place() {
        let text = format!("noise\ngw0 event\n{}", FRAME.repeat(3));
        let file = File::read(text.as_bytes(), 3).unwrap();
        assert_eq!(numbers(&file, None), [2, 3, 4]);
        assert_eq!((file.left_out, file.damaged), (1, 1));
        assert!(file.first_damaged.contains(&1));
    }

    #[test]
    fn of_a_long_line_the_beginning_is_kept() {
        let text = format!("1.000000 gw0 x{}\n{FRAME}", "\u{f6}".repeat(MAX_LINE));
        let file = File::read(text.as_bytes(), 3).unwrap();
        assert_eq!(numbers(&file, None), [1, 2]);
        let What::Event(event) = &file.processes[&None][0].1.what else {
            panic!("a frame");
        };
        assert!(event.ends_with('\u{f6}') && event.len() < MAX_LINE);
    }
}
