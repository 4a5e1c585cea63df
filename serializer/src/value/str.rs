//! [`Str`]: text that is stored inline if it is short.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

use crate::memory::FALLIBLE;

/// Text: what Python calls `str`.
///
/// It dereferences to [`str`](prim@str); convert it into a `String` to change
/// it. Text of up to 22 bytes (10 with 32-bit pointers) is stored inline, in
/// the size of a `String`: most texts that programs send are that short.
///
/// ```
/// use execnet_serializer::{Str, Value};
/// let Value::Str(name) = Value::from("gw0") else { unreachable!() };
/// assert!(name.starts_with("gw"));
/// assert_eq!(name, "gw0");
/// assert_eq!(String::from(name), "gw0");
/// ```
#[derive(Clone)]
pub struct Str(Repr);

/// As large as a `String`.
#[derive(Clone)]
enum Repr {
    Short(heapless::String<SHORT, u8>),
    Long(Box<str>),
}

/// The size of a `String` without the length and the tag of the variant.
const SHORT: usize = size_of::<String>() - 2;

impl Str {
    /// An empty text.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self(Repr::Short(heapless::String::new()))
    }

    /// The text as a slice.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Short(text) => text,
            Repr::Long(text) => text,
        }
    }

    /// Sets an empty text in place. Moving it afterwards would be slow: its bytes
    /// were just stored in parts, and a load of the whole waits for the stores.
    ///
    /// Returns false if there is no memory for it.
    #[inline(always)]
    pub(super) fn fill(&mut self, text: &str) -> bool {
        // Inserted as a whole; pushed, it would go byte by byte.
        if let Repr::Short(short) = &mut self.0
            && short.insert_str(0, text).is_err()
        {
            let Some(long) = long(text) else { return false };
            self.0 = Repr::Long(long);
        }
        true
    }
}

/// `None` if there is no memory for it.
fn long(text: &str) -> Option<Box<str>> {
    if !FALLIBLE {
        return Some(text.into());
    }
    let mut long = String::new();
    // Exactly, so that the box takes this block.
    long.try_reserve_exact(text.len()).ok()?;
    long.push_str(text);
    Some(long.into_boxed_str())
}

impl Deref for Str {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Default for Str {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Str {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Str {}

impl Ord for Str {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// As a `str`, which it borrows as.
impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        if text.len() > SHORT {
            return Self(Repr::Long(text.into()));
        }
        let mut filled = Self::new();
        filled.fill(text);
        filled
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        if text.len() > SHORT {
            Self(Repr::Long(text.into()))
        } else {
            Self::from(text.as_str())
        }
    }
}

impl From<char> for Str {
    fn from(character: char) -> Self {
        Self::from(&*character.encode_utf8(&mut [0; 4]))
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::from(text),
            Cow::Owned(text) => Self::from(text),
        }
    }
}

impl From<Str> for String {
    fn from(text: Str) -> Self {
        match text.0 {
            Repr::Short(text) => Self::from(text.as_str()),
            Repr::Long(text) => text.into(),
        }
    }
}

impl FromIterator<char> for Str {
    fn from_iter<I: IntoIterator<Item = char>>(characters: I) -> Self {
        Self::from(String::from_iter(characters))
    }
}
