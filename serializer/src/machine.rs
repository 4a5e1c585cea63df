//! The stack machine of the format: which opcode may follow what.
//!
//! Every decoder that builds values runs this one, and only says what a value
//! is to it. The rules are stricter than those of Python's reader where no
//! writer ever goes: a list is filled in order and whole, a container takes
//! values that are there. `docs/wire-format.md` lists each difference.

use core::ops::DerefMut;

use crate::error::{LoadError, LoadErrorKind};
use crate::limits::Limits;
use crate::reader::Cursor;
use crate::{Opcode, Token};

/// The bytes one list item takes at the least: its index (5), itself (1),
/// SETITEM (1).
const LIST_ITEM_BYTES: usize = 7;

/// What a decoder makes of the opcodes.
pub(crate) trait Builder<'a> {
    /// A value, or where it is kept.
    type Node;

    /// A value without parts.
    fn leaf(&mut self, leaf: Leaf<'a>) -> Result<Self::Node, LoadError>;
    /// Appends the next item of a list, a value without parts.
    fn append_leaf(&mut self, list: &mut Self::Node, item: Leaf<'a>) -> Result<(), LoadError>;
    /// Sets a pair of values without parts.
    fn insert_leaves(
        &mut self,
        dict: &mut Self::Node,
        key: Leaf<'a>,
        value: Leaf<'a>,
    ) -> Result<(), LoadError>;
    /// A list of so many slots; the input is long enough for them.
    fn list(&mut self, len: usize, offset: usize) -> Result<Self::Node, LoadError>;
    /// An empty dict.
    fn dict(&mut self, offset: usize) -> Result<Self::Node, LoadError>;
    /// Appends the next item of a list.
    fn append(&mut self, list: &mut Self::Node, item: Self::Node);
    /// Sets a pair of a dict; the key is hashable.
    fn insert(&mut self, dict: &mut Self::Node, key: Self::Node, value: Self::Node);
    /// A tuple, set or frozenset of values, which it takes out of the entries;
    /// those of a set are hashable.
    fn group(
        &mut self,
        group: Group,
        items: &mut [Entry<Self::Node>],
        offset: usize,
    ) -> Result<Self::Node, LoadError>;
    /// No more items come into this list or dict, which is the topmost of the
    /// open ones.
    fn close(&mut self, node: &mut Self::Node);
    /// The integer a node holds, if it is one that could be a list's index.
    fn index(&self, node: &Self::Node) -> Option<u32>;
}

/// A token of a value without parts, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Leaf<'a> {
    pub(crate) token: Token<'a>,
    pub(crate) offset: usize,
}

impl<'a> Leaf<'a> {
    /// The next token, if it is a value without parts.
    #[inline(always)]
    fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, LoadError> {
        let offset = cursor.offset();
        let token = Token::read_leaf(cursor)?;
        Ok(token.map(|token| Leaf { token, offset }))
    }
}

/// A container made of the topmost values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Tuple,
    Set,
    FrozenSet,
}

/// The storage of the values that no container holds yet.
pub(crate) trait Stack<T>: DerefMut<Target = [T]> {
    /// Gives the value back if there is no room.
    fn try_push(&mut self, item: T) -> Result<(), T>;
    fn pop(&mut self) -> Option<T>;
    fn truncate(&mut self, len: usize);
    /// So many are going to come, at the least.
    fn reserve(&mut self, more: usize);
}

#[cfg(feature = "alloc")]
impl<T> Stack<T> for alloc::vec::Vec<T> {
    #[inline]
    fn try_push(&mut self, item: T) -> Result<(), T> {
        self.push(item);
        Ok(())
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.pop()
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    fn reserve(&mut self, more: usize) {
        self.reserve(more);
    }
}

impl<T, const N: usize> Stack<T> for heapless::Vec<T, N> {
    #[inline]
    fn try_push(&mut self, item: T) -> Result<(), T> {
        self.push(item)
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.pop()
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    fn reserve(&mut self, _more: usize) {}
}

/// A value on the stack, with what the rules need to know of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<N> {
    pub(crate) node: N,
    open: Open,
    /// Containers inside one another, itself included.
    height: u16,
    hashable: bool,
}

/// What may still be set in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Pairs,
    Items {
        filled: u32,
        missing: u32,
        /// The index of the next item was read: the value above this list goes
        /// there. So the indexes themselves never become values.
        indexed: bool,
    },
}

impl<N> Entry<N> {
    #[inline]
    const fn leaf(node: N) -> Self {
        Self {
            node,
            open: Open::Nothing,
            height: 0,
            hashable: true,
        }
    }

    #[inline]
    const fn container(node: N, open: Open) -> Self {
        Self {
            node,
            open,
            height: 1,
            hashable: false,
        }
    }
}

/// One run over the bytes of one value.
pub(crate) struct Machine<'a, B, S> {
    cursor: Cursor<'a>,
    builder: B,
    stack: S,
    limits: Limits,
    /// The values the limits still admit.
    items_left: usize,
    /// The input is longer than the limits admit: its end is not its own.
    bounded: bool,
}

impl<'a, B: Builder<'a>, S: Stack<Entry<B::Node>>> Machine<'a, B, S> {
    /// A machine before the first opcode of a value without version byte.
    pub(crate) fn new(bytes: &'a [u8], limits: Limits, builder: B, stack: S) -> Self {
        let bounded = bytes.get(..limits.bytes());
        Self {
            cursor: Cursor::new(bounded.unwrap_or(bytes)),
            builder,
            stack,
            limits,
            items_left: limits.items(),
            bounded: bounded.is_some_and(|bounded| bounded.len() < bytes.len()),
        }
    }

    /// Runs up to STOP: the value, what built it, and the bytes it took.
    pub(crate) fn run(mut self) -> Result<(B::Node, B, usize), LoadError> {
        match self.run_to_stop() {
            Ok(node) => Ok((node, self.builder, self.cursor.offset())),
            Err(error) if self.bounded && error.is_for_want_of_bytes() => {
                let kind = LoadErrorKind::Bytes(self.limits.bytes());
                Err(LoadError::new(kind, error.offset()))
            }
            Err(error) => Err(error),
        }
    }

    fn run_to_stop(&mut self) -> Result<B::Node, LoadError> {
        loop {
            let start = self.cursor.offset();
            match Token::read(&mut self.cursor)? {
                Token::SetItem => self.set_item(start)?,
                Token::NewList(len) => self.list(len, start)?,
                Token::NewDict => self.dict(start)?,
                Token::BuildTuple(len) => self.group(Group::Tuple, len, start)?,
                Token::Set(len) => self.group(Group::Set, len, start)?,
                Token::FrozenSet(len) => self.group(Group::FrozenSet, len, start)?,
                Token::Stop => return self.stop(start),
                token => self.push_leaf(Leaf {
                    token,
                    offset: start,
                })?,
            }
        }
    }

    #[inline(never)]
    fn push_leaf(&mut self, leaf: Leaf<'a>) -> Result<(), LoadError> {
        self.count(leaf.offset)?;
        let node = self.builder.leaf(leaf)?;
        self.push(Entry::leaf(node))
    }

    fn list(&mut self, len: u32, start: usize) -> Result<(), LoadError> {
        let left = self.cursor.rest().len();
        // Lossless where a slice of that length can exist.
        let slots = usize::try_from(len).unwrap_or(usize::MAX);
        if slots > left / LIST_ITEM_BYTES {
            let kind = LoadErrorKind::ListTooLong {
                announced: len,
                left,
            };
            return Err(LoadError::new(kind, start));
        }
        self.count(start)?;
        let node = self.builder.list(slots, start)?;
        let open = Open::Items {
            filled: 0,
            missing: len,
            indexed: false,
        };
        self.push(Entry::container(node, open))?;
        self.items()
    }

    fn dict(&mut self, start: usize) -> Result<(), LoadError> {
        self.count(start)?;
        let node = self.builder.dict(start)?;
        self.push(Entry::container(node, Open::Pairs))?;
        self.pairs()
    }

    /// Appends the items of the list on top that are leaves, up to the first
    /// that is none.
    ///
    /// Here and in [`pairs`](Self::pairs) nearly all time is spent, so both work
    /// on a copy of the cursor, which stays in registers.
    fn items(&mut self) -> Result<(), LoadError> {
        let mut cursor = self.cursor;
        while let Some(list) = self.stack.last_mut()
            && let Open::Items {
                filled,
                missing,
                indexed,
            } = &mut list.open
            && *missing > 0
            && cursor.eat_int(*filled)
        {
            let Some(item) = Leaf::read(&mut cursor)? else {
                *indexed = true;
                break;
            };
            if !cursor.eat(Opcode::SetItem.byte()) {
                *indexed = true;
                self.cursor = cursor;
                return self.push_leaf(item);
            }
            count(&mut self.items_left, self.limits, item.offset)?;
            *filled += 1;
            *missing -= 1;
            self.builder.append_leaf(&mut list.node, item)?;
        }
        self.cursor = cursor;
        Ok(())
    }

    /// Sets the pairs of leaves of the dict on top, up to the first that is
    /// none.
    fn pairs(&mut self) -> Result<(), LoadError> {
        let mut cursor = self.cursor;
        while let Some(dict) = self.stack.last_mut()
            && let Some(key) = Leaf::read(&mut cursor)?
        {
            let value = Leaf::read(&mut cursor)?;
            match value {
                Some(value) if cursor.eat(Opcode::SetItem.byte()) => {
                    count(&mut self.items_left, self.limits, key.offset)?;
                    count(&mut self.items_left, self.limits, value.offset)?;
                    self.builder.insert_leaves(&mut dict.node, key, value)?;
                }
                value => {
                    self.cursor = cursor;
                    self.push_leaf(key)?;
                    return value.map_or(Ok(()), |value| self.push_leaf(value));
                }
            }
        }
        self.cursor = cursor;
        Ok(())
    }

    /// Sets the value on top in the container below, and goes on filling that.
    fn set_item(&mut self, at: usize) -> Result<(), LoadError> {
        let held = self.stack.len();
        let Some(mut value) = self.stack.pop() else {
            return Err(too_few(held, at));
        };
        close(&mut self.builder, &mut value, at)?;
        let top = self.stack.last_mut();
        if let Some(Entry {
            open: Open::Items { indexed: true, .. },
            ..
        }) = top
        {
            return self.set(None, value, at);
        }
        match self.stack.pop() {
            Some(key) if held >= 3 => self.set(Some(key), value, at),
            _ => Err(too_few(held, at)),
        }
    }

    /// Sets `value` in the container on top: under `key`, or without one where
    /// the list has its index already.
    fn set(
        &mut self,
        key: Option<Entry<B::Node>>,
        value: Entry<B::Node>,
        at: usize,
    ) -> Result<(), LoadError> {
        let Some(container) = self.stack.last_mut() else {
            return Err(too_few(2, at));
        };
        container.height = container.height.max(value.height + 1);
        check_height(container.height, self.limits, at)?;
        match (&mut container.open, key) {
            (
                Open::Items {
                    filled,
                    missing,
                    indexed,
                },
                key,
            ) => {
                let given = key.map_or(*indexed, |key| {
                    !*indexed && self.builder.index(&key.node) == Some(*filled)
                });
                if *missing == 0 || !given {
                    let expected = *filled as usize;
                    return Err(LoadError::new(LoadErrorKind::ListIndex { expected }, at));
                }
                *filled += 1;
                *missing -= 1;
                *indexed = false;
                self.builder.append(&mut container.node, value.node);
                self.items()
            }
            (Open::Pairs, Some(key)) if key.hashable => {
                container.height = container.height.max(key.height + 1);
                check_height(container.height, self.limits, at)?;
                self.builder
                    .insert(&mut container.node, key.node, value.node);
                self.pairs()
            }
            (Open::Pairs, _) => Err(LoadError::new(LoadErrorKind::Unhashable, at)),
            (Open::Nothing, _) => Err(LoadError::new(LoadErrorKind::NotAContainer, at)),
        }
    }

    fn group(&mut self, group: Group, len: u32, start: usize) -> Result<(), LoadError> {
        let held = self.stack.len();
        let wanted = usize::try_from(len).unwrap_or(usize::MAX);
        let Some(first) = held.checked_sub(wanted) else {
            return Err(LoadError::new(
                LoadErrorKind::StackTooShort { wanted, held },
                start,
            ));
        };
        self.count(start)?;
        let (mut height, mut hashable) = (0, true);
        // From `first` on there are exactly `wanted`; the topmost is closed first.
        let items = self.stack.get_mut(first..).unwrap_or_default();
        for item in items.iter_mut().rev() {
            close(&mut self.builder, item, start)?;
            height = height.max(item.height);
            hashable &= item.hashable;
        }
        if group != Group::Tuple && !hashable {
            return Err(LoadError::new(LoadErrorKind::Unhashable, start));
        }
        check_height(height + 1, self.limits, start)?;
        let items = self.stack.get_mut(first..).unwrap_or_default();
        let node = self.builder.group(group, items, start)?;
        self.stack.truncate(first);
        self.push(Entry {
            node,
            open: Open::Nothing,
            height: height + 1,
            hashable: hashable && group != Group::Set,
        })
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

    #[inline]
    fn push(&mut self, entry: Entry<B::Node>) -> Result<(), LoadError> {
        let pushed = self.stack.try_push(entry);
        pushed.map_err(|_| LoadError::new(LoadErrorKind::Capacity, self.cursor.offset()))
    }

    #[inline]
    fn count(&mut self, start: usize) -> Result<(), LoadError> {
        count(&mut self.items_left, self.limits, start)
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

#[inline]
fn check_height(height: u16, limits: Limits, at: usize) -> Result<(), LoadError> {
    if height > limits.depth() {
        let limit = limits.depth();
        return Err(LoadError::new(LoadErrorKind::Depth(limit), at));
    }
    Ok(())
}

#[cold]
const fn too_few(held: usize, at: usize) -> LoadError {
    LoadError::new(LoadErrorKind::StackTooShort { wanted: 3, held }, at)
}

/// A value goes into a container, or is the result: nothing may be missing in
/// it any more.
#[inline]
fn close<'a, B: Builder<'a>>(
    builder: &mut B,
    value: &mut Entry<B::Node>,
    at: usize,
) -> Result<(), LoadError> {
    match value.open {
        Open::Nothing => {}
        Open::Items { missing, .. } if missing > 0 => {
            return Err(LoadError::new(LoadErrorKind::ListUnfilled { missing }, at));
        }
        Open::Pairs | Open::Items { .. } => builder.close(&mut value.node),
    }
    Ok(())
}
