//! The document without a heap against the value on it.

use execnet_serializer::{Document, LoadError, LoadOptions};

use super::STRINGS;

/// A document says what a value says, errors included; one with little room says the same or that
/// it has none.
pub fn document_vs_value(input: &[u8]) {
    for strings in STRINGS {
        let options = LoadOptions::wire().with_strings(strings);
        let value = options.load_prefix(input);
        let large = options
            .document_buf(input)
            .map(|document| (document.root().to_value(), document.bytes_taken()));
        assert_eq!(large, value);
        let small: Result<Document<'_, 8>, LoadError> = options.document(input);
        match small {
            Ok(document) => {
                assert_eq!(
                    Ok((document.root().to_value(), document.bytes_taken())),
                    value
                );
            }
            Err(error) => assert!(error.is_limit() || value == Err(error)),
        }
    }
}
