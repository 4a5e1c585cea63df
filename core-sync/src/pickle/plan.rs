//! The first reading of a pickle: what each value is for, and whether it is within the limits.

use alloc::vec::Vec;

use execnet_serializer::Limits;

use super::PickleError;
use super::ops::{Op, Ops};

/// What is written before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Nothing,
    /// The index in its list.
    Index,
    /// The end of the item before it, and the index.
    NextIndex,
    /// The end of the item of the dict before it.
    NextKey,
}

/// What the first reading finds. All vectors are in the order in which the second reading needs their elements.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// For each value that begins: tuples begin with their first item, and frozensets too.
    pub(super) prefixes: Vec<Prefix>,
    /// The number of items of each list and set.
    pub(super) counts: Vec<u32>,
    /// The number of values above the mark, for each ADDITEMS, TUPLE and FROZENSET.
    pub(super) taken: Vec<u32>,
    /// At least the length of the opcodes in bytes.
    pub(super) len: usize,
}

/// A value on the stack of the first reading.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Its index in `prefixes`.
    value: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing can be added to it.
    Whole,
    /// With its index in `counts`, as a set.
    List(u32),
    Dict,
    Set(u32),
}

/// The first reading.
struct Planner<'a> {
    ops: Ops<'a>,
    plan: Plan,
    stack: Vec<Slot>,
    /// Heights of the stack.
    marks: Vec<usize>,
}

impl Plan {
    pub(super) fn of(item: &[u8], limits: Limits) -> Result<Self, PickleError> {
        // Values are counted in 32 bits; there are at most as many as bytes.
        let limit = limits.bytes().min(u32::MAX as usize);
        if item.len() > limit {
            return Err(PickleError::TooLong { limit });
        }
        let mut planner = Planner {
            ops: Ops::new(item)?,
            // STOP is a byte.
            plan: Self {
                len: 1,
                ..Self::default()
            },
            stack: Vec::new(),
            marks: Vec::new(),
        };
        loop {
            let op = planner.ops.next()?;
            if let Op::Stop = op {
                return planner.finish();
            }
            if planner.handle(op).is_none() {
                return Err(planner.ops.missing_operand());
            }
            // After each operation: what the plan takes in memory is bounded by them, and not by the item.
            planner.check(limits)?;
        }
    }
}

impl Planner<'_> {
    fn finish(self) -> Result<Plan, PickleError> {
        if self.stack.len() == 1 && self.marks.is_empty() && self.ops.is_at_end() {
            Ok(self.plan)
        } else {
            Err(PickleError::End {
                offset: self.ops.start(),
            })
        }
    }

    fn check(&self, limits: Limits) -> Result<(), PickleError> {
        let depth = usize::from(limits.depth());
        if self.plan.len > limits.bytes() {
            let limit = limits.bytes();
            return Err(PickleError::TooLong { limit });
        }
        if self.plan.prefixes.len() > limits.items() {
            let limit = limits.items();
            return Err(PickleError::TooManyItems { limit });
        }
        // Each mark is in a container of its own. Other containers are counted by the decoder of opcodes.
        if self.marks.len() > depth {
            return Err(PickleError::TooDeep { limit: depth });
        }
        Ok(())
    }

    fn handle(&mut self, op: Op<'_>) -> Option<()> {
        match op {
            Op::None | Op::Bool(_) => self.begin(1, Kind::Whole),
            Op::Int(_) | Op::EmptyTuple => self.begin(5, Kind::Whole),
            // A byte has fewer than three digits.
            Op::Long(bytes) => self.begin(6 + 3 * bytes.len(), Kind::Whole),
            Op::Float(_) => self.begin(9, Kind::Whole),
            Op::Text(bytes) | Op::Bytes(bytes) => self.begin(5 + bytes.len(), Kind::Whole),
            Op::List => self.begin_container(Kind::List),
            Op::Dict => self.begin(1, Kind::Dict),
            Op::Set => self.begin_container(Kind::Set),
            Op::Mark => self.marks.push(self.stack.len()),
            Op::Append => self.append(self.top(1)?)?,
            Op::Appends => {
                let items = self.marks.pop()?;
                self.append(items)?;
            }
            Op::SetItem => self.set(self.top(2)?)?,
            Op::SetItems => {
                let items = self.marks.pop()?;
                self.set(items)?;
            }
            Op::AddItems => {
                let items = self.marks.pop()?;
                self.add(items)?;
            }
            Op::TupleOf(count) => self.build(self.top(count.into())?)?,
            Op::Tuple | Op::FrozenSet => {
                let items = self.marks.pop()?;
                self.plan.taken.push(self.number_from(items)?);
                self.build(items)?;
            }
            Op::Stop => return None,
        }
        Some(())
    }

    /// A value begins, whose own opcodes have this many bytes.
    fn begin(&mut self, len: usize, kind: Kind) {
        // No more than bytes of the item, which fit.
        let value = self.plan.prefixes.len() as u32;
        self.plan.prefixes.push(Prefix::Nothing);
        self.add_len(len, 1);
        self.stack.push(Slot { value, kind });
    }

    /// Counts opcodes of this many bytes, as often as that.
    fn add_len(&mut self, len: usize, times: u32) {
        let len = len.saturating_mul(times as usize);
        self.plan.len = self.plan.len.saturating_add(len);
    }

    fn begin_container(&mut self, kind: impl Fn(u32) -> Kind) {
        self.begin(5, kind(self.plan.counts.len() as u32));
        self.plan.counts.push(0);
    }

    /// Where the topmost `count` values begin, none of which is below the last mark.
    fn top(&self, count: usize) -> Option<usize> {
        let from = self.stack.len().checked_sub(count)?;
        (from >= self.floor()).then_some(from)
    }

    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn number_from(&self, items: usize) -> Option<u32> {
        self.stack.len().checked_sub(items)?.try_into().ok()
    }

    /// The container below the items that begin there, where an operation may reach it.
    fn container(&self, items: usize) -> Option<Kind> {
        let below = items.checked_sub(1).filter(|&at| at >= self.floor())?;
        self.stack.get(below).map(|slot| slot.kind)
    }

    /// Adds items to a count. At least one: an operation without items does nothing that could be written.
    fn count(&mut self, container: u32, added: u32) -> Option<()> {
        let count = self.plan.counts.get_mut(container as usize)?;
        *count = count.checked_add(added).filter(|_| added > 0)?;
        Some(())
    }

    fn append(&mut self, items: usize) -> Option<()> {
        let Kind::List(list) = self.container(items)? else {
            return None;
        };
        let added = self.number_from(items)?;
        self.count(list, added)?;
        self.prefix(items, 1, Prefix::Index, Prefix::NextIndex)?;
        self.add_len(6, added);
        self.stack.truncate(items);
        Some(())
    }

    fn set(&mut self, items: usize) -> Option<()> {
        let Kind::Dict = self.container(items)? else {
            return None;
        };
        let added = self.number_from(items)?;
        if added == 0 || added % 2 == 1 {
            return None;
        }
        self.prefix(items, 2, Prefix::Nothing, Prefix::NextKey)?;
        self.add_len(1, added / 2);
        self.stack.truncate(items);
        Some(())
    }

    fn add(&mut self, items: usize) -> Option<()> {
        let Kind::Set(set) = self.container(items)? else {
            return None;
        };
        let added = self.number_from(items)?;
        self.count(set, added)?;
        self.plan.taken.push(added);
        self.stack.truncate(items);
        Some(())
    }

    /// Sets what is written before each item of a list, or before each key of a dict.
    fn prefix(&mut self, items: usize, step: usize, first: Prefix, next: Prefix) -> Option<()> {
        let mut prefix = first;
        for slot in self.stack.get(items..)?.iter().step_by(step) {
            *self.plan.prefixes.get_mut(slot.value as usize)? = prefix;
            prefix = next;
        }
        Some(())
    }

    /// A tuple or a frozenset of the items from there on: it begins where the first of them does.
    fn build(&mut self, items: usize) -> Option<()> {
        self.add_len(5, 1);
        match self.stack.get_mut(items) {
            Some(first) => first.kind = Kind::Whole,
            None => self.begin(0, Kind::Whole),
        }
        self.stack.truncate(items + 1);
        Some(())
    }
}
