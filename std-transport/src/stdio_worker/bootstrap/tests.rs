//! Tests of what controllers send first, and of the answers of the worker.

use super::*;
use execnet_serializer::value;

fn answer_to(input: &[u8]) -> (io::Result<Settings>, Vec<u8>, Vec<u8>) {
    let (mut reader, mut written) = (input, Vec::new());
    let settings = answer(&mut reader, &mut written);
    (settings, written, reader.to_vec())
}

fn ours(program: &[u8], settings: &Value) -> Vec<u8> {
    let settings = DumpOptions::wire().dumps(settings).unwrap();
    let size = (settings.len() as u32).to_be_bytes();
    let mut bytes = format!("{}\n", program.len()).into_bytes();
    bytes.extend([program, &size, &settings].concat());
    bytes
}

#[test]
fn a_stock_line_is_answered_with_one() {
    for line in [
        r#"'...execmodel = get_execmodel(\'main_thread_only\')\nio...\nserve(io, id=\'gw7-worker\')'"#,
        r#""...execmodel = get_execmodel('main_thread_only')\nio...\nserve(io, id='gw7-worker')""#,
    ] {
        let input = format!("{line}\n\x04frames").into_bytes();
        let (settings, written, rest) = answer_to(&input);
        assert_eq!(written, b"1");
        assert_eq!(rest, b"\x04frames");
        let expected = Settings {
            id: Some("gw7-worker".to_string()),
            exec_model: Some(ExecModel::MainThreadOnly),
            credit: None,
            grace: None,
        };
        assert_eq!(settings.unwrap(), expected);
    }
    let (settings, written, _) = answer_to(b"'something else'\n");
    assert_eq!(
        (settings.unwrap(), &*written),
        (Settings::default(), &b"1"[..])
    );
}

#[test]
fn our_settings_are_answered_with_the_mark() {
    let settings = value!({
        "id": "gw0", "execmodel": "thread", "grace": (1.5, 2.0), "nonce": (Value::Bytes(vec![b'n'; 4])),
    });
    let mut input = ours(b"a program\nof two lines", &settings);
    input.extend(b"frames");
    let (settings, written, rest) = answer_to(&input);
    let settings = settings.unwrap();
    assert_eq!(settings.id.as_deref(), Some("gw0-worker"));
    assert_eq!(settings.exec_model, Some(ExecModel::Thread));
    assert_eq!(
        settings.grace.unwrap().interrupt(),
        Duration::from_millis(1500)
    );
    assert_eq!(rest, b"frames");
    let mut expected = b"EXECNET-nnnn-\0\0\0\x06".to_vec();
    expected.extend(DumpOptions::wire().dumps(&std::process::id()).unwrap());
    assert_eq!(written, expected);
}

#[test]
fn credit_is_a_number_of_bytes() {
    for (given, credit) in [
        (value!(5), Some(5)),
        (value!(-1), None),
        (value!("5"), None),
        (Value::None, None),
    ] {
        let settings = value!({"credit": (given), "nonce": (Value::Bytes(vec![b'n']))});
        let (settings, _, _) = answer_to(&ours(b"", &settings));
        assert_eq!(settings.unwrap().credit, credit);
    }
}

#[test]
fn a_line_without_end_is_read_so_far_and_no_further() {
    for (len, kind, left) in [
        (MAX_PROGRAM - 1, io::ErrorKind::UnexpectedEof, 0),
        (MAX_PROGRAM, io::ErrorKind::InvalidData, 0),
        (MAX_PROGRAM + 7, io::ErrorKind::InvalidData, 7),
    ] {
        let (settings, written, rest) = answer_to(&vec![b'\''; len]);
        assert_eq!(settings.unwrap_err().kind(), kind, "{len} bytes");
        assert_eq!((written.len(), rest.len()), (0, left));
    }
}

#[test]
fn an_unknown_model_is_refused_with_a_text() {
    let settings = value!({"execmodel": "gevent", "nonce": (Value::Bytes(vec![b'n']))});
    let (settings, written, _) = answer_to(&ours(b"", &settings));
    assert_eq!(
        settings.unwrap_err().to_string(),
        "unknown execmodel 'gevent'"
    );
    assert!(written.ends_with(b"unknown execmodel 'gevent'Q"));
}

#[test]
fn input_that_no_controller_sends_is_refused() {
    for input in [
        &b"hello\n"[..],
        b"",
        b"12",
        b"'a line without end",
        b"99999999999\n",
        b"3\nab",
        b"0\n\xff\xff\xff\xff",
        b"0\n\0\0\0\x01Q",
        b"0\n\0\0\0\x02JQ",
    ] {
        let (settings, written, _) = answer_to(input);
        assert!(settings.is_err(), "{:?}", input.escape_ascii().to_string());
        assert!(written.is_empty());
    }
}
