//! The macro that defines options of a config.

/// Defines the setter and the getter of each option of a config, which is set by value. The types are `Copy`.
#[doc(hidden)]
#[macro_export]
macro_rules! options {
    ($($(#[doc = $doc:literal])* $set:ident, $name:ident: $type:ty;)*) => {$(
        $(#[doc = $doc])*
        #[must_use]
        pub const fn $set(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        }

        #[doc = concat!("See [`", stringify!($set), "`](Self::", stringify!($set), ").")]
        #[must_use]
        pub const fn $name(&self) -> $type {
            self.$name
        }
    )*};
}

pub(crate) use options;
