//! The macro `value!`, for values that are written out in Rust source.

/// A [`Value`](crate::Value) in Python's notation, with Rust expressions in it.
///
/// `[1, 2]` is a list, `(1, 2)` a tuple, `(1,)` one of one item, `()` an empty
/// one; `{"k": 1}` is a dict, `{}` an empty one; `set {1, 2}` and
/// `frozenset {1, 2}` are a set and a frozenset, empty if the braces are; `None` is `None`. Anything else is an expression of a type that
/// `Value` is [`From`], bytes as [`Bytes`](crate::Bytes).
///
/// ```
/// use execnet_serializer::{value, Bytes};
///
/// let (host, free) = ("build1", 2_u64.pow(40));
/// let disks = value!([
///     (host, free, {"mounted": true, "labels": set {"a", "b"}}),
///     ("build2", None, {}),
/// ]);
/// # #[cfg(feature = "literal")]
/// assert_eq!(
///     disks.to_string(),
///     "[('build1', 1099511627776, {'mounted': True, 'labels': {'a', 'b'}}), \
///      ('build2', None, {})]",
/// );
/// # #[cfg(feature = "literal")]
/// assert_eq!(value!({(1, b'x'): Bytes(b"x")}).to_string(), "{(1, 120): b'x'}");
/// ```
///
/// As in Python the last value of a key wins, and parentheses around one
/// expression only group:
///
/// ```
/// # use execnet_serializer::{value, Value};
/// assert_eq!(value!({1: "a", true: "b"}), value!({1: "b"}));
/// assert_eq!(value!((1 + 2)), Value::from(3));
/// ```
///
/// A dict needs a value for each key, so a set needs its word:
///
/// ```compile_fail
/// let ports = execnet_serializer::value!({80, 443}); // `set {80, 443}`
/// ```
///
/// More than about 100 items or 50 pairs in one container ask for a larger
/// `#![recursion_limit]`.
#[macro_export]
macro_rules! value {
    ($($value:tt)+) => {
        $crate::__value!(@one [] [, $($value)+])
    };
}

/// The rules of [`value!`].
///
/// The arguments are the kind of value that is made, the parts read so far, in
/// brackets, and the tokens not read yet, in brackets and after a comma. Keys and
/// values of a dict alternate. Each step reads one part and calls the macro again,
/// because only a macro that reads token by token can tell a dict from a block.
#[doc(hidden)]
#[macro_export]
macro_rules! __value {
    // A dict's next key ends before the colon.
    (@dict [$($key:expr, $value:expr,)*] [, $next:literal : $($rest:tt)+]) => {
        $crate::__value!(@dict [$($key, $value,)* $crate::__private::value($next),] [, $($rest)+])
    };
    (@dict [$($key:expr, $value:expr,)*] [, $next:tt $($rest:tt)+]) => {
        $crate::__value!(@key [$($key, $value,)*] ($next) $($rest)+)
    };
    (@key [$($done:expr,)*] ($($key:tt)+) : $($rest:tt)+) => {
        $crate::__value!(@dict [$($done,)* $crate::value!($($key)+),] [, $($rest)+])
    };
    (@key [$($done:expr,)*] ($($key:tt)+) $next:tt $($rest:tt)+) => {
        $crate::__value!(@key [$($done,)*] ($($key)+ $next) $($rest)+)
    };
    // Everything is read, and no colon was found.
    (@key [$($done:expr,)*] ($($key:tt)+) $last:tt) => {
        $crate::__value!(@dict [$($done,)*] [, $last])
    };
    (@dict [$($key:expr, $value:expr,)*] [, $last:tt]) => {
        compile_error!("a dict key without a value; a set is written as `set {1, 2}`")
    };

    // An item in Python's notation, up to a comma or the end.
    (@$kind:ident [$($done:expr,)*] [, None $(, $($rest:tt)*)?]) => {
        $crate::__value!(@$kind [$($done,)* $crate::Value::None,] [$(, $($rest)*)?])
    };
    (@$kind:ident [$($done:expr,)*] [, [$($inner:tt)*] $(, $($rest:tt)*)?]) => {
        $crate::__value!(@$kind [
            $($done,)* $crate::__value!(@list [] [, $($inner)*]),
        ] [$(, $($rest)*)?])
    };
    (@$kind:ident [$($done:expr,)*] [, ($($inner:tt)*) $(, $($rest:tt)*)?]) => {
        $crate::__value!(@$kind [
            $($done,)* $crate::__value!(@tuple [] [, $($inner)*]),
        ] [$(, $($rest)*)?])
    };
    (@$kind:ident [$($done:expr,)*] [, {$($inner:tt)*} $(, $($rest:tt)*)?]) => {
        $crate::__value!(@$kind [
            $($done,)* $crate::__value!(@dict [] [, $($inner)*]),
        ] [$(, $($rest)*)?])
    };
    (@$kind:ident [$($done:expr,)*] [, set {$($inner:tt)*} $(, $($rest:tt)*)?]) => {
        $crate::__value!(@$kind [
            $($done,)* $crate::__value!(@set [] [, $($inner)*]),
        ] [$(, $($rest)*)?])
    };
    (@$kind:ident [$($done:expr,)*] [, frozenset {$($inner:tt)*} $(, $($rest:tt)*)?]) => {
        $crate::__value!(@$kind [
            $($done,)* $crate::__value!(@frozenset [] [, $($inner)*]),
        ] [$(, $($rest)*)?])
    };
    // Any other item.
    (@$kind:ident [$($done:expr,)*] [, $item:expr $(, $($rest:tt)*)?]) => {
        $crate::__value!(@$kind [$($done,)* $crate::__private::value($item),] [$(, $($rest)*)?])
    };

    // Everything is read, except a comma after the last item.
    (@one [$only:expr,] [$(,)?]) => {
        $only
    };
    (@tuple [$only:expr,] []) => {
        $only
    };
    (@tuple [$($item:expr,)*] [$(,)?]) => {
        $crate::Value::Tuple($crate::__private::collect([$($item,)*]))
    };
    (@list [$($item:expr,)*] [$(,)?]) => {
        $crate::Value::List($crate::__private::collect([$($item,)*]))
    };
    (@set [$($item:expr,)*] [$(,)?]) => {
        $crate::Value::Set($crate::__private::collect([$($item,)*]))
    };
    (@frozenset [$($item:expr,)*] [$(,)?]) => {
        $crate::Value::FrozenSet($crate::__private::collect([$($item,)*]))
    };
    (@dict [$($key:expr, $value:expr,)*] [$(,)?]) => {
        $crate::Value::Dict($crate::__private::collect([$(($key, $value),)*]))
    };
}
