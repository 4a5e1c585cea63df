//! The records of `docs/rsync-protocol.md`, encoded without any check.

use execnet::Value;

pub(crate) const NOT_YET: u8 = 0;
pub(crate) const WHOLE: u8 = 1;
pub(crate) const CUT_OFF: u8 = 2;

pub(crate) const LAST: u8 = 1;
pub(crate) const FIRST: u8 = 2;
pub(crate) const SAME: u8 = 4;
pub(crate) const FAILED: u8 = 8;
pub(crate) const HOLE: u8 = 16;

pub(crate) fn entry(kind: u8, mode: u16, size: u64, name: &[u8], text: &[u8]) -> Vec<u8> {
    let mut packed = vec![kind];
    packed.extend(mode.to_be_bytes());
    packed.extend(size.to_be_bytes());
    packed.extend(7_i64.to_be_bytes());
    packed.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
    packed.extend(name);
    packed.extend(text);
    packed
}

/// A root that is a folder.
pub(crate) fn root() -> Vec<u8> {
    entry(b'd', 0o755, 0, b"", b"")
}

pub(crate) fn file(name: &[u8], size: u64) -> Vec<u8> {
    entry(b'f', 0o644, size, name, b"")
}

/// A name of a file of four bytes that has several.
pub(crate) fn hard_link(name: &[u8], first: u32) -> Vec<u8> {
    entry(b'h', 0o644, 4, name, &first.to_be_bytes())
}

pub(crate) fn folder(name: &[u8]) -> Vec<u8> {
    entry(b'd', 0o755, 0, name, b"")
}

/// A link by its text; with the kind `i` by the path from the root.
pub(crate) fn link(kind: u8, name: &[u8], text: &[u8]) -> Vec<u8> {
    entry(kind, 0, u64::try_from(text.len()).unwrap(), name, text)
}

/// LIST of one section.
pub(crate) fn list(folder: u32, end: u8, entries: &[Vec<u8>]) -> Value {
    let count = u32::try_from(entries.len()).unwrap();
    list_raw(folder, count, end, &entries.concat())
}

/// LIST of several sections.
pub(crate) fn lists(sections: &[Value]) -> Value {
    let records = sections.iter().filter_map(|list| match list {
        Value::Tuple(fields) => fields.get(1)?.as_bytes(),
        _ => None,
    });
    message(2, records.flatten().copied().collect())
}

pub(crate) fn list_raw(folder: u32, count: u32, end: u8, entries: &[u8]) -> Value {
    let mut packed = folder.to_be_bytes().to_vec();
    packed.extend(count.to_be_bytes());
    packed.push(end);
    packed.extend(entries);
    message(2, packed)
}

/// The header of a segment of `len` bytes, for a file of `size` bytes.
pub(crate) fn segment(file: u32, flags: u8, mode: u16, size: u64, len: u32) -> Vec<u8> {
    let mut packed = file.to_be_bytes().to_vec();
    packed.push(flags);
    packed.extend(mode.to_be_bytes());
    packed.extend(size.to_be_bytes());
    packed.extend(7_i64.to_be_bytes());
    packed.extend(len.to_be_bytes());
    packed
}

pub(crate) fn data(segments: &[Vec<u8>], body: &[u8]) -> Value {
    let segments = Value::Bytes(segments.concat());
    Value::Tuple(vec![3.into(), segments, Value::Bytes(body.to_vec())])
}

/// DATA with a whole file.
pub(crate) fn content(file: u32, body: &[u8]) -> Value {
    let len = u32::try_from(body.len()).unwrap();
    data(&[segment(file, FIRST | LAST, 0o644, len.into(), len)], body)
}

/// DATA that says that the file is the one of the digest.
pub(crate) fn same(file: u32, mode: u16) -> Value {
    data(&[segment(file, SAME | LAST, mode, 0, 0)], b"")
}

pub(crate) fn wants(files: &[u32]) -> Value {
    let packed = files.iter().flat_map(|file| {
        let [a, b, c, d] = file.to_be_bytes();
        [a, b, c, d, 0]
    });
    message(10, packed.collect())
}

pub(crate) fn asks(folders: &[u32]) -> Value {
    message(
        11,
        folders
            .iter()
            .flat_map(|folder| folder.to_be_bytes())
            .collect(),
    )
}

pub(crate) fn ack(taken: i64, outcomes: &[u8]) -> Value {
    Value::Tuple(vec![
        12.into(),
        taken.into(),
        Value::Bytes(outcomes.to_vec()),
    ])
}

pub(crate) fn done() -> Value {
    Value::Tuple(vec![14.into()])
}

pub(crate) fn message(number: i64, packed: Vec<u8>) -> Value {
    Value::Tuple(vec![number.into(), Value::Bytes(packed)])
}
