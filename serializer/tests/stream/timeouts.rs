//! Readers that fail between bytes and continue.

use super::*;

proptest! {
    #[test]
    fn a_reader_that_fails_between_any_two_bytes_loses_no_value(
        models in proptest::collection::vec(model(), 0..3),
        wire: bool,
    ) {
        let values: Vec<Value> = models.iter().map(model::Model::to_value).collect();
        let mut bytes = Vec::new();
        for value in &values {
            let options = if wire { DumpOptions::wire() } else { DumpOptions::new() };
            options.dump(Embedded(&mut bytes), value).unwrap();
        }
        let options = if wire { LoadOptions::wire() } else { LoadOptions::new() };
        let mut stream = options.stream(Embedded(late(&bytes)));
        let mut read = Vec::new();
        let mut failures = 0;
        loop {
            match stream.next_value() {
                Ok(Some(value)) => read.push(value),
                Ok(None) => break,
                Err(error) => {
                    prop_assert_eq!(error, ReadError::Io(ErrorKind::TimedOut));
                    failures += 1;
                }
            }
        }
        prop_assert_eq!(read, values);
        // One for each byte, and for the end.
        prop_assert_eq!(failures, bytes.len() + 1);
    }
}

#[test]
fn after_a_timeout_a_stream_continues_where_it_was() {
    let bytes = [dumps(&(1, "x")).unwrap(), dumps("y").unwrap()].concat();
    let mut stream = LoadOptions::new().stream(Embedded(late(&bytes)));
    let timeouts = |stream: &mut dyn Iterator<Item = Result<Value, ReadError<ErrorKind>>>| {
        let mut count = 0;
        loop {
            match stream.next() {
                Some(Err(ReadError::Io(ErrorKind::TimedOut))) => count += 1,
                other => return (count, other),
            }
        }
    };
    assert_eq!(timeouts(&mut stream), (18, Some(Ok(Value::from((1, "x"))))));
    assert_eq!(timeouts(&mut stream), (8, Some(Ok(Value::from("y")))));
    assert_eq!(timeouts(&mut stream), (1, None));
}
