//! From a pickle to opcodes.
//!
//! A pickle says behind the items of a list that they were its items, and opcodes say it before each of them. So the pickle is
//! read twice: first to find out what each value is for, then to write the opcodes. Both readings take constant time for an
//! operation, and neither recurses.

use alloc::vec::Vec;

use execnet_serializer::{Limits, Opcode};

use super::PickleError;
use super::integers::decimal;
use super::ops::{Op, Ops};
use super::plan::{Plan, Prefix};
use super::spare;

/// The opcodes of an item that is a pickle.
///
/// # Errors
///
/// It has another operation than those of plain values, or exceeds the limits.
pub fn to_opcodes(item: &[u8], limits: Limits) -> Result<Vec<u8>, PickleError> {
    Writer::new(Plan::of(item, limits)?).write(item)
}

/// The second reading.
struct Writer {
    prefixes: alloc::vec::IntoIter<Prefix>,
    counts: alloc::vec::IntoIter<u32>,
    taken: alloc::vec::IntoIter<u32>,
    out: Vec<u8>,
    /// The lists that miss items, the innermost last: which item is next, and how many there are.
    lists: Vec<(u32, u32)>,
    /// The same of sets: how many items are missing, and how many there are.
    sets: Vec<(u32, u32)>,
}

impl Writer {
    fn new(plan: Plan) -> Self {
        Self {
            prefixes: plan.prefixes.into_iter(),
            counts: plan.counts.into_iter(),
            taken: plan.taken.into_iter(),
            out: spare::take(plan.len),
            lists: Vec::new(),
            sets: Vec::new(),
        }
    }

    fn write(mut self, item: &[u8]) -> Result<Vec<u8>, PickleError> {
        let mut ops = Ops::new(item)?;
        loop {
            let op = ops.next()?;
            if let Op::Stop = op {
                self.put(Opcode::Stop);
                return Ok(self.out);
            }
            // The first reading has checked this.
            self.handle(op).ok_or_else(|| ops.missing_operand())?;
        }
    }

    fn handle(&mut self, op: Op<'_>) -> Option<()> {
        match op {
            Op::None => self.begin()?.put(Opcode::None),
            Op::Bool(true) => self.begin()?.put(Opcode::True),
            Op::Bool(false) => self.begin()?.put(Opcode::False),
            Op::Int(number) => self.begin()?.put_int(number),
            Op::Long(bytes) => self.long(bytes)?,
            Op::Float(bytes) => {
                self.begin()?.put(Opcode::Float);
                self.out.extend_from_slice(bytes);
            }
            Op::Text(text) => self.begin()?.put_counted(Opcode::Py3String, text)?,
            Op::Bytes(bytes) => self.begin()?.put_counted(Opcode::Bytes, bytes)?,
            Op::EmptyTuple => self.begin()?.put_number(Opcode::BuildTuple, 0),
            Op::List => {
                let count = self.begin()?.counts.next()?;
                self.put_number(Opcode::NewList, count);
                if count > 0 {
                    self.lists.push((0, count));
                }
            }
            Op::Dict => self.begin()?.put(Opcode::NewDict),
            Op::Set => match self.begin()?.counts.next()? {
                0 => self.put_number(Opcode::Set, 0),
                count => self.sets.push((count, count)),
            },
            Op::Mark => {}
            Op::Append | Op::Appends => {
                self.put(Opcode::SetItem);
                let &(next, count) = self.lists.last()?;
                if next == count {
                    self.lists.pop();
                }
            }
            Op::SetItem | Op::SetItems => self.put(Opcode::SetItem),
            Op::AddItems => {
                let added = self.taken.next()?;
                let (missing, count) = self.sets.last_mut()?;
                *missing = missing.checked_sub(added)?;
                if *missing == 0 {
                    let count = *count;
                    self.sets.pop();
                    self.put_number(Opcode::Set, count);
                }
            }
            Op::TupleOf(count) => self.put_number(Opcode::BuildTuple, count.into()),
            Op::Tuple => self.build(Opcode::BuildTuple)?,
            Op::FrozenSet => self.build(Opcode::FrozenSet)?,
            Op::Stop => return None,
        }
        Some(())
    }

    fn build(&mut self, opcode: Opcode) -> Option<()> {
        let count = self.taken.next()?;
        if count == 0 {
            self.begin()?;
        }
        self.put_number(opcode, count);
        Some(())
    }

    /// Writes what stands before the value that begins.
    fn begin(&mut self) -> Option<&mut Self> {
        match self.prefixes.next()? {
            Prefix::Nothing => {}
            Prefix::NextKey => self.put(Opcode::SetItem),
            Prefix::Index => self.index()?,
            Prefix::NextIndex => {
                self.put(Opcode::SetItem);
                self.index()?;
            }
        }
        Some(self)
    }

    fn index(&mut self) -> Option<()> {
        let (next, _) = self.lists.last_mut()?;
        let index = *next;
        *next += 1;
        self.put_number(Opcode::Int, index);
        Some(())
    }

    fn long(&mut self, bytes: &[u8]) -> Option<()> {
        let text = decimal(bytes);
        self.begin()?;
        match text.parse() {
            Ok(number) => self.put_int(number),
            Err(_) => self.put_counted(Opcode::LongInt, text.as_bytes())?,
        }
        Some(())
    }

    fn put(&mut self, opcode: Opcode) {
        self.out.push(opcode.byte());
    }

    fn put_int(&mut self, number: i32) {
        self.put(Opcode::Int);
        self.out.extend_from_slice(&number.to_be_bytes());
    }

    fn put_number(&mut self, opcode: Opcode, number: u32) {
        self.put(opcode);
        self.out.extend_from_slice(&number.to_be_bytes());
    }

    fn put_counted(&mut self, opcode: Opcode, bytes: &[u8]) -> Option<()> {
        // Lengths in pickles have 32 bits as well.
        self.put_number(opcode, bytes.len().try_into().ok()?);
        self.out.extend_from_slice(bytes);
        Some(())
    }
}
