//! Laws that hold for all input, by every way in: a prefix of a value is
//! truncated, and damage has one error at one place.

#![cfg(feature = "alloc")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

#[cfg(feature = "serde")]
extern crate alloc;

#[path = "common/vectors.rs"]
#[allow(dead_code)] // Each test uses its part.
mod vectors;

use embedded_io::{ErrorType, Read};
use execnet_serializer::{
    Document, DocumentBuf, Embedded, LoadError, LoadOptions, ReadError, StrConfig, Tokens, Value,
    dumps,
};

/// Enough for most of the vectors, and small enough to be moved often.
const ROOM: usize = 64;

/// Gives at most this many bytes a read.
struct Pieces<'a>(&'a [u8], usize);

impl ErrorType for Pieces<'_> {
    type Error = core::convert::Infallible;
}

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Self::Error> {
        let len = room.len().min(self.1);
        self.0.read(&mut room[..len])
    }
}

fn by_reader(bytes: &[u8], piece: usize, options: &LoadOptions) -> Result<Value, LoadError> {
    let loaded = options.load(Embedded(Pieces(bytes, piece)));
    loaded.map_err(ReadError::into_value_error)
}

#[cfg(feature = "serde")]
fn typed<'de, T: serde::Deserialize<'de>>(
    bytes: &'de [u8],
    options: &LoadOptions,
) -> Result<(), LoadError> {
    let read = options.from_slice::<T>(bytes);
    match read {
        Ok(_) => Ok(()),
        // A value that is sound and not of this type.
        Err(error) => error.as_load_error().cloned().map_or(Ok(()), Err),
    }
}

fn loads(bytes: &[u8], options: &LoadOptions) -> Result<(), LoadError> {
    options.loads(bytes).map(drop)
}

/// What every way in makes of the bytes: the name of the way and the error.
fn verdicts(bytes: &[u8], options: &LoadOptions) -> Vec<(&'static str, Result<(), LoadError>)> {
    let mut verdicts = Vec::new();
    verdicts.push(("loads", loads(bytes, options)));
    let document: Result<DocumentBuf<'_>, _> = options.document_buf(bytes);
    if Tokens::new(bytes).count() <= ROOM {
        let fixed: Result<Document<'_, ROOM>, _> = options.document(bytes);
        verdicts.push(("Document", fixed.map(drop)));
    }
    verdicts.push(("DocumentBuf", document.map(drop)));
    for (way, piece) in [("load", 1), ("load at once", usize::MAX)] {
        let loaded = by_reader(bytes, piece, options);
        verdicts.push((way, loaded.map(drop)));
    }
    // Types have a limit of depth of their own: deeper values are not theirs.
    #[cfg(feature = "serde")]
    let within =
        execnet_serializer::Limits::default().with_depth(execnet_serializer::Limits::TYPED_DEPTH);
    #[cfg(feature = "serde")]
    if loads(bytes, &options.with_limits(within)) == loads(bytes, options) {
        use alloc::collections::BTreeMap;
        use serde::de::IgnoredAny;
        verdicts.push(("IgnoredAny", typed::<IgnoredAny>(bytes, options)));
        verdicts.push(("Value by serde", typed::<Value>(bytes, options)));
        type Texts = Vec<(String, Option<f64>)>;
        verdicts.push(("texts", typed::<Texts>(bytes, options)));
        type Map = BTreeMap<String, Vec<i64>>;
        verdicts.push(("map", typed::<Map>(bytes, options)));
    }
    verdicts
}

/// The one verdict of all ways in.
fn verdict(bytes: &[u8], options: &LoadOptions, what: &str) -> Result<(), LoadError> {
    let verdicts = verdicts(bytes, options);
    let (_, first) = verdicts[0].clone();
    for (way, verdict) in verdicts {
        assert_eq!(
            verdict, first,
            "{what}: {way} and loads differ on {bytes:02x?}"
        );
    }
    first
}

/// The first error of the tokens, which know nothing of what fits together.
fn token_error(bytes: &[u8]) -> Option<LoadError> {
    Tokens::new(bytes).find_map(Result::err)
}

/// All recorded input: name, bytes, and the options for their form.
fn recorded() -> Vec<(String, Vec<u8>, LoadOptions)> {
    let files = ["vectors.json", "malformed.json"];
    let entries = files.into_iter().flat_map(vectors::entries);
    let cases = entries.filter(|entry| entry["kind"] != "frame");
    cases
        .filter_map(|entry| {
            let bytes = vectors::bytes(entry["hex"].as_str()?);
            let full = entry["input_is"]
                .as_str()
                .is_some_and(|is| is.starts_with("full input"));
            let versioned = full || entry["kind"] == "value_versioned";
            let options = match versioned {
                true => LoadOptions::new(),
                false => LoadOptions::wire().with_strings(StrConfig::STORED),
            };
            Some((vectors::text(&entry, "name").to_owned(), bytes, options))
        })
        .collect()
}

/// Recorded input that is a value.
fn valid() -> Vec<(String, Vec<u8>, LoadOptions)> {
    let mut valid = recorded();
    valid.retain_mut(|(_, bytes, options)| {
        let taken = options.load_prefix(bytes).map(|(_, taken)| taken);
        bytes.truncate(taken.clone().unwrap_or_default());
        taken.is_ok()
    });
    assert!(valid.len() > 180, "only {} values", valid.len());
    valid
}

/// Every place, or some of them where the bytes are many: each costs time in
/// proportion to them.
fn places(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(1 + len / 100 + len * len / 50_000)
}

#[test]
fn every_proper_prefix_of_a_value_is_truncated_by_every_way_in() {
    for (name, bytes, options) in valid() {
        for end in places(bytes.len()) {
            let cut = &bytes[..end];
            let error = verdict(cut, &options, &name).unwrap_err();
            assert!(error.is_truncated(), "{name}, {end} bytes: {error}");
            assert!(error.offset() <= end, "{name}, {end} bytes: {error}");
            if options.is_wire() {
                assert_eq!(token_error(cut), Some(error), "{name}, {end} bytes");
            }
        }
    }
}

#[test]
fn every_proper_prefix_of_a_list_is_truncated() {
    let bytes = dumps(&Vec::from_iter(0..10)).unwrap();
    for end in 0..bytes.len() {
        let error = verdict(&bytes[..end], &LoadOptions::new(), "ten ints").unwrap_err();
        assert!(error.is_truncated(), "{end} bytes: {error}");
    }
}

#[test]
fn damage_has_one_error_at_one_place_by_every_way_in() {
    let all_switches = StrConfig {
        py2str_as_py3str: true,
        py3str_as_py2str: true,
    };
    let strings = [StrConfig::STORED, all_switches];
    for (turn, (name, bytes, options)) in recorded().into_iter().enumerate() {
        let options = &options.with_strings(strings[turn % 2]);
        for place in places(bytes.len()) {
            let found = bytes[place];
            for byte in [found ^ 1, 0xff, b'K', b'P', b'Q'] {
                let mut damaged = bytes.clone();
                damaged[place] = byte;
                let what = format!("{name}, byte {place} is {byte:#04x}");
                let error = verdict(&damaged, options, &what);
                if options.is_wire() {
                    fits_the_tokens(error.as_ref().err(), token_error(&damaged), &what);
                }
                if bytes.len() < 24 {
                    assert_found_as_soon_as_it_is_there(&damaged, options, error, &what);
                }
            }
        }
    }
}

/// Tokens are checked one by one, whole values for more: what tokens find,
/// values find, unless something was wrong before.
fn fits_the_tokens(whole: Option<&LoadError>, token: Option<LoadError>, what: &str) {
    match (whole, token) {
        (whole, Some(token)) => {
            let whole = whole.unwrap_or_else(|| panic!("{what}: only the tokens say {token}"));
            let earlier = whole.offset() < token.offset() && !whole.is_truncated();
            assert!(*whole == token || earlier, "{what}: {whole}, {token}");
        }
        (Some(whole), None) => assert!(!whole.is_truncated(), "{what}: {whole}"),
        (None, None) => {}
    }
}

/// What follows damage does not change what is said of it.
fn assert_found_as_soon_as_it_is_there(
    bytes: &[u8],
    options: &LoadOptions,
    whole: Result<(), LoadError>,
    what: &str,
) {
    for end in 0..bytes.len() {
        let cut = options.loads(&bytes[..end]);
        match cut {
            // A value that ended before.
            Ok(_) => assert_eq!(whole, Ok(()), "{what}, {end} bytes"),
            Err(error) if error.is_truncated() => {}
            Err(error) => assert_eq!(Err(error), whole, "{what}, {end} bytes"),
        }
    }
}
