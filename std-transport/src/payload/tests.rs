//! Tests of the bytes that a fresh interpreter reads first.

use execnet_core_sync::Grace;

use super::*;

fn settings(compressed: bool) -> Settings {
    Settings {
        id: "it's \"gw0\"\n".to_owned(),
        exec_model: "thread".to_owned(),
        bootstrap: Bootstrap::Python,
        stdout: Stdout::Discard,
        grace: Grace::default(),
        nice: 0,
        credit: None,
        pickles: false,
        env: WorkerEnv::default(),
        ends_group: false,
        compressed,
    }
}

/// The first part, and the settings behind it.
fn parts(bytes: &[u8]) -> (&[u8], Dict) {
    let line_end = bytes.iter().position(|&byte| byte == b'\n').unwrap();
    let length: usize = str::from_utf8(&bytes[..line_end]).unwrap().parse().unwrap();
    let (first, after) = bytes[line_end + 1..].split_at(length);
    match execnet_serializer::LoadOptions::wire()
        .loads(&after[4..])
        .unwrap()
    {
        Value::Dict(config) => (first, config),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_length_line_covers_the_first_part() {
    for compressed in [false, true] {
        let bytes = payload(&settings(compressed), &Nonce::new()).unwrap();
        let (first, config) = parts(&bytes);
        assert!(first.is_ascii() && first.ends_with(b"\nmain()\n"));
        assert_eq!(config.get("id").unwrap().as_str(), Some("it's \"gw0\"\n"));
        assert_eq!(config.get("nice"), None);
    }
}

#[test]
fn compressed_it_is_a_third_and_holds_the_same() {
    let [plain, compressed] = [false, true].map(|compressed| {
        let bytes = payload(&settings(compressed), &Nonce::new()).unwrap();
        (bytes.len(), parts(&bytes).1)
    });
    assert!(
        compressed.0 * 5 < plain.0 * 2,
        "{} of {}",
        compressed.0,
        plain.0
    );
    let lazy = |config: &Dict| config.get("rest").cloned().unwrap();
    let (Value::Str(plain), Value::Bytes(compressed)) = (lazy(&plain.1), lazy(&compressed.1))
    else {
        panic!("text and bytes");
    };
    let unpacked = miniz_oxide::inflate::decompress_to_vec_zlib(&compressed).unwrap();
    assert_eq!(unpacked, plain.as_bytes());
}
