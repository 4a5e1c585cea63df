//! Every property holds for every stored input: the serializer's vectors, those of real peers and
//! the malformed ones, and what fuzzing found.

use std::fs;
use std::path::{Path, PathBuf};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The values of a table of vectors, without their version byte.
fn vectors(file: &str) -> Vec<Vec<u8>> {
    let path = project().join("serializer/tests/vectors").join(file);
    let table: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    table
        .iter()
        .filter_map(|entry| entry["hex"].as_str())
        .map(bytes)
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap())
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// The inputs kept for a property.
fn seeds(property: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(property);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

fn replay(property: fn(&[u8]), seeds: Vec<Vec<u8>>) {
    let mut inputs = [vectors("vectors.json"), vectors("malformed.json"), seeds].concat();
    assert!(inputs.len() > 200, "only {} stored inputs", inputs.len());
    // Versioned ones too: the first byte is then an unknown opcode, which is an input like any
    // other.
    let cut: Vec<_> = inputs
        .iter()
        .map(|input| input[..input.len() / 2].to_vec())
        .collect();
    inputs.extend(cut);
    for input in inputs {
        property(&input);
    }
}

/// Frozensets around one another and a large text, in each of which there are others: the bytes that once took seconds.
#[test]
fn nested_frozensets_take_time_in_proportion_to_their_bytes() {
    let text = [&b"A"[..], &100_000_u32.to_be_bytes(), &[7; 100_000]].concat();
    let level = [&[b'L'; 31][..], b"E\0\0\0\x20"].concat();
    let bytes = [&text, &b"E\0\0\0\x01"[..], &level.repeat(510), b"Q"].concat();
    for property in [
        execnet_fuzz::decode,
        execnet_fuzz::roundtrip,
        execnet_fuzz::tokens_vs_value,
        execnet_fuzz::document_vs_value,
        execnet_fuzz::stream_vs_value,
        execnet_fuzz::serde_vs_value,
        execnet_fuzz::literal,
    ] {
        property(&bytes);
    }
}

#[test]
fn decode() {
    replay(execnet_fuzz::decode, seeds("decode"));
}

#[test]
fn roundtrip() {
    replay(execnet_fuzz::roundtrip, seeds("roundtrip"));
}

#[test]
fn tokens_vs_value() {
    replay(execnet_fuzz::tokens_vs_value, seeds("tokens_vs_value"));
}

#[test]
fn document_vs_value() {
    replay(execnet_fuzz::document_vs_value, seeds("document_vs_value"));
}

#[test]
fn stream_vs_value() {
    replay(execnet_fuzz::stream_vs_value, seeds("stream_vs_value"));
}

#[test]
fn serde_vs_value() {
    replay(execnet_fuzz::serde_vs_value, seeds("serde_vs_value"));
}

#[test]
fn serde_types() {
    replay(execnet_fuzz::serde_types, seeds("serde_types"));
}

#[test]
fn literal() {
    replay(execnet_fuzz::literal, seeds("literal"));
}

#[test]
fn json() {
    replay(execnet_fuzz::json, seeds("json"));
}

#[test]
fn differential() {
    match execnet_fuzz::Stock::start() {
        Ok(_) => replay(execnet_fuzz::differential, seeds("differential")),
        Err(error) => println!("skipped: no Python with execnet 2.1 to compare with ({error})"),
    }
}

#[test]
fn pickle_differential() {
    match execnet_fuzz::Stock::start() {
        Ok(_) => replay(
            execnet_fuzz::pickle_differential,
            [seeds("pickle"), seeds("pickle_differential")].concat(),
        ),
        Err(error) => println!("skipped: no Python with execnet 2.1 to compare with ({error})"),
    }
}

#[test]
fn session() {
    replay(execnet_fuzz::session, seeds("session"));
}

#[test]
fn frames() {
    replay(execnet_fuzz::frames, seeds("frames"));
}

#[test]
fn pickle() {
    replay(execnet_fuzz::pickle, seeds("pickle"));
}

#[cfg(unix)]
#[test]
fn rsync_receiver() {
    replay(execnet_fuzz::rsync_receiver, seeds("rsync_receiver"));
}

#[cfg(unix)]
#[test]
fn rsync_sender() {
    replay(execnet_fuzz::rsync_sender, seeds("rsync_sender"));
}
