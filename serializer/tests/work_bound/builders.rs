//! Documents of many values of one form, side by side or inside one another.

use crate::writer::Writer;

/// As deep as documents get.
pub(crate) const DEEPEST: usize = 510;

/// A set of keys.
pub(crate) fn set(size: usize, key: impl FnMut(&mut Writer, i32)) -> Vec<u8> {
    group(b'O', size, key)
}

pub(crate) fn group(opcode: u8, size: usize, item: impl FnMut(&mut Writer, i32)) -> Vec<u8> {
    let mut writer = Writer::default();
    let count = writer.fill(size, item);
    writer.group(opcode, count);
    writer.finish()
}

/// A dict of keys.
pub(crate) fn dict(size: usize, mut key: impl FnMut(&mut Writer, i32)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.op(b'J');
    writer.fill(size, |writer, n| {
        key(writer, n);
        writer.int(n);
        writer.op(b'P');
    });
    writer.finish()
}

/// A value with others around it, each with this in front of it and that behind.
pub(crate) fn around(
    writer: &mut Writer,
    levels: usize,
    layers: &[(&[u8], &[u8])],
    inner: impl FnOnce(&mut Writer),
) {
    let layers = || (0..levels).map(|level| layers[level % layers.len()]);
    // The first layer is the innermost.
    let mut fronts: Vec<_> = layers().map(|(front, _)| front).collect();
    fronts.reverse();
    writer.0.extend(fronts.concat());
    inner(writer);
    writer.0.extend(
        layers()
            .map(|(_, behind)| behind)
            .collect::<Vec<_>>()
            .concat(),
    );
}

pub(crate) const LIST: (&[u8], &[u8]) = (b"K\0\0\0\x01F\0\0\0\0", b"P");
pub(crate) const TUPLE: (&[u8], &[u8]) = (b"L", b"@\0\0\0\x02");
pub(crate) const DICT: (&[u8], &[u8]) = (b"JL", b"P");
pub(crate) const FROZENSET: (&[u8], &[u8]) = (b"L", b"E\0\0\0\x02");
/// A frozenset of 32, as in the shape that took seconds.
pub(crate) const WIDE: (&[u8], &[u8]) = (b"LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL", b"E\0\0\0\x20");

/// Something large at the bottom of everything that holds it.
pub(crate) fn deep(
    size: usize,
    layers: &[(&[u8], &[u8])],
    bottom: impl FnMut(&mut Writer, i32),
) -> Vec<u8> {
    let mut writer = Writer::default();
    around(&mut writer, DEEPEST, layers, |writer| {
        let end = writer.0.len() + size;
        let count = writer.fill(end, bottom);
        writer.group(b'E', count);
    });
    writer.finish()
}

/// Many values of a few levels.
pub(crate) fn many(size: usize, layers: &[(&[u8], &[u8])], levels: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.list_to(size, |writer, n| {
        around(writer, levels, layers, |writer| writer.int(n))
    });
    writer.finish()
}

/// A value of two parts that hold the value of a level below each, in an order
/// that depends on the copy; the copies may differ in one leaf.
pub(crate) fn branching(writer: &mut Writer, level: u32, leaf: i32, turned: bool) {
    if level == 0 {
        return writer.int(leaf);
    }
    for part in if turned { [2, 1] } else { [1, 2] } {
        branching(writer, level - 1, if part == 1 { leaf } else { 0 }, turned);
        writer.int(part);
        writer.group(b'@', 2);
    }
    writer.group(b'E', 2);
}

/// Sets of branching values, which fill the size.
pub(crate) fn branches(size: usize, leaf: fn(i32) -> i32) -> Vec<u8> {
    // Each level doubles 15 bytes and a leaf.
    let level = (size / 64).ilog2();
    let mut writer = Writer::default();
    for copy in 0..2 {
        branching(&mut writer, level, leaf(copy), copy == 1);
    }
    writer.group(b'O', 2);
    writer.finish()
}

pub(crate) fn small_set(writer: &mut Writer, n: i32, items: i32) {
    for bit in 0..items {
        // Sets of neighbours differ in few elements.
        writer.int(2 * bit + (n >> bit & 1));
    }
    writer.group(b'E', items.try_into().unwrap());
}

/// One integer in the three types that it may have; a fourth is a complex one.
pub(crate) fn one(writer: &mut Writer, n: i32, kind: i32) {
    match kind % 3 {
        0 => writer.int(n),
        1 => writer.float(n.into()),
        _ => {
            writer.op(b'T');
            writer.0.extend(f64::from(n).to_be_bytes());
            writer.0.extend([0; 8]);
        }
    }
}
