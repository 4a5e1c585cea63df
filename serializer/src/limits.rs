//! What a decoder may spend, and how it reads strings.

/// Bounds on what one decoded value may cost, checked before anything is
/// allocated or entered.
///
/// The defaults admit whatever a stock Python peer at its default recursion
/// limit can write, up to a gibibyte. Memory taken while decoding into a
/// [`Value`](crate::Value) stays within 256 times the bytes of the input
/// whatever they are and whatever they announce, which values of one byte each
/// come near; for ints it is 40 times, for text and bytes 3. The limits only
/// say when to stop.
///
/// ```
/// use execnet_serializer::{dumps, LoadOptions, Limits};
/// let bytes = dumps(&[1, 2, 3])?;
/// let strict = LoadOptions::new().with_limits(Limits::default().with_items(3));
/// let error = strict.loads(&bytes).unwrap_err();
/// assert!(error.is_limit());
/// # Ok::<(), execnet_serializer::DumpError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    depth: u16,
    items: usize,
    bytes: usize,
}

impl Limits {
    /// The deepest nesting any limit admits, in containers.
    ///
    /// Clone, comparison, printing, dumping and drop of a value recurse once a
    /// level; this bound keeps each within a quarter of a megabyte of stack
    /// (`{:#?}` within a third), a whole one where the compiler does not
    /// optimise. A stock Python writer gives up near 500.
    pub const MAX_DEPTH: u16 = 512;

    /// The deepest nesting that is written and read as Rust types by serde, in
    /// containers, whatever the limits are. A [`Value`](crate::Value) and a
    /// [`Document`](crate::Document) by themselves go deeper.
    ///
    /// Reading recurses once a level through code that serde derives, which
    /// takes up to 4 KiB a level where the compiler does not optimise, and more
    /// for structs of many fields: this bound keeps it within a stack of one
    /// megabyte.
    pub const TYPED_DEPTH: u16 = 128;

    /// The most containers inside one another, itself at most
    /// [`Limits::MAX_DEPTH`].
    #[must_use]
    pub const fn depth(&self) -> u16 {
        self.depth
    }

    /// The most values in one document, containers and keys included.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.items
    }

    /// The most bytes one document may have.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sets the deepest nesting; what exceeds [`Limits::MAX_DEPTH`] counts as
    /// that.
    #[must_use]
    pub const fn with_depth(mut self, depth: u16) -> Self {
        self.depth = if depth > Self::MAX_DEPTH {
            Self::MAX_DEPTH
        } else {
            depth
        };
        self
    }

    /// Sets the most values in one document; what exceeds 2^32 - 1 counts as
    /// that.
    #[must_use]
    pub const fn with_items(mut self, items: usize) -> Self {
        const MAX: usize = u32::MAX as usize;
        self.items = if items > MAX { MAX } else { items };
        self
    }

    /// Sets the most bytes of one document.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }
}

impl Default for Limits {
    /// 512 levels, 2^24 values, 2^30 bytes.
    #[inline]
    fn default() -> Self {
        Self {
            depth: Self::MAX_DEPTH,
            items: 1 << 24,
            bytes: 1 << 30,
        }
    }
}

/// How a reader takes the strings that Python 2 and 3 write differently:
/// execnet's `strconfig`.
///
/// Which opcode becomes what:
///
/// | opcode | switch | off | on |
/// |---|---|---|---|
/// | `PY2STRING` (Python 2 `str`) | `py2str_as_py3str` | bytes | text, by latin-1 |
/// | `PY3STRING` (Python 3 `str`) | `py3str_as_py2str` | text, by UTF-8 | its bytes, undecoded |
/// | `UNICODE` (Python 2 `unicode`) | | text | text |
/// | `BYTES` (Python 3 `bytes`) | | bytes | bytes |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StrConfig {
    /// Take a Python 2 `str` as text, each byte one character.
    pub py2str_as_py3str: bool,
    /// Take a Python 3 `str` as its UTF-8 bytes.
    pub py3str_as_py2str: bool,
}

impl StrConfig {
    /// The default of `load` and `loads`, for stored data.
    pub const STORED: Self = Self {
        py2str_as_py3str: false,
        py3str_as_py2str: false,
    };

    /// The default of gateways and channels, for the wire.
    pub const CHANNEL: Self = Self {
        py2str_as_py3str: true,
        py3str_as_py2str: false,
    };
}
