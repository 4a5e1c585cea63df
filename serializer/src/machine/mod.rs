//! The stack machine of the format: which opcode may follow what.
//!
//! Every decoder that builds values runs this one, and only says what a value
//! is to it. The rules are stricter than those of Python's reader where no
//! writer ever goes: a list is filled in order and whole, a container takes
//! values that are there. `docs/wire-format.md` lists each difference.

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

/// The bytes one list item takes at the least: its index (5), itself (1),
/// SETITEM (1).
const LIST_ITEM_BYTES: usize = 7;

/// What a decoder makes of the opcodes.
pub(crate) trait ValueBuilder<'a> {
    /// A value, or where it is kept.
    type Node: Default;

    // What makes a node makes it in its place, which holds a default: a node that
    // was written in parts is slow to move at once.

    /// A value without parts.
    fn scalar(&mut self, scalar: Scalar<'a>, place: &mut Self::Node) -> Result<(), LoadError>;
    /// Appends the next item of a list, a value without parts.
    fn append_scalar(&mut self, list: &mut Self::Node, item: Scalar<'a>) -> Result<(), LoadError>;
    /// Sets a pair of values without parts.
    fn insert_scalars(
        &mut self,
        dict: &mut Self::Node,
        key: Scalar<'a>,
        value: Scalar<'a>,
    ) -> Result<(), LoadError>;
    /// A list, with room for its first `room` items.
    fn list(&mut self, room: usize, offset: usize, place: &mut Self::Node)
    -> Result<(), LoadError>;
    /// An empty dict.
    fn dict(&mut self, offset: usize, place: &mut Self::Node) -> Result<(), LoadError>;
    /// Appends the next item of a list, which it takes out of its place.
    fn append(&mut self, list: &mut Self::Node, item: &mut Self::Node);
    /// Sets a pair of a dict, which it takes out of its places; the key is
    /// hashable.
    fn insert(&mut self, dict: &mut Self::Node, key: &mut Self::Node, value: &mut Self::Node);
    /// A tuple, set or frozenset of values, which it takes out of the entries;
    /// those of a set are hashable.
    fn collection(
        &mut self,
        kind: Collection,
        items: &mut [StackEntry<Self::Node>],
        offset: usize,
    ) -> Result<Self::Node, LoadError>;
    /// No more items come into this list or dict, which is the topmost of the
    /// open ones.
    fn close(&mut self, node: &mut Self::Node);
    /// The integer a node holds, if it is one that could be a list's index.
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
    /// The values the limits still admit.
    items_left: usize,
    /// The list items that room can still be made for in advance: as many as the
    /// whole input can hold. One budget for all lists, because lists inside one
    /// another could each announce what is left of the input.
    room_left: usize,
    /// The input is longer than the limits admit: its end is not its own.
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

    /// Runs up to STOP: the value, what built it, and the bytes it took.
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
        // A longer list than the input can fill is an error where the input ends,
        // not here: more input may come.
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

    /// Appends the items of the list on top that are scalars, up to the first
    /// that is none.
    ///
    /// Here and in [`pairs`](Self::pairs) nearly all time is spent, so both work
    /// on a copy of the cursor, which stays in registers.
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

    /// Sets the pairs of scalars of the dict on top, up to the first that is
    /// none.
    fn pairs(&mut self) -> Result<(), LoadError> {
        let Some(dict) = self.stack.last_mut() else {
            return Ok(());
        };
        let mut cursor = self.cursor;
        // An error is left to the loop over single opcodes as well: it checks the
        // key before it reads the value, so that of two errors the first is named.
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

    /// Sets the value on top in the container below, and goes on filling that.
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

/// One value more.
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
