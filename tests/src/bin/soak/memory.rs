//! The memory of each end while no conversation runs, and whether it grows.

use core::error::Error;
use core::fmt;
use std::alloc::System;
use std::fs;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what is allocated and not freed.
#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How much more an end in Rust may hold at the end than when a third of the time had gone: queues and tables grow to
/// what the busiest moment needs, and not always the same number of threads waits for work.
const SLACK: Heap = Heap {
    blocks: 100,
    bytes: 32 << 10,
};

/// The same of a stock end: a Python keeps what it may need again.
const STOCK_SLACK: Heap = Heap {
    blocks: 500,
    bytes: 0,
};

/// In runs of fewer seconds the pages that an allocator keeps have not settled, and tell nothing.
const SETTLED: u64 = 600;

/// What one end holds at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// One of [`ENDS`].
    pub(crate) end: &'static str,
    /// Seconds since the beginning.
    pub(crate) after: u64,
    /// KiB in pages.
    pub(crate) resident: u64,
    pub(crate) heap: Heap,
}

/// What is allocated and not freed. Of bytes a Python tells nothing, and Python 2 nothing of blocks either: they are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Heap {
    pub(crate) blocks: u64,
    pub(crate) bytes: u64,
}

/// Of this process.
pub(crate) fn heap() -> Heap {
    let stats = HEAP.stats();
    Heap {
        blocks: stats.allocations.saturating_sub(stats.deallocations) as u64,
        bytes: stats
            .bytes_allocated
            .saturating_sub(stats.bytes_deallocated) as u64,
    }
}

/// The pages of a process, in KiB.
///
/// # Errors
///
/// There is no such process, or this is no Linux.
pub(crate) fn resident(pid: u32) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmRSS")?.parse()?)
}

/// The names of the four ends in the output, and how much each may grow.
const ENDS: [(&str, Heap); 4] = [
    ("stock controller", STOCK_SLACK),
    ("worker in Rust", SLACK),
    ("controller in Rust", SLACK),
    ("stock worker", STOCK_SLACK),
];

/// Judges what was seen of all ends, of each in its order.
///
/// # Errors
///
/// One grows, or was not looked at.
pub(crate) fn judge(seen: &[Held]) -> Result<(), String> {
    ENDS.into_iter().try_for_each(|(end, slack)| {
        let seen: Vec<_> = seen.iter().filter(|held| held.end == end).collect();
        judge_one(&seen, slack).map_err(|why| format!("memory of the {end}: {why}"))
    })
}

fn judge_one(seen: &[&Held], slack: Heap) -> Result<(), String> {
    let (_, settled) = seen.split_at(seen.len() / 3);
    let [first, .., last] = settled else {
        return Err("it was not looked at often enough".into());
    };
    let grown = |what, from, to| Err(format!("{from} {what} have become {to}"));
    let (before, after) = (first.heap, last.heap);
    if after.blocks > before.blocks + slack.blocks {
        return grown("blocks", before.blocks, after.blocks);
    }
    if after.bytes > before.bytes + slack.bytes {
        return grown("bytes", before.bytes, after.bytes);
    }
    let (middle, end) = settled.split_at(settled.len() / 2);
    let (before, after) = (most(middle), most(end));
    if last.after >= SETTLED && after > before * 11 / 10 + 4096 {
        return grown("KiB in pages", before, after);
    }
    Ok(())
}

fn most(seen: &[&Held]) -> u64 {
    seen.iter().map(|held| held.resident).max().unwrap_or(0)
}

/// `held by the stock worker: 60 s, 44800 KiB, 71234 blocks, 0 bytes`
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            end,
            after,
            resident,
            heap,
        } = self;
        let Heap { blocks, bytes } = heap;
        write!(
            f,
            "held by the {end}: {after} s, {resident} KiB, {blocks} blocks, {bytes} bytes"
        )
    }
}

impl Held {
    /// Reads what [`Display`](fmt::Display) writes.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (end, figures) = line.strip_prefix("held by the ")?.split_once(": ")?;
        let mut figures = figures
            .split(", ")
            .map_while(|figure| figure.split(' ').next()?.parse().ok());
        Some(Self {
            end: ENDS.into_iter().find(|(known, _)| *known == end)?.0,
            after: figures.next()?,
            resident: figures.next()?,
            heap: Heap {
                blocks: figures.next()?,
                bytes: figures.next()?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ENDS, Heap, Held, SETTLED, SLACK, STOCK_SLACK, judge, judge_one};

    /// All four ends, looked at each minute for so long; each figure as `at` says.
    fn seen(minutes: u64, at: impl Fn(u64) -> (u64, Heap)) -> Vec<Held> {
        let minutes = 1..=minutes;
        let look = |minute| {
            let (resident, heap) = at(minute);
            ENDS.map(|(end, _)| Held {
                end,
                after: minute * 60,
                resident,
                heap,
            })
        };
        minutes.flat_map(look).collect()
    }

    const HEAP: Heap = Heap {
        blocks: 80,
        bytes: 90_000,
    };

    #[test]
    fn a_line_is_read_as_it_is_written() {
        for held in seen(1, |_| (44_800, HEAP)) {
            assert_eq!(Held::parse(&held.to_string()), Some(held));
        }
        assert_eq!(
            Held::parse("our controller and stock worker, 6 s: sent 1"),
            None
        );
    }

    #[test]
    fn what_stays_does_not_grow() {
        assert_eq!(judge(&seen(60, |_| (44_800, HEAP))), Ok(()));
    }

    #[test]
    fn a_few_blocks_lost_each_minute_are_growth_and_so_are_bytes() {
        let lost = |slack, blocks, bytes| {
            let seen = seen(60, |minute| {
                let blocks = HEAP.blocks + minute * blocks;
                let bytes = HEAP.bytes + minute * bytes;
                (44_800, Heap { blocks, bytes })
            });
            judge_one(&seen.iter().collect::<Vec<_>>(), slack)
        };
        for slack in [SLACK, STOCK_SLACK] {
            assert_eq!(lost(slack, 0, 0), Ok(()));
            assert!(lost(slack, slack.blocks / 30, 0).is_err());
            assert!(lost(slack, 0, slack.bytes / 30 + 1).is_err());
        }
    }

    #[test]
    fn pages_may_settle_but_not_keep_growing() {
        let pages = |minutes, at: fn(u64) -> u64| judge(&seen(minutes, |m| (at(m), HEAP)));
        assert_eq!(pages(60, |minute| 10_000 + 1000 * minute.min(20)), Ok(()));
        assert!(pages(60, |minute| 10_000 + 1000 * minute).is_err());
        let too_short_to_tell = SETTLED / 60 - 1;
        assert_eq!(pages(too_short_to_tell, |m| 10_000 + 1000 * m), Ok(()));
    }

    #[test]
    fn an_end_that_was_not_looked_at_is_not_well() {
        let without = |end| {
            let seen = seen(60, |_| (44_800, HEAP)).into_iter();
            seen.filter(|held| held.end != end).collect::<Vec<_>>()
        };
        for (end, _) in ENDS {
            assert!(judge(&without(end)).is_err(), "{end}");
        }
    }
}
