//! The macros of the serializer in a crate of edition 2018, with and without a prelude.

#![cfg(test)]

const TEXT: &str = "[(1, 'x', Channel(2)), {'k': {None: 1.5}}, {1}, frozenset({True}), [], (), {}]";

mod with_prelude {
    use execnet_serializer::{value, ChannelId, Value};

    #[test]
    fn value_makes_every_container() {
        let made = value!([
            (1, "x", ChannelId(2)),
            {"k": {None: 1.5}},
            set {1},
            frozenset {true},
            [],
            (),
            {},
        ]);
        assert_eq!(super::TEXT.parse::<Value>(), Ok(made));
    }
}

#[no_implicit_prelude]
mod without_prelude {
    use ::core::assert_eq;
    use ::execnet_serializer::{value, ChannelId, Value};

    #[test]
    fn value_makes_every_container() {
        let made = value!([
            (1, "x", ChannelId(2)),
            {"k": {None: 1.5}},
            set {1},
            frozenset {true},
            [],
            (),
            {},
        ]);
        let read = <Value as ::core::str::FromStr>::from_str(super::TEXT);
        assert_eq!(read, ::core::result::Result::Ok(made));
    }
}
