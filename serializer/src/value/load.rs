//! Loads a [`Value`]: the builder that the stack machine runs with.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Dict, Int, Set, Str, Value};
use crate::error::{LoadError, LoadErrorKind};
use crate::limits::{Limits, StrConfig};
use crate::machine::{Collection, StackEntry, StackMachine, ValueBuilder, has_room};
use crate::memory;
use crate::options::LoadOptions;
use crate::reader::Cursor;
use crate::scalar::Scalar;
use crate::utf8::Utf8Window;
use crate::{Decimal, Opcode};

/// Loads the value at the start of `bytes`, and returns it with the number of
/// bytes that it took.
#[inline]
pub(crate) fn load_value(bytes: &[u8], options: &LoadOptions) -> Result<(Value, usize), LoadError> {
    let (body, skipped) = options.body(bytes)?;
    let scalars = Scalars {
        strings: options.strings(),
        utf8: Utf8Window::new(body),
    };
    let scalars = match only_scalar(body, options.limits(), scalars) {
        Ok((value, taken)) => return Ok((value, skipped + taken)),
        Err(scalars) => scalars,
    };
    let values = Values {
        scalars,
        pairs: Vec::new(),
    };
    match StackMachine::new(body, options.limits(), values, Vec::new()).run() {
        Ok((mut part, _, taken)) => Ok((part.take(), skipped + taken)),
        Err(error) => Err(error.offset_by(skipped)),
    }
}

/// Loads a value without parts, for which the machine would allocate its stack. Gives `scalars` back for any other value,
/// and for input with an error, which the machine reports.
#[inline]
fn only_scalar<'a>(
    body: &'a [u8],
    limits: Limits,
    mut scalars: Scalars<'a>,
) -> Result<(Value, usize), Scalars<'a>> {
    let mut cursor = Cursor::new(body);
    let mut value = Value::None;
    match Scalar::read(&mut cursor) {
        Ok(Some(scalar))
            if cursor.eat(Opcode::Stop.byte())
                && cursor.offset() <= limits.bytes()
                && limits.items() > 0
                && scalars.make(scalar, &mut value).is_ok() =>
        {
            Ok((value, cursor.offset()))
        }
        _ => Err(scalars),
    }
}

/// Builds values on the heap.
struct Values<'a> {
    scalars: Scalars<'a>,
    /// The pairs of all open dicts, those of the topmost last. The length of a
    /// dict is known only at its end; collecting the pairs here allocates each
    /// dict once.
    pairs: Vec<(Value, Value)>,
}

/// A value, or a dict that is still open.
enum Part {
    Whole(Value),
    Dict {
        /// The position of its first pair.
        first: usize,
    },
}

impl Default for Part {
    fn default() -> Self {
        Self::Whole(Value::None)
    }
}

impl Part {
    /// Takes the value of a closed part; every part that leaves the stack is
    /// closed.
    #[inline(always)]
    fn take(&mut self) -> Value {
        match self {
            Self::Whole(value) => core::mem::take(value),
            Self::Dict { .. } => Value::Dict(Dict::new()),
        }
    }
}

/// Makes the values without parts.
struct Scalars<'a> {
    strings: StrConfig,
    utf8: Utf8Window<'a>,
}

impl Scalars<'_> {
    /// Writes a scalar into `place`, which holds `None`. It is written in place
    /// because moving a `Value` costs more than making it.
    // Inlined into each caller for speed, but not on devices, whose flash that
    // would cost 3 KiB.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn make(&mut self, scalar: Scalar<'_>, place: &mut Value) -> Result<(), LoadError> {
        match scalar.opcode {
            Opcode::Int | Opcode::Long => set(place, Value::Int(Int::from(scalar.int()))),
            Opcode::Py3String if !self.strings.py3str_as_py2str => self.text(scalar, place)?,
            Opcode::Unicode => self.text(scalar, place)?,
            Opcode::Py2String if self.strings.py2str_as_py3str => {
                set(place, Value::Str(latin_1(scalar)?));
            }
            Opcode::Py3String | Opcode::Py2String | Opcode::Bytes => {
                set(place, Value::Bytes(bytes(scalar)?));
            }
            Opcode::True => set(place, Value::Bool(true)),
            Opcode::False => set(place, Value::Bool(false)),
            Opcode::Float => set(place, Value::Float(scalar.float())),
            Opcode::Complex => set(place, Value::Complex(scalar.complex())),
            Opcode::LongInt | Opcode::LongLong => set(place, Value::Int(integer(scalar)?)),
            Opcode::Channel => set(place, Value::Channel(scalar.channel())),
            // `None`; the rest are no scalars.
            _ => {}
        }
        Ok(())
    }

    /// Short text is written in place: its bytes were just stored one part at a
    /// time, and a load of them as a whole would wait for these stores.
    #[inline(always)]
    fn text(&mut self, scalar: Scalar<'_>, place: &mut Value) -> Result<(), LoadError> {
        let start = scalar.offset + Scalar::COUNTED;
        let Some(text) = self.utf8.get(start, scalar.operand.len()) else {
            return Err(LoadError::new(LoadErrorKind::Utf8, scalar.offset));
        };
        set(place, Value::Str(Str::new()));
        if let Value::Str(place) = place
            && !place.fill(text)
        {
            return Err(no_memory(scalar.offset));
        }
        Ok(())
    }
}

/// Sets a place that holds `None`, which needs no drop.
#[inline(always)]
fn set(place: &mut Value, value: Value) {
    core::mem::forget(core::mem::replace(place, value));
}

impl<'a> ValueBuilder<'a> for Values<'a> {
    type Node = Part;

    #[inline(always)]
    fn scalar(&mut self, scalar: Scalar<'a>, place: &mut Part) -> Result<(), LoadError> {
        match place {
            Part::Whole(place) => self.scalars.make(scalar, place),
            // The machine gives a default.
            Part::Dict { .. } => Ok(()),
        }
    }

    #[inline(always)]
    fn append_scalar(&mut self, list: &mut Part, item: Scalar<'a>) -> Result<(), LoadError> {
        if let Part::Whole(Value::List(items)) = list
            && has_room(items)
        {
            items.push(Value::None);
            if let Some(place) = items.last_mut() {
                return self.scalars.make(item, place);
            }
        }
        // The machine appends to lists only.
        full(item.offset)
    }

    #[inline(always)]
    fn insert_scalars(
        &mut self,
        _dict: &mut Part,
        key: Scalar<'a>,
        value: Scalar<'a>,
    ) -> Result<(), LoadError> {
        // Both places first: the scalars are then written where they stay.
        if !has_room(&mut self.pairs) {
            return full(key.offset);
        }
        self.pairs.push((Value::None, Value::None));
        if let Some((key_place, value_place)) = self.pairs.last_mut() {
            self.scalars.make(key, key_place)?;
            self.scalars.make(value, value_place)?;
        }
        Ok(())
    }

    #[inline]
    fn list(&mut self, room: usize, offset: usize, place: &mut Part) -> Result<(), LoadError> {
        // `room` is bounded by the input, whatever length it announces.
        let Some(items) = memory::room_for(room) else {
            return Err(no_memory(offset));
        };
        *place = Part::Whole(Value::List(items));
        Ok(())
    }

    #[inline]
    fn dict(&mut self, _offset: usize, place: &mut Part) -> Result<(), LoadError> {
        let first = self.pairs.len();
        *place = Part::Dict { first };
        Ok(())
    }

    #[inline]
    fn append(&mut self, list: &mut Part, item: &mut Part, offset: usize) -> Result<(), LoadError> {
        if let Part::Whole(Value::List(items)) = list
            && has_room(items)
        {
            items.push(item.take());
            return Ok(());
        }
        // The machine appends to lists only.
        full(offset)
    }

    /// Containers above the dict are closed, so its pairs are the last.
    #[inline]
    fn insert(
        &mut self,
        _dict: &mut Part,
        key: &mut Part,
        value: &mut Part,
        offset: usize,
    ) -> Result<(), LoadError> {
        if !has_room(&mut self.pairs) {
            return full(offset);
        }
        self.pairs.push((key.take(), value.take()));
        Ok(())
    }

    fn collection(
        &mut self,
        kind: Collection,
        items: &mut [StackEntry<Part>],
        offset: usize,
    ) -> Result<Part, LoadError> {
        let Some(mut values) = memory::room_for(items.len()) else {
            return Err(no_memory(offset));
        };
        values.extend(items.iter_mut().map(|entry| entry.node.take()));
        let set = |values| Set::try_from_items(values).ok_or_else(|| no_memory(offset));
        Ok(Part::Whole(match kind {
            Collection::Tuple => Value::Tuple(values),
            Collection::Set => Value::Set(set(values)?),
            Collection::FrozenSet => Value::FrozenSet(set(values)?),
        }))
    }

    fn close(&mut self, node: &mut Part, offset: usize) -> Result<(), LoadError> {
        if let Part::Dict { first } = node {
            let pairs = match *first {
                // A large one alone need not be copied.
                0 if self.pairs.len() > COPIED => Some(core::mem::take(&mut self.pairs)),
                first => split_off(&mut self.pairs, first),
            };
            let dict = pairs.and_then(Dict::try_from_pairs);
            *node = Part::Whole(Value::Dict(dict.ok_or_else(|| no_memory(offset))?));
        }
        Ok(())
    }

    #[inline]
    fn index(&self, node: &Part) -> Option<u32> {
        match node {
            Part::Whole(Value::Int(index)) => {
                index.to_i64().and_then(|index| u32::try_from(index).ok())
            }
            _ => None,
        }
    }
}

/// Dicts of up to this many pairs are copied out of the shared vector.
const COPIED: usize = 64;

/// As `Vec::split_off`.
#[inline]
fn split_off<T>(items: &mut Vec<T>, first: usize) -> Option<Vec<T>> {
    if !memory::FALLIBLE {
        return Some(items.split_off(first));
    }
    let mut split = memory::room_for(items.len().saturating_sub(first))?;
    split.extend(items.drain(first..));
    Some(split)
}

fn bytes(scalar: Scalar<'_>) -> Result<Vec<u8>, LoadError> {
    memory::copy_of(scalar.operand).ok_or_else(|| no_memory(scalar.offset))
}

fn latin_1(scalar: Scalar<'_>) -> Result<Str, LoadError> {
    let bytes = scalar.operand;
    // A byte from 0x80 on takes two bytes of UTF-8.
    let len = bytes.len() + bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let mut text = String::new();
    let reserved = text.try_reserve_exact(len);
    reserved.map_err(|_| no_memory(scalar.offset))?;
    text.extend(bytes.iter().map(|&byte| char::from(byte)));
    Ok(Str::from(text))
}

fn integer(scalar: Scalar<'_>) -> Result<Int, LoadError> {
    let decimal = Decimal::parse(scalar.operand);
    let decimal = decimal.ok_or(LoadError::new(LoadErrorKind::Integer, scalar.offset))?;
    Int::try_from_decimal(decimal).ok_or_else(|| no_memory(scalar.offset))
}

/// A vector has no room, which it always has where allocations do not fail.
#[inline]
const fn full(offset: usize) -> Result<(), LoadError> {
    if memory::FALLIBLE {
        return Err(no_memory(offset));
    }
    Ok(())
}

#[cold]
#[inline(never)]
const fn no_memory(offset: usize) -> LoadError {
    LoadError::new(LoadErrorKind::Memory, offset)
}
