//! Comparison of a [`Value`] with the types of Rust that it can be made from:
//! equal if the value made of them is.

use alloc::string::String;

use super::{Int, Value};

macro_rules! equal {
    ($($type:ty: $value:ident, $other:ident => $equal:expr;)*) => {$(
        impl PartialEq<$type> for Value {
            fn eq(&self, other: &$type) -> bool {
                let ($value, $other) = (self, other);
                $equal
            }
        }

        impl PartialEq<Value> for $type {
            fn eq(&self, other: &Value) -> bool {
                other == self
            }
        }
    )*};
}

equal! {
    str: value, other => value.as_str() == Some(other);
    &str: value, other => value.as_str() == Some(*other);
    String: value, other => value.as_str() == Some(other);
}

/// Numbers and bools also compare with a reference to a value, as `get` returns
/// it: `&Value == 1`. For text, the references of both sides do that.
macro_rules! equal_scalars {
    ($($type:ty: $value:ident, $other:ident => $equal:expr;)*) => {$(
        equal! { $type: $value, $other => $equal; }

        impl PartialEq<$type> for &Value {
            fn eq(&self, other: &$type) -> bool {
                **self == *other
            }
        }

        impl PartialEq<&Value> for $type {
            fn eq(&self, other: &&Value) -> bool {
                **other == *self
            }
        }
    )*};
}

equal_scalars! {
    bool: value, other => value.as_bool() == Some(*other);
    f32: value, other => *value == f64::from(*other);
    f64: value, other => value.as_f64() == Some(*other);
}

macro_rules! equal_ints {
    ($($type:ty)*) => {
        equal_scalars! { $($type: value, other => value.as_int() == Some(&Int::from(*other));)* }
    };
}

equal_ints! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }
