//! Loads a document: the builder that links slots while the stack machine runs.

use super::slot::{Content, Slot, Span};
use crate::Token;
use crate::decimal::Decimal;
use crate::error::{LoadError, LoadErrorKind};
use crate::limits::StrConfig;
use crate::machine::{Collection, Stack, StackEntry, StackMachine, ValueBuilder};
use crate::options::LoadOptions;
use crate::scalar::Scalar;
use crate::utf8::Utf8Window;

/// The slots of one value, a copy of the root slot, and the number of bytes
/// taken.
#[derive(Clone, Debug)]
pub(super) struct Tree<'a, S> {
    pub(super) slots: S,
    pub(super) root: Slot<'a>,
    pub(super) taken: usize,
}

impl<'a, S: Stack<Slot<'a>>> Tree<'a, S> {
    /// Loads the value at the start of `bytes` into empty `slots`.
    pub(super) fn load(
        bytes: &'a [u8],
        options: &LoadOptions,
        slots: S,
        stack: impl Stack<StackEntry<Handle>>,
    ) -> Result<Self, LoadError> {
        let (body, skipped) = options.body(bytes)?;
        let slots = Slots {
            slots,
            strings: options.strings(),
            utf8: Utf8Window::new(body),
        };
        let machine = StackMachine::new(body, options.limits(), slots, stack);
        let (root, Slots { slots, .. }, taken) = match machine.run() {
            Ok(done) => done,
            Err(error) => return Err(error.offset_by(skipped)),
        };
        let taken = skipped + taken;
        match slots.get(root.slot as usize).copied() {
            Some(root) => Ok(Self { slots, root, taken }),
            // Every handle has its slot.
            None => Err(LoadError::new(LoadErrorKind::StopWith(0), taken)),
        }
    }
}

/// Builds slots.
struct Slots<'a, S> {
    slots: S,
    strings: StrConfig,
    utf8: Utf8Window<'a>,
}

/// A value under construction: its slot, and the parts linked so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Handle {
    slot: u32,
    parts: Span,
    last: u32,
}

impl Handle {
    #[inline]
    fn new(slot: u32) -> Self {
        Self {
            slot,
            ..Self::default()
        }
    }
}

impl<'a, S: Stack<Slot<'a>>> Slots<'a, S> {
    /// Pushes a scalar. Each kind has its own push, so that it is built in its
    /// slot and not moved there.
    #[inline(always)]
    fn put(&mut self, scalar: Scalar<'a>) -> Result<u32, LoadError> {
        let offset = scalar.offset;
        match Token::from(scalar) {
            Token::Int(value) | Token::Long(value) => self.push(Content::Int(value), offset),
            Token::Py3String(text) if !self.strings.py3str_as_py2str => {
                let text = self.utf8(text.len(), offset)?;
                self.push(Content::Str(text), offset)
            }
            Token::Unicode(text) => {
                let text = self.utf8(text.len(), offset)?;
                self.push(Content::Str(text), offset)
            }
            Token::Py2String(bytes) => self.push(self.py2_string(bytes), offset),
            Token::Py3String(bytes) | Token::Bytes(bytes) => {
                self.push(Content::Bytes(bytes), offset)
            }
            Token::Bool(value) => self.push(Content::Bool(value), offset),
            Token::Float(value) => self.push(Content::Float(value.to_be_bytes()), offset),
            Token::Complex(_) => self.push(complex(scalar), offset),
            Token::LongInt(digits) | Token::LongLong(digits) => {
                self.push(integer(digits, offset)?, offset)
            }
            Token::Channel(id) => self.push(Content::Channel(id), offset),
            // The rest are no scalars: the machine keeps them.
            _ => self.push(Content::None, offset),
        }
    }

    /// The text of the opcode at `offset`, after its length.
    #[inline(always)]
    fn utf8(&mut self, len: usize, offset: usize) -> Result<&'a str, LoadError> {
        let text = self.utf8.get(offset + Scalar::COUNTED, len);
        text.ok_or(LoadError::new(LoadErrorKind::Utf8, offset))
    }

    #[inline(always)]
    fn push(&mut self, content: Content<'a>, offset: usize) -> Result<u32, LoadError> {
        let full = || LoadError::new(S::FULL, offset);
        // Links of 32 bits halve the slots. The limit on values is below 2^32.
        let slot = u32::try_from(self.slots.len()).map_err(|_| full())?;
        // Correct for a scalar followed by its sibling; others are relinked.
        let next = slot.wrapping_add(1);
        let pushed = self.slots.try_push(Slot { content, next });
        pushed.map_err(|_| full())?;
        Ok(slot)
    }

    /// Appends a part.
    #[inline]
    fn link(&mut self, container: &mut Handle, part: u32) {
        // A slot is made with a link to the one after it, which is right for parts that
        // follow each other. Only after a part with parts of its own it is corrected.
        if container.parts.len == 0 {
            container.parts.first = part;
        } else if container.last.wrapping_add(1) != part
            && let Some(last) = self.slots.get_mut(container.last as usize)
        {
            last.next = part;
        }
        container.last = part;
        container.parts.len += 1;
    }

    fn py2_string(&self, bytes: &'a [u8]) -> Content<'a> {
        if !self.strings.py2str_as_py3str {
            return Content::Bytes(bytes);
        }
        match core::str::from_utf8(bytes) {
            Ok(text) if bytes.is_ascii() => Content::Str(text),
            _ => Content::Latin1(bytes),
        }
    }
}

/// Borrowed, because the two doubles would enlarge every slot.
fn complex(scalar: Scalar<'_>) -> Content<'_> {
    // An operand of COMPLEX has 16 bytes.
    let parts = scalar.operand.first_chunk();
    parts.map_or(Content::None, Content::Complex)
}

fn integer(text: &[u8], offset: usize) -> Result<Content<'_>, LoadError> {
    let decimal =
        Decimal::parse(text).ok_or_else(|| LoadError::new(LoadErrorKind::Integer, offset))?;
    let small = decimal.to_i64().and_then(|value| i32::try_from(value).ok());
    Ok(match small {
        Some(value) => Content::Int(value),
        None if decimal.negative => Content::Negative(decimal.digits),
        None => Content::Positive(decimal.digits),
    })
}

impl<'a, S: Stack<Slot<'a>>> ValueBuilder<'a> for Slots<'a, S> {
    type Node = Handle;

    #[inline(always)]
    fn scalar(&mut self, scalar: Scalar<'a>, place: &mut Handle) -> Result<(), LoadError> {
        *place = Handle::new(self.put(scalar)?);
        Ok(())
    }

    #[inline(always)]
    fn append_scalar(&mut self, list: &mut Handle, item: Scalar<'a>) -> Result<(), LoadError> {
        let item = self.put(item)?;
        self.link(list, item);
        Ok(())
    }

    #[inline(always)]
    fn insert_scalars(
        &mut self,
        dict: &mut Handle,
        key: Scalar<'a>,
        value: Scalar<'a>,
    ) -> Result<(), LoadError> {
        let key = self.put(key)?;
        self.link(dict, key);
        // The slot after the key's, to which the key's slot already links.
        dict.last = self.put(value)?;
        dict.parts.len += 1;
        Ok(())
    }

    fn list(&mut self, room: usize, offset: usize, place: &mut Handle) -> Result<(), LoadError> {
        self.slots.reserve(room);
        *place = Handle::new(self.push(Content::List(Span::default()), offset)?);
        Ok(())
    }

    fn dict(&mut self, offset: usize, place: &mut Handle) -> Result<(), LoadError> {
        *place = Handle::new(self.push(Content::Dict(Span::default()), offset)?);
        Ok(())
    }

    #[inline]
    fn append(
        &mut self,
        list: &mut Handle,
        item: &mut Handle,
        _offset: usize,
    ) -> Result<(), LoadError> {
        self.link(list, item.slot);
        Ok(())
    }

    #[inline]
    fn insert(
        &mut self,
        dict: &mut Handle,
        key: &mut Handle,
        value: &mut Handle,
        _offset: usize,
    ) -> Result<(), LoadError> {
        self.link(dict, key.slot);
        self.link(dict, value.slot);
        Ok(())
    }

    fn collection(
        &mut self,
        kind: Collection,
        items: &mut [StackEntry<Handle>],
        offset: usize,
    ) -> Result<Handle, LoadError> {
        let mut parts = Handle::new(0);
        for item in items {
            self.link(&mut parts, item.node.slot);
        }
        let content = match kind {
            Collection::Tuple => Content::Tuple(parts.parts),
            Collection::Set => Content::Set(parts.parts),
            Collection::FrozenSet => Content::FrozenSet(parts.parts),
        };
        self.push(content, offset).map(Handle::new)
    }

    // The handle counts the parts while the container is open; its slot gets them once.
    fn close(&mut self, node: &mut Handle, _offset: usize) -> Result<(), LoadError> {
        let slot = self.slots.get_mut(node.slot as usize);
        if let Some(Content::List(parts) | Content::Dict(parts)) =
            slot.map(|slot| &mut slot.content)
        {
            *parts = node.parts;
        }
        Ok(())
    }

    fn index(&self, node: &Handle) -> Option<u32> {
        match self.slots.get(node.slot as usize)?.content {
            Content::Int(value) => u32::try_from(value).ok(),
            _ => None,
        }
    }
}
