//! Properties of the serializer.

mod document;
mod model;
mod serde;
mod stock;
mod stream;
mod text;
mod types;

pub use document::document_vs_value;
pub use model::tokens_vs_value;
pub use serde::serde_vs_value;
pub(crate) use stock::with_stock;
pub use stock::{Stock, differential};
pub use stream::stream_vs_value;
pub use text::{json, literal};
pub use types::serde_types;

use execnet_serializer::{DumpOptions, LoadOptions, StrConfig, Token, Tokens};

/// Both decoders judge the bytes alike, and neither goes past their end.
///
/// Whatever loads as a value is a sound stream of tokens up to the same byte. A stream of tokens
/// that is not sound is no value, and every error names a place inside the input.
pub fn decode(input: &[u8]) {
    let mut tokens = Tokens::new(input);
    let verdict = tokens.by_ref().try_for_each(|token| token.map(drop));
    assert!(tokens.offset() <= input.len());

    for strings in STRINGS {
        match LoadOptions::wire().with_strings(strings).load_prefix(input) {
            Ok((_, used)) => {
                assert_eq!(verdict, Ok(()), "a value of tokens that are not sound");
                assert_eq!(
                    used,
                    tokens.offset(),
                    "the decoders end at different places"
                );
            }
            Err(error) => assert!(error.offset() <= input.len(), "{error}: outside the input"),
        }
    }
}

/// What loads can be dumped, and comes back the same by way of its bytes; a second dump writes the
/// same bytes.
pub fn roundtrip(input: &[u8]) {
    let options = LoadOptions::wire();
    let Ok(value) = options.loads(input) else {
        return;
    };
    let bytes = DumpOptions::wire()
        .dumps(&value)
        .expect("what was loaded can be dumped");
    let last = Tokens::new(&bytes).last();
    assert_eq!(last, Some(Ok(Token::Stop)), "the dump does not end");
    let (again, used) = options
        .load_prefix(&bytes)
        .expect("what was dumped can be loaded");
    assert_eq!(again, value);
    assert_eq!(used, bytes.len());
    assert_eq!(DumpOptions::wire().dumps(&again).as_ref(), Ok(&bytes));
}

/// Every combination of the two switches.
const STRINGS: [StrConfig; 4] = [
    strings(false, false),
    strings(true, false),
    strings(false, true),
    strings(true, true),
];

const fn strings(py2str_as_py3str: bool, py3str_as_py2str: bool) -> StrConfig {
    StrConfig {
        py2str_as_py3str,
        py3str_as_py2str,
    }
}
