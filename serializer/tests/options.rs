//! The stored form and the wire form of values, which options choose.
#![allow(clippy::unwrap_used)] // A test says so by a panic.

use execnet_serializer::{DumpOptions, Embedded, Limits, LoadOptions, StrConfig};

/// `["a"]` in the stored form.
const STORED: &[u8] = b"\x02K\0\0\0\x01F\0\0\0\0N\0\0\0\x01aPQ";

#[test]
fn dumps_of_both_forms_differ_by_the_version_byte_alone() {
    let cases = [
        (DumpOptions::new(), STORED),
        (DumpOptions::wire(), &STORED[1..]),
    ];
    for (options, expected) in cases {
        let mut buffer = [0; 32];
        assert_eq!(
            options.dump_to_slice(&["a"], &mut buffer).unwrap(),
            expected
        );
        assert_eq!(options.dump_to_heapless::<32>(&["a"]).unwrap(), expected);
        let mut left = &mut buffer[..];
        options.dump(Embedded(&mut left), &["a"]).unwrap();
        assert_eq!(left.len(), 32 - expected.len());
        #[cfg(feature = "alloc")]
        assert_eq!(options.dumps(&["a"]).unwrap(), expected);
        #[cfg(feature = "serde")]
        {
            let mut left = &mut buffer[..];
            // serde's arrays are tuples.
            let list = &["a"][..];
            options.to_writer(Embedded(&mut left), list).unwrap();
            assert_eq!(left.len(), 32 - expected.len());
        }
        #[cfg(all(feature = "alloc", feature = "serde"))]
        assert_eq!(options.to_vec(&["a"][..]).unwrap(), expected);
    }
}

#[test]
fn the_number_of_bytes_taken_includes_the_version_byte() {
    for (options, bytes) in [
        (LoadOptions::new(), STORED),
        (LoadOptions::wire(), &STORED[1..]),
    ] {
        let mut followed = heapless::Vec::<u8, 32>::from_slice(bytes).unwrap();
        followed.extend_from_slice(b"next").unwrap();
        let document = options.document::<3>(&followed).unwrap();
        assert_eq!(document.bytes_taken(), bytes.len());
        #[cfg(feature = "alloc")]
        {
            let document = options.document_buf(&followed).unwrap();
            assert_eq!(document.bytes_taken(), bytes.len());
            let (_, taken) = options.load_prefix(&followed).unwrap();
            assert_eq!(taken, bytes.len());
        }
    }
}

#[test]
fn offsets_of_errors_count_from_the_start_of_the_input() {
    // The list is not filled when STOP comes.
    let broken = b"\x02K\0\0\0\x01Q";
    for (options, bytes, offset) in [
        (LoadOptions::new(), &broken[..], 6),
        (LoadOptions::wire(), &broken[1..], 5),
    ] {
        let error = options.document::<3>(bytes).unwrap_err();
        assert_eq!((error.is_malformed(), error.offset()), (true, offset));
        #[cfg(feature = "alloc")]
        {
            assert_eq!(options.loads(bytes), Err(error.clone()));
            assert_eq!(options.document_buf(bytes).unwrap_err(), error);
        }
        #[cfg(all(feature = "alloc", feature = "serde"))]
        {
            let typed = options.from_slice::<[&str; 1]>(bytes).unwrap_err();
            assert_eq!(typed.as_load_error(), Some(&error));
        }
    }
}

#[test]
fn a_form_is_refused_as_the_other() {
    let error = LoadOptions::new().document::<3>(&STORED[1..]).unwrap_err();
    assert!(error.is_version(), "{error}");
    let error = LoadOptions::wire().document::<3>(STORED).unwrap_err();
    assert!(error.is_malformed(), "{error}");
}

#[test]
fn options_have_what_was_set() {
    assert_eq!(LoadOptions::new(), LoadOptions::default());
    assert_eq!(DumpOptions::new(), DumpOptions::default());
    assert!(!LoadOptions::new().is_wire() && !DumpOptions::new().is_wire());
    assert!(LoadOptions::wire().is_wire() && DumpOptions::wire().is_wire());
    assert_eq!(LoadOptions::new().strings(), StrConfig::STORED);
    assert_eq!(LoadOptions::wire().strings(), StrConfig::CHANNEL);
    let limits = Limits::default().with_depth(3);
    let options = LoadOptions::wire()
        .with_limits(limits)
        .with_strings(StrConfig::STORED);
    assert_eq!(
        (options.limits(), options.strings()),
        (limits, StrConfig::STORED)
    );
    assert!(options.is_wire());
}
