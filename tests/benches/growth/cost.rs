//! The cost of a unit of work.

use core::time::Duration;
use std::time::Instant;

use execnet::Group;
use rustix::time::{ClockId, clock_gettime};

use super::call_all;
use super::figures::{Outcome, tell};

/// How long work is repeated, the short points as the long ones.
const REPEAT: Duration = Duration::from_millis(300);

/// In seconds. On a machine that does other things too, time on a processor says what the work costs, and the time that
/// passes says what the others leave.
pub(super) struct Cost {
    /// On a processor, of this process and the workers of the group.
    processor: f64,
    elapsed: f64,
}

impl Cost {
    pub(super) fn tell(&self) {
        tell("processor", self.processor, "s");
        tell("elapsed", self.elapsed, "s");
    }

    /// Counts what workers have spent that are no longer in the group.
    pub(super) fn add_processor(&mut self, seconds: f64) {
        self.processor += seconds;
    }

    /// Of work that cannot be repeated, for each of its units.
    pub(super) fn once(group: &Group, units: u32, work: impl FnOnce() -> Outcome) -> Outcome<Self> {
        let (spent, begun) = (spent(group)?, Instant::now());
        work()?;
        let elapsed = begun.elapsed().as_secs_f64();
        let units = f64::from(units);
        Ok(Self {
            processor: (self::spent(group)? - spent) / units,
            elapsed: elapsed / units,
        })
    }

    /// The cost of a unit in turns of `units` each.
    pub(super) fn repeated(
        group: &Group,
        units: u32,
        mut turn: impl FnMut() -> Outcome,
    ) -> Outcome<Self> {
        let mut turns = 0;
        let all = Self::once(group, units, || {
            let begun = Instant::now();
            while turns == 0 || begun.elapsed() < REPEAT {
                turn()?;
                turns += 1;
            }
            Ok(())
        })?;
        let turns = f64::from(turns);
        Ok(Self {
            processor: all.processor / turns,
            elapsed: all.elapsed / turns,
        })
    }
}

/// What this process has spent on a processor.
pub(super) fn own() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// What this process and the workers of the group have spent.
fn spent(group: &Group) -> Outcome<f64> {
    Ok(own() + workers(group)?)
}

/// What the workers of the group have spent.
pub(super) fn workers(group: &Group) -> Outcome<f64> {
    let spent = call_all(group, "spent")?;
    let seconds = spent.iter().map(|item| item.as_f64());
    seconds
        .sum::<Option<f64>>()
        .ok_or_else(|| "a time that is no float".into())
}
