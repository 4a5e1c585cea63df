//! The stack machine of the format, which checks the order of opcodes.
//!
//! Every decoder that builds values runs it with its own [`ValueBuilder`]. The
//! rules are stricter than those of Python's reader for input that no writer
//! produces: a list must be filled completely and in order, and a container
//! needs its values on the stack. `docs/wire-format.md` lists each difference.

mod stack;

use crate::Opcode;
use crate::error::{LoadError, LoadErrorKind};
use crate::limits::Limits;
use crate::reader::Cursor;
use crate::scalar::Scalar;

#[cfg(feature = "alloc")]
pub(crate) use stack::has_room;
use stack::{OpenContainer, check_height, push, wrong_index};
pub(crate) use stack::{Stack, StackEntry};

/// The minimum size of a list item: its index (5), the item (1), SETITEM (1).
const LIST_ITEM_BYTES: usize = 7;

/// Builds the values of one decoder.
pub(crate) trait ValueBuilder<'a> {
    /// A value, or a handle to it.
    type Node: Default;

    // Nodes are written into `place`, which holds a default, because moving a
    // node right after writing its parts is slow.

    /// Makes a scalar.
    fn scalar(&mut self, scalar: Scalar<'a>, place: &mut Self::Node) -> Result<(), LoadError>;
    /// Appends a scalar to a list.
    fn append_scalar(&mut self, list: &mut Self::Node, item: Scalar<'a>) -> Result<(), LoadError>;
    /// Sets a pair of scalars in a dict.
    fn insert_scalars(
        &mut self,
        dict: &mut Self::Node,
        key: Scalar<'a>,
        value: Scalar<'a>,
    ) -> Result<(), LoadError>;
    /// Makes a list with capacity for `room` items.
    fn list(&mut self, room: usize, offset: usize, place: &mut Self::Node)
    -> Result<(), LoadError>;
    /// Makes an empty dict.
    fn dict(&mut self, offset: usize, place: &mut Self::Node) -> Result<(), LoadError>;
    /// Appends an item to a list and leaves a default in `item`.
    fn append(&mut self, list: &mut Self::Node, item: &mut Self::Node);
    /// Sets a pair in a dict and leaves defaults in `key` and `value`. The key
    /// is hashable.
    fn insert(&mut self, dict: &mut Self::Node, key: &mut Self::Node, value: &mut Self::Node);
    /// Makes a tuple, set or frozenset of values, which it takes out of the
    /// entries. Elements of a set are hashable.
    fn collection(
        &mut self,
        kind: Collection,
        items: &mut [StackEntry<Self::Node>],
        offset: usize,
    ) -> Result<Self::Node, LoadError>;
    /// Closes the topmost open list or dict: it gets no more items.
    fn close(&mut self, node: &mut Self::Node);
    /// The integer in a node, if it can be the index of a list item.
    fn index(&self, node: &Self::Node) -> Option<u32>;
}

/// A container made of the topmost values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    Tuple,
    Set,
    FrozenSet,
}

/// One run over the bytes of one value.
pub(crate) struct StackMachine<'a, B, S> {
    cursor: Cursor<'a>,
    builder: B,
    stack: S,
    limits: Limits,
    /// The number of values that the limits still admit.
    items_left: usize,
    /// The number of list items for which memory may still be reserved,
    /// initially as many as the input can hold. All lists share it, because
    /// each of several nested lists could announce the rest of the input.
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
            room_left: input.len() / LIST_ITEM_BYTES,
            bounded: bounded.is_some_and(|bounded| bounded.len() < bytes.len()),
        }
    }

    /// Runs to STOP. Returns the value, the builder and the number of bytes
    /// taken.
    pub(crate) fn run(mut self) -> Result<(B::Node, B, usize), LoadError> {
        match self.run_to_stop() {
            Ok(node) => Ok((node, self.builder, self.cursor.offset())),
            Err(error) if self.bounded && error.is_truncated() => {
                let kind = LoadErrorKind::Bytes(self.limits.bytes());
                Err(LoadError::new(kind, error.offset()))
            }
            Err(error) => Err(error),
        }
    }

    fn run_to_stop(&mut self) -> Result<B::Node, LoadError> {
        loop {
            while let Some(scalar) = Scalar::read(&mut self.cursor)? {
                count(&mut self.items_left, self.limits, scalar.offset)?;
                let place = push(&mut self.stack, OpenContainer::Nothing, scalar.offset)?;
                self.builder.scalar(scalar, place)?;
            }
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
        // A list longer than the input is reported at the end of the input and
        // not here, because more input may come.
        let room = usize::try_from(len).unwrap_or(usize::MAX);
        let room = room.min(self.room_left);
        self.room_left -= room;
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
        while *missing > 0 && cursor.eat_int(*filled) {
            self.cursor = cursor;
            match Scalar::read(&mut cursor)? {
                Some(item) if cursor.eat(Opcode::SetItem.byte()) => {
                    count(&mut self.items_left, self.limits, item.offset)?;
                    *filled += 1;
                    *missing -= 1;
                    self.builder.append_scalar(list, item)?;
                }
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
        if let Some(value) = self.stack.last_mut() {
            close(&mut self.builder, value, at)?;
        }
        match &mut *self.stack {
            [.., list, value] if list.open.is_indexed() => {
                list.rise_above(value, self.limits, at)?;
                list.open.fill(at)?;
                self.builder.append(&mut list.node, &mut value.node);
                self.stack.truncate(held - 1);
                self.items()
            }
            [.., container, key, value] => {
                container.rise_above(value, self.limits, at)?;
                match container.open {
                    OpenContainer::Items { filled, .. } => {
                        if container.open.is_indexed()
                            || self.builder.index(&key.node) != Some(filled)
                        {
                            return Err(wrong_index(filled, at));
                        }
                        container.open.fill(at)?;
                        self.builder.append(&mut container.node, &mut value.node);
                        self.stack.truncate(held - 2);
                        self.items()
                    }
                    OpenContainer::Pairs if key.hashable => {
                        container.rise_above(key, self.limits, at)?;
                        let (key, value) = (&mut key.node, &mut value.node);
                        self.builder.insert(&mut container.node, key, value);
                        self.stack.truncate(held - 2);
                        self.pairs()
                    }
                    OpenContainer::Pairs => Err(LoadError::new(LoadErrorKind::Unhashable, at)),
                    OpenContainer::Nothing => Err(LoadError::new(LoadErrorKind::NotAContainer, at)),
                }
            }
            _ => Err(too_few(held, at)),
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
        // From `first` on there are exactly `wanted`; the topmost is closed first.
        let items = self.stack.get_mut(first..).unwrap_or_default();
        for item in items.iter_mut().rev() {
            close(&mut self.builder, item, start)?;
            height = height.max(item.height);
            hashable &= item.hashable;
        }
        if kind != Collection::Tuple && !hashable {
            return Err(LoadError::new(LoadErrorKind::Unhashable, start));
        }
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
        let held = self.stack.len();
        match self.stack.pop() {
            Some(mut value) if held == 1 => {
                close(&mut self.builder, &mut value, start)?;
                Ok(value.node)
            }
            _ => Err(LoadError::new(LoadErrorKind::StopWith(held), start)),
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

#[cold]
const fn too_few(held: usize, at: usize) -> LoadError {
    LoadError::new(LoadErrorKind::StackTooShort { wanted: 3, held }, at)
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
        OpenContainer::Pairs | OpenContainer::Items { .. } => builder.close(&mut value.node),
    }
    Ok(())
}
