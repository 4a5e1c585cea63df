//! Whole values, borrowed from their bytes.

mod node;
mod tree;

use tree::{Slot, Tree};

use crate::error::LoadError;
use crate::options::{LoadOptions, unversioned};
pub use node::{Items, Node, NodeKind, Pairs};

/// A whole value of at most `N` parts, without allocation: text and bytes are
/// borrowed from the input.
///
/// It passes the same checks as a [`Value`](crate::Value) and means the same;
/// only a dict or set that was written with one key twice still shows both.
/// [`Node::get`] then finds the later value, as Python does, and
/// [`Node::to_value`] unifies them.
///
/// A document takes 16 bytes a part where a pointer has 4 bytes, 32 where it
/// has 8, and while it is loaded about three times that. Where there is
/// an allocator, `DocumentBuf` grows as needed.
///
/// ```
/// use execnet_serializer::{Document, NodeKind};
/// let bytes = b"\x02K\0\0\0\x02F\0\0\0\0N\0\0\0\x01aPF\0\0\0\x01RPQ"; // ["a", True]
/// let document = Document::<3>::loads(bytes)?;
/// let NodeKind::List(mut items) = document.root().kind() else {
///     panic!("a list");
/// };
/// assert_eq!(items.next().and_then(|item| item.as_str()), Some("a"));
/// assert_eq!(items.next().and_then(|item| item.as_bool()), Some(true));
/// assert!(Document::<2>::loads(bytes).unwrap_err().is_limit());
/// # Ok::<(), execnet_serializer::LoadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document<'a, const N: usize>(Tree<'a, heapless::Vec<Slot<'a>, N>>);

/// A whole value, borrowed from its bytes: a [`Document`] that grows as
/// needed.
///
/// ```
/// use execnet_serializer::{DocumentBuf, dumps};
/// let bytes = dumps(&[("a", 1.5), ("b", 2.5)])?;
/// let document = DocumentBuf::loads(&bytes)?;
/// let sum: Option<f64> = document.root().items().map(|pair| pair.items().nth(1)?.as_f64()).sum();
/// assert_eq!(sum, Some(4.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct DocumentBuf<'a>(Tree<'a, alloc::vec::Vec<Slot<'a>>>);

/// What both have.
macro_rules! document {
    ([$($generics:tt)*] $type:ty, $document:ident, $document_internal:ident, $new:expr) => {
        impl<'a, $($generics)*> $type {
            /// Loads what `dumps` wrote, strings as stored, under the default
            /// limits.
            ///
            /// # Errors
            /// When the bytes are no value of the format, or exceed the limits
            /// or the room of this document.
            pub fn loads(bytes: &'a [u8]) -> Result<Self, LoadError> {
                LoadOptions::new().$document(bytes)
            }

            /// Loads a value without version byte, strings as on the wire,
            /// under the default limits.
            ///
            /// # Errors
            /// As [`loads`](Self::loads).
            pub fn loads_internal(bytes: &'a [u8]) -> Result<Self, LoadError> {
                LoadOptions::channel().$document_internal(bytes)
            }

            fn load(bytes: &'a [u8], options: &LoadOptions) -> Result<Self, LoadError> {
                Tree::load(bytes, options, $new, $new).map(Self)
            }

            /// The whole value.
            #[must_use]
            pub fn root(&self) -> Node<'_, 'a> {
                Node::new(&self.0.slots, &self.0.root)
            }

            /// How many bytes the value took, without version byte.
            #[must_use]
            pub const fn bytes_taken(&self) -> usize {
                self.0.taken
            }

            /// How many values there are, containers and keys included.
            #[must_use]
            pub fn parts(&self) -> usize {
                self.0.slots.len()
            }
        }
    };
}

document!([const N: usize] Document<'a, N>, document, document_internal, heapless::Vec::<_, N>::new());
#[cfg(feature = "alloc")]
document!([] DocumentBuf<'a>, document_buf, document_buf_internal, alloc::vec::Vec::new());

impl LoadOptions {
    /// Loads what `dumps` wrote into a [`Document`].
    ///
    /// # Errors
    /// When the bytes are no value of the format, or exceed the limits or the
    /// room of the document.
    pub fn document<'a, const N: usize>(
        &self,
        bytes: &'a [u8],
    ) -> Result<Document<'a, N>, LoadError> {
        self.document_internal(unversioned(bytes)?)
            .map_err(|error| error.offset_by(1))
    }

    /// Loads a value without version byte into a [`Document`].
    ///
    /// # Errors
    /// As [`document`](Self::document).
    pub fn document_internal<'a, const N: usize>(
        &self,
        bytes: &'a [u8],
    ) -> Result<Document<'a, N>, LoadError> {
        Document::load(bytes, self)
    }
}

#[cfg(feature = "alloc")]
impl LoadOptions {
    /// Loads what `dumps` wrote into a [`DocumentBuf`].
    ///
    /// # Errors
    /// When the bytes are no value of the format, or exceed the limits.
    pub fn document_buf<'a>(&self, bytes: &'a [u8]) -> Result<DocumentBuf<'a>, LoadError> {
        self.document_buf_internal(unversioned(bytes)?)
            .map_err(|error| error.offset_by(1))
    }

    /// Loads a value without version byte into a [`DocumentBuf`].
    ///
    /// # Errors
    /// As [`document_buf`](Self::document_buf).
    pub fn document_buf_internal<'a>(&self, bytes: &'a [u8]) -> Result<DocumentBuf<'a>, LoadError> {
        DocumentBuf::load(bytes, self)
    }
}
