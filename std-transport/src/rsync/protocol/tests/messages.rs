//! Messages: items with a code.

use execnet_serializer::{Bytes, EncodeError, Encoder};

use super::*;

#[test]
fn messages_round_trip() {
    for message in [
        FromSource::List(b"sections".to_vec().into()),
        FromSource::Data(Content::new(b"s".to_vec(), b"body")),
        FromSource::Data(Content::new(Vec::new(), b"")),
        FromSource::Finish,
    ] {
        let item = DumpOptions::wire().dumps(&message).unwrap();
        assert_eq!(FromSource::try_from(item).as_ref(), Ok(&message));
        assert_eq!(FromSource::try_from(on_the_wire(&message)), Ok(message));
    }
    for message in [
        FromTarget::Want(b"w".to_vec()),
        FromTarget::Ask(b"a".to_vec()),
        FromTarget::Ack {
            taken: 1 << 40,
            outcomes: Vec::new(),
        },
        FromTarget::Note(b"n".to_vec()),
        FromTarget::Done,
    ] {
        assert_eq!(FromTarget::try_from(on_the_wire(&message)), Ok(message));
    }
}

#[test]
fn segments_and_body_are_found_in_an_item_as_it_came() {
    let sent = Content::new(b"segments".to_vec(), b"body");
    assert_eq!(
        (sent.segments(), sent.body()),
        (&b"segments"[..], &b"body"[..])
    );
    let item = DumpOptions::wire().dumps(&FromSource::Data(sent)).unwrap();
    let Ok(FromSource::Data(found)) = FromSource::try_from(item) else {
        panic!("no DATA");
    };
    assert_eq!(
        (found.segments(), found.body()),
        (&b"segments"[..], &b"body"[..])
    );
    assert_ne!(found, Content::new(b"segments".to_vec(), b"bod"));
    assert_ne!(found, Content::new(b"segment".to_vec(), b"body"));
}

#[test]
fn data_ends_with_a_tuple_of_three_and_nothing_behind_it() {
    type Written = Result<(), EncodeError<core::convert::Infallible>>;
    type Finish = fn(&mut Encoder<Vec<u8>>) -> Written;
    let item = |end: Finish| {
        let mut encoder = Encoder::new(Vec::new());
        3_i64.dump(&mut encoder).unwrap();
        encoder.bytes(b"s").unwrap();
        encoder.bytes(b"b").unwrap();
        end(&mut encoder).unwrap();
        FromSource::try_from(encoder.into_inner())
    };
    let whole = item(|encoder| encoder.tuple(3).and_then(|()| encoder.stop()));
    assert_eq!(
        whole,
        Ok(FromSource::Data(Content::new(b"s".to_vec(), b"b")))
    );
    for (case, end) in [
        (
            "two of three",
            (|encoder| encoder.tuple(2).and_then(|()| encoder.stop())) as Finish,
        ),
        ("no tuple", |encoder| encoder.stop()),
        ("no end", |encoder| encoder.tuple(3)),
        ("another token", |encoder| {
            encoder.tuple(3)?;
            Value::None.dump(encoder)
        }),
    ] {
        assert_eq!(item(end), Err(ProtocolError::Message), "{case}");
    }
    for item in [
        DumpOptions::wire().dumps(&(3, Bytes(b"s"), Bytes(b"b"), 1)),
        DumpOptions::wire().dumps(&Value::List(vec![
            Value::from(3),
            Value::Bytes(b"s".to_vec()),
            Value::Bytes(b"b".to_vec()),
        ])),
    ] {
        assert_eq!(
            FromSource::try_from(item.unwrap()),
            Err(ProtocolError::Message)
        );
    }
}

#[test]
fn items_that_are_no_message_are_refused() {
    let source = |value: Value| FromSource::try_from(value).unwrap_err();
    assert_eq!(source(Value::None), ProtocolError::Message);
    assert_eq!(source(Value::Tuple(vec![])), ProtocolError::Message);
    assert_eq!(
        source(Value::Tuple(vec![Value::from(99)])),
        ProtocolError::Message
    );
    assert_eq!(source(Value::from((2, "text"))), ProtocolError::Message);
    assert_eq!(source(on_the_wire(&(4, 4))), ProtocolError::Message);
    let item = |item: &[u8]| FromSource::try_from(item.to_vec()).unwrap_err();
    let data = DumpOptions::wire()
        .dumps(&FromSource::Data(Content::new(b"s".to_vec(), b"b")))
        .unwrap();
    for len in 0..data.len() {
        assert_eq!(item(&data[..len]), ProtocolError::Message, "{len}");
    }
    assert_eq!(
        FromTarget::try_from(on_the_wire(&(14, 4))),
        Err(ProtocolError::Message)
    );
    let negative = on_the_wire(&(12, -1, execnet_serializer::Bytes(b"")));
    assert_eq!(FromTarget::try_from(negative), Err(ProtocolError::Message));
}
