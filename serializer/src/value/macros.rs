//! Values written out in Rust source.

/// A [`Value`](crate::Value) in Python's notation, with Rust expressions in it.
///
/// `[1, 2]` is a list, `(1, 2)` a tuple, `(1,)` one of one item, `()` an empty
/// one; `{"k": 1}` is a dict, `{}` an empty one; `set {1, 2}` and
/// `frozenset {1, 2}` are what they say, and empty where nothing is in the
/// braces; `None` is `None`. Anything else is an expression of a type that
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
/// The arguments are a word for what is being made; what was read of it, in
/// brackets; what is still to read, in brackets too, a comma in front. Keys
/// and values of a dict take turns.
#[doc(hidden)]
#[macro_export]
macro_rules! __value {
    // A dict's next key is what stands before the colon.
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
    // All is read, and no colon was found.
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

    // All is read, but for a comma after the last item.
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

#[cfg(feature = "literal")]
#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use crate::{Bytes, ChannelId, Value};

    #[track_caller]
    fn same(value: Value, literal: &str) {
        assert_eq!(value.to_string(), literal);
    }

    #[test]
    fn python_notation_makes_the_same_value() {
        same(value!(None), "None");
        same(value!(42), "42");
        same(value!(-1.5), "-1.5");
        same(value!("x"), "'x'");
        same(value!([]), "[]");
        same(
            value!([1, [None], (2,), {}, "x",]),
            "[1, [None], (2,), {}, 'x']",
        );
        same(value!(()), "()");
        same(value!((1,)), "(1,)");
        same(value!((1, "x")), "(1, 'x')");
        same(value!({}), "{}");
        same(value!({"k": 1, 2: None,}), "{'k': 1, 2: None}");
        same(value!({-1: {(1, 2): [3]}}), "{-1: {(1, 2): [3]}}");
        same(value!({frozenset {1}: set {}}), "{frozenset({1}): set()}");
        same(value!(set {1, (2, None), 1}), "{1, (2, None)}");
        same(value!(frozenset {}), "frozenset()");
        same(value!(([1])), "[1]");
    }

    #[test]
    fn expressions_are_taken_whole() {
        let (a, text) = (2, "x");
        same(value!([(a + 1) * 2, [1, 2].len(), a]), "[6, 2, 2]");
        same(value!({text.len() + 1: Some(text)}), "{2: 'x'}");
        same(value!({(text): i64::from(a)}), "{'x': 2}");
        same(
            value!([Option::<i32>::None, Vec::<u8>::new(), ()]),
            "[None, [], ()]",
        );
        same(value!((Bytes(b"a"), ChannelId(1))), "(b'a', Channel(1))");
        let inner = value!([1]);
        same(value!({"inner": inner}), "{'inner': [1]}");
    }

    #[test]
    fn a_hundred_items_and_fifty_pairs_are_within_the_usual_recursion_limit() {
        let list = value!([
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8,
            9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7,
            8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6,
            7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        ]);
        assert_eq!(list.as_slice().map(<[Value]>::len), Some(100));
        let dict = value!({
            0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 9: 0, 10: 0, 11: 0, 12: 0,
            13: 0, 14: 0, 15: 0, 16: 0, 17: 0, 18: 0, 19: 0, 20: 0, 21: 0, 22: 0, 23: 0, 24: 0,
            25: 0, 26: 0, 27: 0, 28: 0, 29: 0, 30: 0, 31: 0, 32: 0, 33: 0, 34: 0, 35: 0, 36: 0,
            37: 0, 38: 0, 39: 0, 40: 0, 41: 0, 42: 0, 43: 0, 44: 0, 45: 0, 46: 0, 47: 0, 48: 0,
            49: 0
        });
        assert_eq!(dict.as_dict().map(crate::Dict::len), Some(50));
    }
}
