//! The sequence diagram: who sends what to whom, in which order.

use core::cmp::Reverse;
use std::collections::HashMap;

use super::line::{Line, What};
use super::side::{Joined, Place, Side, Traces, join, of_worker};

/// Clocks that differ by more than this, in microseconds, are those of two machines.
const SAME_CLOCK: i64 = 20_000;

/// Where a row is: at this time, with the frame of this line, and behind it the lines that only their process orders.
type Order = (i64, Place, Option<Place>);

#[derive(Debug)]
pub(super) struct Diagram {
    pub(super) traces: Traces,
    pub(super) lanes: Vec<Lane>,
    pub(super) links: Vec<Link>,
    pub(super) rows: Vec<Row>,
}

/// A vertical line: a controller, or a worker.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) process: String,
}

/// A gateway.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) name: String,
    /// The lanes of its ends.
    pub(super) controller: usize,
    pub(super) worker: usize,
    /// Whether both ends were traced.
    pub(super) both: bool,
}

#[derive(Debug)]
pub(super) struct Row {
    order: Order,
    place: Place,
    pub(super) what: RowWhat,
}

/// Times are in microseconds since 1970, by the clock of the controller, if the trace has them.
#[derive(Debug)]
pub(super) enum RowWhat {
    Frame {
        link: usize,
        to_worker: bool,
        sent: Option<i64>,
        received: Option<i64>,
        /// Whether each end has it.
        both: bool,
    },
    Event {
        lane: usize,
        time: Option<i64>,
    },
}

impl Diagram {
    pub(super) fn new(traces: Traces) -> Self {
        let mut builder = Builder::default();
        builder.pair(&traces);
        let mut rows = builder.rows(&traces);
        rows.sort_by_key(|row| row.order);
        let Builder { lanes, links, .. } = builder;
        Self {
            traces,
            lanes,
            links,
            rows,
        }
    }

    pub(super) fn line(&self, row: &Row) -> Option<&Line> {
        self.traces.line(row.place)
    }
}

#[derive(Debug, Default)]
struct Builder {
    lanes: Vec<Lane>,
    links: Vec<Link>,
    /// The gateways of each process, with the lane of this end.
    ends: HashMap<usize, Vec<(String, usize)>>,
    /// How far the clock of a worker is ahead of its controller's.
    ahead: HashMap<usize, i64>,
    /// The place of each frame whose time or controller is known, by the lines of both ends.
    orders: HashMap<Place, Order>,
    /// The frames, by the line that is shown.
    frames: HashMap<Place, RowWhat>,
}

impl Builder {
    /// Finds the two ends of each gateway.
    fn pair(&mut self, traces: &Traces) {
        let (mut workers, controllers): (Vec<_>, Vec<_>) = traces
            .sides()
            .into_iter()
            .partition(|side| of_worker(&side.id).is_some());
        for controller in controllers {
            let best = (0..)
                .zip(&workers)
                .filter(|(_, worker)| of_worker(&worker.id) == Some(&*controller.id))
                .map(|(index, worker)| (index, join(traces, Some(&controller), Some(worker))))
                // The first of those that have most in common.
                .min_by_key(|(_, joined)| Reverse(joined.both));
            let best = best.filter(|(_, joined)| joined.both > 0);
            let worker = best.map(|(index, _)| workers.remove(index));
            self.link(traces, Some(&controller), worker.as_ref());
        }
        for worker in workers {
            self.link(traces, None, Some(&worker));
        }
    }

    fn link(&mut self, traces: &Traces, controller: Option<&Side>, worker: Option<&Side>) {
        let joined = join(traces, controller, worker);
        let name = match (controller, worker) {
            (Some(side), _) => side.id.clone(),
            (None, side) => side
                .and_then(|side| of_worker(&side.id))
                .unwrap_or("")
                .to_owned(),
        };
        let link = self.links.len();
        let both = controller.is_some() && worker.is_some();
        let controller = self.controller_lane(traces, controller);
        let worker_lane = self.lane(traces, &format!("{name}-worker"), worker);
        self.links.push(Link {
            name,
            controller,
            worker: worker_lane,
            both,
        });
        if let Some(worker) = worker {
            self.compare_clocks(traces, worker, &joined);
        }
        for (near, far) in joined.frames {
            self.add_frame(traces, link, near, far);
        }
    }

    /// The lane of the controller in a process, which all its gateways share.
    fn controller_lane(&mut self, traces: &Traces, side: Option<&Side>) -> usize {
        let ends = side.and_then(|side| self.ends.get(&side.process));
        let shared = ends
            .into_iter()
            .flatten()
            .find(|(id, _)| of_worker(id).is_none());
        match (shared, side) {
            (Some(&(_, lane)), Some(side)) => {
                self.ends
                    .entry(side.process)
                    .or_default()
                    .push((side.id.clone(), lane));
                lane
            }
            _ => self.lane(traces, "controller", side),
        }
    }

    fn lane(&mut self, traces: &Traces, name: &str, side: Option<&Side>) -> usize {
        let lane = self.lanes.len();
        let process = side.and_then(|side| traces.processes.get(side.process));
        let process = process.map_or("not traced", |process| &process.name);
        self.lanes.push(Lane {
            name: name.to_owned(),
            process: process.to_owned(),
        });
        if let Some(side) = side {
            self.ends
                .entry(side.process)
                .or_default()
                .push((side.id.clone(), lane));
        }
        lane
    }

    /// Finds how far the clock of a worker is ahead: frames take as long in one direction as in the other.
    fn compare_clocks(&mut self, traces: &Traces, worker: &Side, joined: &Joined) {
        let (mut to_worker, mut to_controller) = (Vec::new(), Vec::new());
        for &(near, far) in &joined.frames {
            let times = near.zip(far).and_then(|(near, far)| {
                let sent = traces.frame(near)?.sent;
                Some((sent, traces.line(near)?.time?, traces.line(far)?.time?))
            });
            match times {
                Some((true, near, far)) => to_worker.push(far.saturating_sub(near)),
                Some((false, near, far)) => to_controller.push(near.saturating_sub(far)),
                None => {}
            }
        }
        // A single frame can seem to arrive early: the sender writes its line after it has sent the frame.
        if let (Some(there), Some(back)) = (median(to_worker), median(to_controller))
            && there.min(back) < -SAME_CLOCK
        {
            let ahead = there.saturating_sub(back) / 2;
            self.ahead.insert(worker.process, ahead);
        }
    }

    fn add_frame(&mut self, traces: &Traces, link: usize, near: Option<Place>, far: Option<Place>) {
        let Some((place, frame)) = near
            .or(far)
            .and_then(|place| Some((place, traces.frame(place)?)))
        else {
            return;
        };
        let to_worker = frame.sent == near.is_some();
        let (sender, receiver) = if to_worker { (near, far) } else { (far, near) };
        let time = |place: Option<Place>| self.time(traces, place?);
        let (sent, received) = (time(sender), time(receiver));
        // It is placed where it is received: no answer comes before its question.
        let order = match (received, sent) {
            (Some(time), _) => receiver.map(|place| (time, place, None)),
            (None, Some(time)) => sender.map(|place| (time, place, None)),
            (None, None) => near.map(|place| (0, place, None)),
        };
        if let Some(order) = order {
            let places = [near, far].into_iter().flatten();
            self.orders.extend(places.map(|place| (place, order)));
        }
        let both = near.is_some() && far.is_some();
        let what = RowWhat::Frame {
            link,
            to_worker,
            sent,
            received,
            both,
        };
        self.frames.insert(place, what);
    }

    fn time(&self, traces: &Traces, place: Place) -> Option<i64> {
        let ahead = self.ahead.get(&place.0).copied().unwrap_or(0);
        Some(traces.line(place)?.time?.saturating_sub(ahead))
    }

    /// The rows of all lines, but one only for a frame that both ends have.
    fn rows(&mut self, traces: &Traces) -> Vec<Row> {
        let mut rows = Vec::new();
        for (process, found) in (0..).zip(&traces.processes) {
            let mut last: Order = (0, (process, 0), None);
            for (number, line) in (0..).zip(&found.lines) {
                let place = (process, number);
                let time = self.time(traces, place);
                let known = self.orders.get(&place).copied();
                let known = known.or_else(|| Some((time?, place, None)));
                let order = known.unwrap_or((last.0, last.1, Some(place)));
                last = known.unwrap_or(last);
                let what = match &line.what {
                    What::Frame(_) => self.frames.remove(&place),
                    What::Event(text) => Some(RowWhat::Event {
                        lane: self.lane_of(traces, process, text),
                        time,
                    }),
                };
                rows.extend(what.map(|what| Row { order, place, what }));
            }
        }
        rows
    }

    /// The lane of an event: that of its gateway, or else the first one of the process.
    fn lane_of(&mut self, traces: &Traces, process: usize, text: &str) -> usize {
        let ends = self.ends.get(&process).map_or(&[][..], Vec::as_slice);
        let names = |(id, _): &&(String, usize)| {
            text.strip_prefix(&**id)
                .is_some_and(|rest| rest.starts_with(' '))
        };
        // The last gateway that had this id.
        let found = ends.iter().rev().find(names).or(ends.first());
        if let Some(&(_, lane)) = found {
            return lane;
        }
        let side = Side {
            process,
            id: String::new(),
            frames: Vec::new(),
        };
        self.lane(traces, "process", Some(&side))
    }
}

fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
