//! [`Node`]: a value of a document, and access to its content.

use core::fmt;

use super::items::{Items, Pairs};
use super::slot::{Content, Slot, Span};
use crate::decimal::Decimal;
use crate::{ChannelId, Complex};

/// One value of a document: a cheap reference.
///
/// Text and bytes borrow from the input (`'a`), so they may outlive the
/// document.
#[derive(Clone, Copy)]
pub struct Node<'d, 'a> {
    slots: &'d [Slot<'a>],
    slot: &'d Slot<'a>,
}

/// The type and content of a [`Node`].
#[derive(Clone, Copy, Debug)]
pub enum NodeKind<'d, 'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// An integer that does not fit 64 bits.
    BigInt(Decimal<'a>),
    /// A float.
    Float(f64),
    /// A complex number.
    Complex(Complex),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text.
    Str(&'a str),
    /// Text of Python 2 that is not ASCII, in latin-1: each byte is one
    /// character, so it cannot be borrowed as a `str`.
    Latin1(&'a [u8]),
    /// A list.
    List(Items<'d, 'a>),
    /// A tuple.
    Tuple(Items<'d, 'a>),
    /// A dict.
    Dict(Pairs<'d, 'a>),
    /// A set.
    Set(Items<'d, 'a>),
    /// A frozenset.
    FrozenSet(Items<'d, 'a>),
    /// A channel, by its number.
    Channel(ChannelId),
}

/// Methods that return the content of one kind of slot, if the value is of that.
macro_rules! accessors {
    ($($(#[$doc:meta])+ $($word:ident)+ -> $content:ty: $pattern:pat => $result:expr;)*) => {
        impl<'a> Node<'_, 'a> {$(
            $(#[$doc])+
            #[must_use]
            pub $($word)+(self) -> Option<$content> {
                match self.slot.content {
                    $pattern => Some($result),
                    _ => None,
                }
            }
        )*}
    };
}

accessors! {
    /// The bool, if it is one.
    const fn as_bool -> bool: Content::Bool(value) => value;
    /// The float, if it is one.
    const fn as_f64 -> f64: Content::Float(bytes) => f64::from_be_bytes(bytes);
    /// The text, if it is text that can be borrowed, which [`NodeKind::Latin1`]
    /// cannot.
    const fn as_str -> &'a str: Content::Str(text) => text;
    /// The bytes, if it is bytes.
    const fn as_bytes -> &'a [u8]: Content::Bytes(bytes) => bytes;
    /// The channel, if it is one.
    const fn as_channel -> ChannelId: Content::Channel(id) => id;
}

impl<'d, 'a> Node<'d, 'a> {
    #[inline]
    pub(super) const fn new(slots: &'d [Slot<'a>], slot: &'d Slot<'a>) -> Self {
        Self { slots, slot }
    }

    /// The type and content of this value.
    #[must_use]
    pub fn kind(self) -> NodeKind<'d, 'a> {
        match self.slot.content {
            Content::None => NodeKind::None,
            Content::Bool(value) => NodeKind::Bool(value),
            Content::Int(value) => NodeKind::Int(i64::from(value)),
            Content::Positive(digits) => integer(false, digits),
            Content::Negative(digits) => integer(true, digits),
            Content::Float(bytes) => NodeKind::Float(f64::from_be_bytes(bytes)),
            Content::Complex(bytes) => NodeKind::Complex(complex(bytes)),
            Content::Bytes(bytes) => NodeKind::Bytes(bytes),
            Content::Str(text) => NodeKind::Str(text),
            Content::Latin1(bytes) => NodeKind::Latin1(bytes),
            Content::Channel(id) => NodeKind::Channel(id),
            Content::List(span) => NodeKind::List(self.parts(span)),
            Content::Tuple(span) => NodeKind::Tuple(self.parts(span)),
            Content::Dict(span) => NodeKind::Dict(Pairs(self.parts(span))),
            Content::Set(span) => NodeKind::Set(self.parts(span)),
            Content::FrozenSet(span) => NodeKind::FrozenSet(self.parts(span)),
        }
    }

    const fn parts(self, span: Span) -> Items<'d, 'a> {
        Items {
            slots: self.slots,
            next: span.first,
            left: span.len,
        }
    }

    /// The name of the Python type this value loads as.
    #[must_use]
    pub const fn type_name(self) -> &'static str {
        match self.slot.content {
            Content::None => "None",
            Content::Bool(_) => "bool",
            Content::Int(_) | Content::Positive(_) | Content::Negative(_) => "int",
            Content::Float(_) => "float",
            Content::Complex(_) => "complex",
            Content::Bytes(_) => "bytes",
            Content::Str(_) | Content::Latin1(_) => "str",
            Content::Channel(_) => "channel",
            Content::List(_) => "list",
            Content::Tuple(_) => "tuple",
            Content::Dict(_) => "dict",
            Content::Set(_) => "set",
            Content::FrozenSet(_) => "frozenset",
        }
    }

    /// Whether this is `None`.
    #[must_use]
    pub const fn is_none(self) -> bool {
        matches!(self.slot.content, Content::None)
    }

    /// The integer, if it is one and fits 64 bits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self.kind() {
            NodeKind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if it is one of 32 bits, the most frequent kind.
    #[cfg(feature = "serde")]
    #[inline]
    pub(crate) const fn as_small(self) -> Option<i32> {
        match self.slot.content {
            Content::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The items of a list or tuple, or the elements of a set or frozenset in
    /// the order of the input. Empty for other values.
    #[must_use]
    pub const fn items(self) -> Items<'d, 'a> {
        match self.slot.content {
            Content::List(span)
            | Content::Tuple(span)
            | Content::Set(span)
            | Content::FrozenSet(span) => self.parts(span),
            _ => self.parts(Span { first: 0, len: 0 }),
        }
    }

    /// The pairs of a dict in the order of the input. Empty for other values.
    #[must_use]
    pub const fn pairs(self) -> Pairs<'d, 'a> {
        match self.slot.content {
            Content::Dict(span) => Pairs(self.parts(span)),
            _ => Pairs(self.parts(Span { first: 0, len: 0 })),
        }
    }

    /// The value of a dict under a text key; the last one if the key repeats,
    /// as in Python.
    ///
    /// Time is linear in the number of pairs, because a document has no index.
    /// To look up many keys of a large dict, collect its [`pairs`](Self::pairs)
    /// into a map, or make a `Value` of it.
    ///
    /// ```
    /// use execnet_serializer::LoadOptions;
    /// let document = LoadOptions::wire().document::<8>(b"JN\0\0\0\x01aF\0\0\0\x01PQ")?;
    /// let one = document.root().get("a");
    /// assert_eq!(one.and_then(|node| node.as_i64()), Some(1));
    /// # Ok::<(), execnet_serializer::LoadError>(())
    /// ```
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        let named = self.pairs().filter(|(held, _)| held.is_text(key));
        named.last().map(|(_, value)| value)
    }

    fn is_text(self, text: &str) -> bool {
        match self.slot.content {
            Content::Str(held) => held == text,
            Content::Latin1(held) => held.iter().map(|&byte| char::from(byte)).eq(text.chars()),
            _ => false,
        }
    }
}

fn integer<'d, 'a>(negative: bool, digits: &'a [u8]) -> NodeKind<'d, 'a> {
    let decimal = Decimal { negative, digits };
    decimal
        .to_i64()
        .map_or(NodeKind::BigInt(decimal), NodeKind::Int)
}

fn complex(bytes: &[u8; 16]) -> Complex {
    let both = u128::from_be_bytes(*bytes);
    // The upper half, then the lower.
    let [re, im] = [(both >> 64) as u64, both as u64].map(f64::from_bits);
    Complex { re, im }
}

impl fmt::Debug for Node<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}
