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
    fn leaf(&mut self, token: Token<'a>, offset: usize) -> Result<Self::Node, LoadError>;
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
    /// No more items come into this list or dict.
    fn close(&mut self, node: &mut Self::Node);
    /// The integer a node holds, if it is one that could be a list's index.
    fn index(&self, node: &Self::Node) -> Option<u32>;
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
    Items { filled: u32, missing: u32 },
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
    items: usize,
}

impl<'a, B: Builder<'a>, S: Stack<Entry<B::Node>>> Machine<'a, B, S> {
    /// A machine before the first opcode of a value without version byte.
    pub(crate) fn new(bytes: &'a [u8], limits: Limits, builder: B, stack: S) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            builder,
            stack,
            limits,
            items: 0,
        }
    }

    /// Runs up to STOP: the value, what built it, and the bytes it took.
    pub(crate) fn run(mut self) -> Result<(B::Node, B, usize), LoadError> {
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
                leaf => self.leaf(leaf, start)?,
            }
            if self.cursor.offset() > self.limits.bytes() {
                return Err(LoadError::new(
                    LoadErrorKind::Bytes(self.limits.bytes()),
                    start,
                ));
            }
        }
    }

    #[inline]
    fn leaf(&mut self, token: Token<'a>, start: usize) -> Result<(), LoadError> {
        let node = self.builder.leaf(token, start)?;
        self.count(start)?;
        let entry = Entry::leaf(node);
        // Most leaves are set at once: that saves them the way over the stack.
        let set = self.cursor.offset();
        if self.stack.len() >= 2 && self.cursor.eat(Opcode::SetItem.byte()) {
            return self.set(entry, set);
        }
        self.push(entry)
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
        };
        self.push(Entry::container(node, open))
    }

    fn dict(&mut self, start: usize) -> Result<(), LoadError> {
        self.count(start)?;
        let node = self.builder.dict(start)?;
        self.push(Entry::container(node, Open::Pairs))
    }

    fn set_item(&mut self, start: usize) -> Result<(), LoadError> {
        let held = self.stack.len();
        if held < 3 {
            return Err(LoadError::new(
                LoadErrorKind::StackTooShort { wanted: 3, held },
                start,
            ));
        }
        match self.stack.pop() {
            Some(value) => self.set(value, start),
            // Three are held.
            None => Ok(()),
        }
    }

    /// Sets `value` under the key on top of the stack in the container below.
    #[inline]
    fn set(&mut self, mut value: Entry<B::Node>, at: usize) -> Result<(), LoadError> {
        close(&mut self.builder, &mut value, at)?;
        let (Some(key), Some(container)) = (self.stack.pop(), self.stack.last_mut()) else {
            let kind = LoadErrorKind::StackTooShort { wanted: 3, held: 1 };
            return Err(LoadError::new(kind, at));
        };
        match &mut container.open {
            Open::Items { filled, missing } => {
                let index = self.builder.index(&key.node);
                if *missing == 0 || index != Some(*filled) {
                    let expected = *filled as usize;
                    return Err(LoadError::new(LoadErrorKind::ListIndex { expected }, at));
                }
                *filled += 1;
                *missing -= 1;
                self.builder.append(&mut container.node, value.node);
            }
            Open::Pairs if !key.hashable => {
                return Err(LoadError::new(LoadErrorKind::Unhashable, at));
            }
            Open::Pairs => {
                container.height = container.height.max(key.height + 1);
                self.builder
                    .insert(&mut container.node, key.node, value.node);
            }
            Open::Nothing => return Err(LoadError::new(LoadErrorKind::NotAContainer, at)),
        }
        container.height = container.height.max(value.height + 1);
        let height = container.height;
        self.check_height(height, at)
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
        // From `first` on there are exactly `wanted`.
        for item in self.stack.get_mut(first..).unwrap_or_default() {
            close(&mut self.builder, item, start)?;
            height = height.max(item.height);
            hashable &= item.hashable;
        }
        if group != Group::Tuple && !hashable {
            return Err(LoadError::new(LoadErrorKind::Unhashable, start));
        }
        self.check_height(height + 1, start)?;
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

    fn stop(mut self, start: usize) -> Result<(B::Node, B, usize), LoadError> {
        let held = self.stack.len();
        match self.stack.pop() {
            Some(mut value) if held == 1 => {
                close(&mut self.builder, &mut value, start)?;
                Ok((value.node, self.builder, self.cursor.offset()))
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
        self.items += 1;
        if self.items > self.limits.items() {
            let limit = self.limits.items();
            return Err(LoadError::new(LoadErrorKind::Items(limit), start));
        }
        Ok(())
    }

    #[inline]
    fn check_height(&self, height: u16, at: usize) -> Result<(), LoadError> {
        if height > self.limits.depth() {
            let limit = self.limits.depth();
            return Err(LoadError::new(LoadErrorKind::Depth(limit), at));
        }
        Ok(())
    }
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
