//! Values through serde: lossless in this format, as close as possible in
//! others.

/// Methods of a visitor that convert what they get into the visitor's value.
macro_rules! visits {
    ($value:ty: $($method:ident($type:ty) => $make:expr;)*) => {$(
        fn $method<E: de::Error>(self, value: $type) -> Result<$value, E> {
            let make: fn($type) -> $value = $make;
            Ok(make(value))
        }
    )*};
}

mod de;
mod int;
mod ser;
mod tag;

pub(super) use tag::{Tag, visit, visit_tagged};
