//! Writers: interrupted, of a fixed size, of std.

use super::*;

/// Takes one byte a write, and is interrupted before each.
struct Interrupted(Vec<u8>, bool);

impl ErrorType for Interrupted {
    type Error = ErrorKind;
}

impl Write for Interrupted {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.1 = !self.1;
        if self.1 {
            return Err(ErrorKind::Interrupted);
        }
        self.0.extend(bytes.first());
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_writer_that_is_interrupted_gets_the_whole_value(model in model()) {
        let mut sink = Interrupted(Vec::new(), false);
        dump(Embedded(&mut sink), &model).unwrap();
        prop_assert_eq!(sink.0, dumps(&model).unwrap());
    }
}

#[test]
fn values_fit_memory_of_a_fixed_size_or_are_refused() {
    let whole = dumps(&(1, "x")).unwrap();
    let mut buffer = [0; 64];
    for room in 0..whole.len() {
        let error = dump_to_slice(&(1, "x"), &mut buffer[..room]).unwrap_err();
        assert_eq!(error, EncodeError::Io(SliceWriteError::Full));
    }
    assert_eq!(
        dump_to_slice(&(1, "x"), &mut buffer),
        Ok(&mut whole.clone()[..])
    );
    assert_eq!(dump_to_heapless::<64>(&(1, "x")).unwrap(), whole[..]);
    assert!(matches!(
        dump_to_heapless::<8>(&(1, "x")),
        Err(EncodeError::Io(_))
    ));
    let mut sink = heapless::Vec::<u8, 64>::new();
    DumpOptions::wire()
        .dump(Embedded(&mut sink), &(1, "x"))
        .unwrap();
    assert_eq!(sink, &whole[1..]);
}

#[cfg(feature = "std")]
#[test]
fn readers_and_writers_of_std_need_no_wrapper() {
    use std::fs::File;
    use std::io::{BufReader, BufWriter, Write as _};

    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BufWriter::new(File::create(file.path()).unwrap());
    dump(&mut writer, "one").unwrap();
    dump(&mut writer, &2).unwrap();
    writer.flush().unwrap();
    assert_eq!(
        load(File::open(file.path()).unwrap()).unwrap(),
        Value::from("one")
    );
    let reader = BufReader::new(File::open(file.path()).unwrap());
    let values: Result<Vec<Value>, _> = LoadOptions::new().stream(reader).collect();
    assert_eq!(values.unwrap(), [Value::from("one"), Value::from(2)]);
    let mut bytes = Vec::new();
    dump(&mut bytes, "one").unwrap();
    assert_eq!(load(bytes.as_slice()).unwrap(), Value::from("one"));
    let boxed: Box<dyn std::io::Read> = Box::new(std::io::Cursor::new(bytes));
    assert_eq!(load(boxed).unwrap(), Value::from("one"));
}
