//! The stack machine of the format, which checks the order of opcodes.
//!
//! Every decoder that builds values runs it with its own [`ValueBuilder`]. The
//! rules are stricter than those of Python's reader for input that no writer
//! produces: a list must be filled completely and in order, and a container
//! needs its values on the stack. `docs/wire-format.md` lists each difference.

mod builder;
mod stack;

use crate::Opcode;
use crate::error::{LoadError, LoadErrorKind};
use crate::limits::Limits;
use crate::reader::Cursor;
use crate::scalar::Scalar;

pub(crate) use builder::{Collection, ValueBuilder};
#[cfg(feature = "alloc")]
pub(crate) use stack::has_room;
use stack::{OpenContainer, check_height, push, wrong_index};
pub(crate) use stack::{Stack, StackEntry};

/// The minimum size of a list item: its index (5), the item (1), SETITEM (1).
const LIST_ITEM_BYTES: usize = 7;

/// One run over the bytes of one value.
pub(crate) struct StackMachine<'a, B, S> {
    cursor: Cursor<'a>,
    builder: B,
    stack: S,
    limits: Limits,
    /// The number of values that the limits still admit.
    items_left: usize,
    /// The number of list items for which memory may still be reserved.
    room_left: usize,
    /// Whether the input was cut at the limit, so that its end is not an end of
    /// the data.
    bounded: bool,
}

impl<'a, B: ValueBuilder<'a>, S: Stack<StackEntry<B::Node>>> StackMachine<'a, B, S> {
    /// A machine before the first opcode of a value without version byte.
    pub(crate) fn new(bytes: &'a [u8], limits: Limits, builder: B, stack: S) -> Self {
        let bounded = bytes.get(..limits.bytes());
        let input = bounded.unwrap_or(bytes);
        Self {
            cursor: Cursor::new(input),
            builder,
            stack,
            limits,
            items_left: limits.items(),
            // As many items as the input has bytes for. All lists share this: if
            // each were bounded alone, n nested lists could announce the rest of
            // the input n times.
            room_left: input.len() / LIST_ITEM_BYTES,
            bounded: bounded.is_some_and(|bounded| bounded.len() < bytes.len()),
        }
    }

    /// Runs to STOP. Returns the value, the builder and the number of bytes
    /// taken.
    pub(crate) fn run(mut self) -> Result<(B::Node, B, usize), LoadError> {
        match self.run_to_stop() {
            Ok(node) => Ok((node, self.builder, self.cursor.offset())),
            // The end of the cut input is not an end of the data: more bytes would
            // not help, so this is not a truncated input.
            Err(error) if self.bounded && error.is_truncated() => {
                let kind = LoadErrorKind::Bytes(self.limits.bytes());
                Err(LoadError::new(kind, error.offset()))
            }
            Err(error) => Err(error),
        }
    }

    fn run_to_stop(&mut self) -> Result<B::Node, LoadError> {
        loop {
            // Every value is counted before anything is built for it, so that an
            // input over the limit costs no more than one at the limit.
            while let Some(scalar) = Scalar::read(&mut self.cursor)? {
                // Scalars in a row need no dispatch: they are all pushed.
                count(&mut self.items_left, self.limits, scalar.offset)?;
                let place = push(&mut self.stack, OpenContainer::Nothing, scalar.offset)?;
                self.builder.scalar(scalar, place)?;
            }
            // Errors of containers carry the offset of their opcode, as those of
            // scalars do.
            let start = self.cursor.offset();
            match self.cursor.opcode()? {
                Opcode::SetItem => self.set_item(start)?,
                Opcode::NewList => self.list(start)?,
                Opcode::NewDict => self.dict(start)?,
                Opcode::BuildTuple => self.collection(Collection::Tuple, start)?,
                Opcode::Set => self.collection(Collection::Set, start)?,
                Opcode::FrozenSet => self.collection(Collection::FrozenSet, start)?,
                // The rest are scalars.
                _ => return self.stop(start),
            }
        }
    }

    fn list(&mut self, start: usize) -> Result<(), LoadError> {
        let len = self.cursor.count()?;
        count(&mut self.items_left, self.limits, start)?;
        // A list longer than the input is no error here, because more input may
        // come; it only gets no memory for what cannot be there yet.
        let room = usize::try_from(len).unwrap_or(usize::MAX);
        let room = room.min(self.room_left);
        self.room_left -= room;
        // How many items are missing is the length that the input announces, even if
        // it got no memory for them: only then is a short list an error.
        let open = OpenContainer::Items {
            filled: 0,
            missing: len,
            indexed: false,
        };
        let place = push(&mut self.stack, open, start)?;
        self.builder.list(room, start, place)?;
        self.items()
    }

    fn dict(&mut self, start: usize) -> Result<(), LoadError> {
        count(&mut self.items_left, self.limits, start)?;
        let place = push(&mut self.stack, OpenContainer::Pairs, start)?;
        self.builder.dict(start, place)?;
        self.pairs()
    }

    /// Appends items to the list on top, up to the first that is not a scalar.
    ///
    /// This and [`pairs`](Self::pairs) take most of the time. Both use a copy
    /// of the cursor, which the compiler keeps in registers.
    fn items(&mut self) -> Result<(), LoadError> {
        let Some(StackEntry {
            node: list,
            open:
                OpenContainer::Items {
                    filled,
                    missing,
                    indexed,
                },
            ..
        }) = self.stack.last_mut()
        else {
            return Ok(());
        };
        let mut cursor = self.cursor;
        // The machine's cursor follows after each step that is complete, so that an
        // error or a way out finds it in front of what is not yet handled.
        while *missing > 0 && cursor.eat_int(*filled) {
            self.cursor = cursor;
            match Scalar::read(&mut cursor)? {
                // Index, item, SETITEM: the item needs no place on the stack.
                Some(item) if cursor.eat(Opcode::SetItem.byte()) => {
                    count(&mut self.items_left, self.limits, item.offset)?;
                    *filled += 1;
                    *missing -= 1;
                    self.builder.append_scalar(list, item)?;
                }
                // A container, or a value without SETITEM: the loop over single
                // opcodes reads it, from the position after the index.
                _ => {
                    *indexed = true;
                    return Ok(());
                }
            }
        }
        self.cursor = cursor;
        Ok(())
    }

    /// Sets pairs of the dict on top, up to the first that is not two scalars.
    fn pairs(&mut self) -> Result<(), LoadError> {
        let Some(dict) = self.stack.last_mut() else {
            return Ok(());
        };
        let mut cursor = self.cursor;
        // Errors are left to the loop over single opcodes, which checks the key
        // before it reads the value and so reports the first of two errors.
        while let Ok(Some(key)) = Scalar::read(&mut cursor)
            && let Ok(Some(value)) = Scalar::read(&mut cursor)
            && cursor.eat(Opcode::SetItem.byte())
            && let Some(left) = self.items_left.checked_sub(2)
        {
            // Scalars are hashable and have no height: nothing else to check.
            self.cursor = cursor;
            self.items_left = left;
            self.builder.insert_scalars(&mut dict.node, key, value)?;
        }
        Ok(())
    }

    /// Sets the value on top in the container below, and continues to fill
    /// that.
    fn set_item(&mut self, at: usize) -> Result<(), LoadError> {
        let held = self.stack.len();
        // First, so that an incomplete value is reported before what is wrong with
        // its place.
        if let Some(value) = self.stack.last_mut() {
            close(&mut self.builder, value, at)?;
        }
        match &mut *self.stack {
            // A list or dict that is open below `value` gets it. The `height` of the
            // container follows first, so that no value is ever nested deeper than the
            // limit, not even until the next check.
            //
            // The index was checked by `items` and is not on the stack.
            [.., list, value] if list.open.is_indexed() => {
                list.rise_above(value, self.limits, at)?;
                list.open.fill(at)?;
                self.builder.append(&mut list.node, &mut value.node, at)?;
                self.stack.truncate(held - 1);
                self.items()
            }
            [.., container, key, value] => {
                container.rise_above(value, self.limits, at)?;
                match container.open {
                    // An index that `items` has not taken: a wrong one, or an integer
                    // of another opcode than INT.
                    OpenContainer::Items { filled, .. } => {
                        if container.open.is_indexed()
                            || self.builder.index(&key.node) != Some(filled)
                        {
                            return Err(wrong_index(filled, at));
                        }
                        container.open.fill(at)?;
                        self.builder
                            .append(&mut container.node, &mut value.node, at)?;
                        self.stack.truncate(held - 2);
                        self.items()
                    }
                    OpenContainer::Pairs if key.hashable => {
                        container.rise_above(key, self.limits, at)?;
                        let (key, value) = (&mut key.node, &mut value.node);
                        self.builder.insert(&mut container.node, key, value, at)?;
                        self.stack.truncate(held - 2);
                        self.pairs()
                    }
                    OpenContainer::Pairs => Err(LoadError::new(LoadErrorKind::Unhashable, at)),
                    OpenContainer::Nothing => Err(LoadError::new(LoadErrorKind::NotAContainer, at)),
                }
            }
            _ => Err(LoadError::new(
                LoadErrorKind::StackTooShort { wanted: 3, held },
                at,
            )),
        }
    }

    fn collection(&mut self, kind: Collection, start: usize) -> Result<(), LoadError> {
        let len = self.cursor.count()?;
        let held = self.stack.len();
        let wanted = usize::try_from(len).unwrap_or(usize::MAX);
        let Some(first) = held.checked_sub(wanted) else {
            return Err(LoadError::new(
                LoadErrorKind::StackTooShort { wanted, held },
                start,
            ));
        };
        count(&mut self.items_left, self.limits, start)?;
        let (mut height, mut hashable) = (0, true);
        // From `first` on there are exactly `wanted`. The topmost is closed first,
        // because the builder of values keeps the pairs of open dicts on a stack.
        let items = self.stack.get_mut(first..).unwrap_or_default();
        for item in items.iter_mut().rev() {
            close(&mut self.builder, item, start)?;
            height = height.max(item.height);
            hashable &= item.hashable;
        }
        if kind != Collection::Tuple && !hashable {
            return Err(LoadError::new(LoadErrorKind::Unhashable, start));
        }
        // Before the value is built, so that even a value that is refused is never
        // deeper than the limit: dropping it recurses.
        check_height(height + 1, self.limits, start)?;
        let items = self.stack.get_mut(first..).unwrap_or_default();
        let node = self.builder.collection(kind, items, start)?;
        self.stack.truncate(first);
        *push(&mut self.stack, OpenContainer::Nothing, start)? = node;
        if let Some(entry) = self.stack.last_mut() {
            entry.height = height + 1;
            entry.hashable = hashable && kind != Collection::Set;
        }
        Ok(())
    }

    fn stop(&mut self, start: usize) -> Result<B::Node, LoadError> {
        match &mut *self.stack {
            [value] => {
                close(&mut self.builder, value, start)?;
                Ok(core::mem::take(&mut value.node))
            }
            // More than one: values that are in no container.
            values => Err(LoadError::new(LoadErrorKind::StopWith(values.len()), start)),
        }
    }
}

/// Counts one value.
#[inline]
fn count(left: &mut usize, limits: Limits, start: usize) -> Result<(), LoadError> {
    match left.checked_sub(1) {
        Some(rest) => {
            *left = rest;
            Ok(())
        }
        None => {
            let limit = limits.items();
            Err(LoadError::new(LoadErrorKind::Items(limit), start))
        }
    }
}

/// A value goes into a container, or is the result: nothing may be missing in
/// it any more.
#[inline]
fn close<'a, B: ValueBuilder<'a>>(
    builder: &mut B,
    value: &mut StackEntry<B::Node>,
    at: usize,
) -> Result<(), LoadError> {
    match value.open {
        OpenContainer::Nothing => {}
        OpenContainer::Items { missing, .. } if missing > 0 => {
            return Err(LoadError::new(LoadErrorKind::ListUnfilled { missing }, at));
        }
        OpenContainer::Pairs | OpenContainer::Items { .. } => {
            builder.close(&mut value.node, at)?;
        }
    }
    Ok(())
}
