//! The frames recorded from stock execnet are read and written back.

use serde_json::Value as Json;

use crate::{read_all, write};

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn recorded() -> Vec<(String, Vec<u8>)> {
    let text = include_str!("../../../serializer/tests/vectors/vectors.json");
    let all: Vec<Json> = serde_json::from_str(text).unwrap();
    let frames = all.iter().filter(|vector| vector["kind"] == "frame");
    frames
        .filter_map(|vector| {
            let bytes = unhex(vector["hex"].as_str()?);
            Some((vector["name"].as_str()?.to_owned(), bytes))
        })
        .collect()
}

#[test]
fn every_recorded_frame_is_read_and_written_back() {
    let recorded = recorded();
    assert!(recorded.len() > 150, "only {} vectors", recorded.len());
    for (name, bytes) in recorded {
        let frames = read_all(&bytes);
        assert_eq!(frames.len(), 1, "{name}");
        assert_eq!(write(&frames[0]), bytes, "{name}");
    }
}

#[test]
fn recorded_frames_in_one_stream_are_separated() {
    let recorded = recorded();
    let stream: Vec<u8> = recorded
        .iter()
        .flat_map(|(_, bytes)| bytes.clone())
        .collect();
    let rewritten: Vec<u8> = read_all(&stream).iter().flat_map(write).collect();
    assert_eq!(rewritten, stream);
}
