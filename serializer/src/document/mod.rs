//! Whole values, borrowed from their bytes.

mod items;
mod node;
#[cfg(feature = "alloc")]
mod owned;
mod slot;
mod tree;

use slot::Slot;
use tree::Tree;

use crate::error::LoadError;
use crate::options::LoadOptions;
pub use items::{Items, Pairs};
pub use node::{Node, NodeKind};

/// A whole value of at most `N` parts, without an allocator. Text and bytes
/// borrow from the input.
///
/// It is validated like a [`Value`](crate::Value) and has the same content,
/// except that repeated keys of a dict or set remain visible. [`Node::get`]
/// then returns the last value, as Python does, and [`Node::to_value`] merges
/// them.
///
/// A document takes 32 bytes per part (16 with 32-bit pointers), and about
/// three times that while it is loaded. With an allocator, `DocumentBuf` grows
/// as needed.
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

/// The common methods of both types.
macro_rules! document {
    ([$($generics:tt)*] $type:ty, $document:ident, $new:expr) => {
        impl<'a, $($generics)*> $type {
            /// Loads what `dumps` wrote, here or in Python: with
            /// [`LoadOptions::new`].
            ///
            /// # Errors
            /// When the bytes are no value of the format, or exceed the limits
            /// or the capacity of this document.
            pub fn loads(bytes: &'a [u8]) -> Result<Self, LoadError> {
                LoadOptions::new().$document(bytes)
            }

            #[inline]
            fn load(bytes: &'a [u8], options: &LoadOptions) -> Result<Self, LoadError> {
                Tree::load(bytes, options, $new, $new).map(Self)
            }

            /// The whole value.
            #[must_use]
            pub fn root(&self) -> Node<'_, 'a> {
                Node::new(&self.0.slots, &self.0.root)
            }

            /// The number of bytes that the value took, with the version byte if
            /// there is one: where the next value starts.
            #[must_use]
            pub const fn bytes_taken(&self) -> usize {
                self.0.taken
            }

            /// The number of values, containers and keys included.
            #[must_use]
            pub fn parts(&self) -> usize {
                self.0.slots.len()
            }
        }
    };
}

document!([const N: usize] Document<'a, N>, document, heapless::Vec::<_, N>::new());
#[cfg(feature = "alloc")]
document!([] DocumentBuf<'a>, document_buf, alloc::vec::Vec::new());

impl LoadOptions {
    /// Loads the value at the start of `bytes` into a [`Document`]. Bytes after
    /// it are ignored.
    ///
    /// # Errors
    /// When the bytes are no value of the format, or exceed the limits or the
    /// capacity of the document.
    pub fn document<'a, const N: usize>(
        &self,
        bytes: &'a [u8],
    ) -> Result<Document<'a, N>, LoadError> {
        Document::load(bytes, self)
    }

    /// Loads the value at the start of `bytes` into a [`DocumentBuf`]. Bytes
    /// after it are ignored.
    ///
    /// # Errors
    /// When the bytes are no value of the format, or exceed the limits.
    #[cfg(feature = "alloc")]
    pub fn document_buf<'a>(&self, bytes: &'a [u8]) -> Result<DocumentBuf<'a>, LoadError> {
        DocumentBuf::load(bytes, self)
    }
}
