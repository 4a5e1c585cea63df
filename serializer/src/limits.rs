//! [`Limits`] of decoding, and [`StrConfig`], the conversion of strings.

/// Limits of one decoded value. They are checked before memory is allocated and
/// before a container is entered.
///
/// The defaults admit everything that a Python peer with its default recursion
/// limit can write, up to 1 GiB. Without any limits, decoding into a
/// [`Value`](crate::Value) uses at most 256 times the memory of the input,
/// whatever lengths it announces. The factor is that high only for values of
/// one byte; it is 40 for ints and 3 for text and bytes.
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
    /// The maximum of [`depth`](Self::depth), in containers.
    ///
    /// Clone, comparison, printing, dumping and drop of a value recurse once
    /// per level. This limit keeps each within 256 KiB of stack (`{:#?}` within
    /// 340 KiB), or 1 MiB in unoptimised builds. A Python writer fails near 500
    /// levels.
    pub const MAX_DEPTH: u16 = 512;

    /// The maximum nesting that serde reads and writes as Rust types, in
    /// containers, whatever the limits are. It does not apply to loading and
    /// dumping [`Value`](crate::Value) and [`Document`](crate::Document)
    /// themselves.
    ///
    /// Reading recurses once per level through code that serde derives. In
    /// unoptimised builds that takes up to 4 KiB per level, and more for
    /// structs with many fields. This limit keeps it within a stack of 1 MiB.
    pub const TYPED_DEPTH: u16 = 128;

    /// The maximum nesting, in containers, at most [`Limits::MAX_DEPTH`].
    #[must_use]
    pub const fn depth(&self) -> u16 {
        self.depth
    }

    /// The maximum number of values in the input, containers and keys included.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.items
    }

    /// The maximum length of the input, in bytes, without version byte.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sets the maximum nesting, at most [`Limits::MAX_DEPTH`].
    #[must_use]
    pub const fn with_depth(mut self, depth: u16) -> Self {
        self.depth = if depth > Self::MAX_DEPTH {
            Self::MAX_DEPTH
        } else {
            depth
        };
        self
    }

    /// Sets the maximum number of values, at most 2^32 - 1.
    #[must_use]
    pub const fn with_items(mut self, items: usize) -> Self {
        const MAX: usize = u32::MAX as usize;
        self.items = if items > MAX { MAX } else { items };
        self
    }

    /// Sets the maximum length of the input, in bytes.
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

/// How strings of Python 2 and Python 3 are decoded: execnet's `strconfig`.
///
/// The result of each opcode:
///
/// | opcode | switch | off | on |
/// |---|---|---|---|
/// | `PY2STRING` (Python 2 `str`) | `py2str_as_py3str` | bytes | text, by latin-1 |
/// | `PY3STRING` (Python 3 `str`) | `py3str_as_py2str` | text, by UTF-8 | its bytes, undecoded |
/// | `UNICODE` (Python 2 `unicode`) | | text | text |
/// | `BYTES` (Python 3 `bytes`) | | bytes | bytes |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StrConfig {
    /// Decode a Python 2 `str` as text, each byte one character.
    pub py2str_as_py3str: bool,
    /// Decode a Python 3 `str` as bytes, its UTF-8.
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
