use core::ops::Deref;

use execnet_serializer::Dict;

/// The keyword arguments of a call: for functions that take any arguments.
///
/// ```
/// use execnet_core_sync::worker::Kwargs;
///
/// fn greet(kwargs: &Kwargs) -> String {
///     let name = kwargs.get_str("name").and_then(|name| name.as_str());
///     format!("hello, {}", name.unwrap_or("world"))
/// }
/// # assert_eq!(greet(&Kwargs::default()), "hello, world");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kwargs(Dict);

impl Kwargs {
    pub(crate) fn new(dict: Dict) -> Self {
        Self(dict)
    }

    /// The arguments as a dict.
    #[must_use]
    pub fn into_dict(self) -> Dict {
        self.0
    }
}

impl Deref for Kwargs {
    type Target = Dict;

    fn deref(&self) -> &Dict {
        &self.0
    }
}
