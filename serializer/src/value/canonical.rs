//! One byte string for all values that count as equal.
//!
//! Sets and dicts are equal whatever their order, at any depth. Comparing them
//! through their canonical bytes visits each value once a level; comparing
//! sorted elements recursively would take exponential time on hostile nesting.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Dict, Set, Value};

/// Which equality the bytes stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Equality {
    /// That of [`Value`]: types differ, floats by their bits.
    Exact,
    /// That of Python for keys: `True == 1 == 1.0 == 1+0j`, `0.0 == -0.0`, a
    /// NaN equals nothing.
    PythonKey,
}

/// Bytes that two values share exactly if they are equal; `None` for a value
/// that equals nothing, a key with a NaN in it.
pub(super) fn canonical(value: &Value, equality: Equality) -> Option<Vec<u8>> {
    let mut writer = Writer {
        out: Vec::new(),
        equality,
    };
    writer.value(value)?;
    Some(writer.out)
}

/// The canonical bytes of a set's elements.
pub(super) fn canonical_set(items: &Set) -> Vec<u8> {
    exact(|writer| writer.set(b'S', items))
}

/// The canonical bytes of a dict's pairs.
pub(super) fn canonical_dict(pairs: &Dict) -> Vec<u8> {
    exact(|writer| writer.dict(pairs))
}

fn exact(write: impl FnOnce(&mut Writer) -> Option<()>) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::new(),
        equality: Equality::Exact,
    };
    // Only a Python key can equal nothing.
    let written = write(&mut writer);
    debug_assert!(written.is_some());
    writer.out
}

struct Writer {
    out: Vec<u8>,
    equality: Equality,
}

impl Writer {
    /// Every part is written with its kind and length in front, so that no
    /// content can be read as another's structure.
    fn value(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::None => self.field(b'N', &[]),
            Value::Str(text) => self.field(b's', text.as_bytes()),
            Value::Bytes(bytes) => self.field(b'b', bytes),
            Value::Channel(id) => self.field(b'c', &id.0.to_be_bytes()),
            Value::List(items) => return self.sequence(b'l', items),
            Value::Tuple(items) => return self.sequence(b't', items),
            Value::Dict(pairs) => return self.dict(pairs),
            Value::Set(items) => return self.set(b'S', items),
            Value::FrozenSet(items) => return self.set(b'F', items),
            _ if self.equality == Equality::PythonKey => return self.python_number(value),
            _ => self.exact_number(value),
        }
        Some(())
    }

    fn field(&mut self, kind: u8, content: &[u8]) {
        self.head(kind, content.len());
        self.out.extend_from_slice(content);
    }

    fn head(&mut self, kind: u8, len: usize) {
        self.out.push(kind);
        self.out.extend_from_slice(&(len as u64).to_be_bytes());
    }

    // These call one another once a level: in loops, because iterator adaptors
    // would take several times the stack where nothing is optimised.

    fn sequence(&mut self, kind: u8, items: &[Value]) -> Option<()> {
        self.head(kind, items.len());
        for item in items {
            self.value(item)?;
        }
        Some(())
    }

    fn set(&mut self, kind: u8, items: &Set) -> Option<()> {
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            texts.push(canonical(item, self.equality)?);
        }
        self.sorted(kind, texts);
        Some(())
    }

    fn dict(&mut self, pairs: &Dict) -> Option<()> {
        let mut texts = Vec::with_capacity(pairs.len());
        for (key, value) in pairs.iter() {
            let mut text = canonical(key, self.equality)?;
            text.append(&mut canonical(value, self.equality)?);
            texts.push(text);
        }
        self.sorted(b'd', texts);
        Some(())
    }

    fn sorted(&mut self, kind: u8, mut texts: Vec<Vec<u8>>) {
        texts.sort_unstable();
        self.head(kind, texts.len());
        for text in texts {
            self.out.extend_from_slice(&text);
        }
    }

    fn exact_number(&mut self, value: &Value) {
        match value {
            Value::Bool(value) => self.field(b'?', &[u8::from(*value)]),
            Value::Int(value) => self.field(b'i', value.to_string().as_bytes()),
            Value::Float(value) => self.field(b'd', &value.to_bits().to_be_bytes()),
            Value::Complex(value) => self.pair(value.re, value.im),
            // The other kinds are not numbers.
            _ => {}
        }
    }

    fn pair(&mut self, re: f64, im: f64) {
        let bits = [re, im].map(|part| part.to_bits().to_be_bytes());
        self.field(b'j', bits.as_flattened());
    }

    /// Whole numbers are written as their digits, others by their bits.
    fn python_number(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::Bool(value) => self.field(b'i', if *value { b"1" } else { b"0" }),
            Value::Float(value) => return self.python_real(*value),
            Value::Complex(value) if value.im == 0.0 => return self.python_real(value.re),
            Value::Complex(value) if value.re.is_nan() || value.im.is_nan() => return None,
            // Adding zero turns -0.0 into 0.0.
            Value::Complex(value) => self.pair(value.re + 0.0, value.im + 0.0),
            _ => self.exact_number(value),
        }
        Some(())
    }

    fn python_real(&mut self, value: f64) -> Option<()> {
        if value.is_nan() {
            return None;
        }
        if value.is_finite() && value % 1.0 == 0.0 {
            // Exact: the formatter writes out every digit of a whole double.
            self.field(b'i', format!("{:.0}", value + 0.0).as_bytes());
        } else {
            self.field(b'd', &value.to_bits().to_be_bytes());
        }
        Some(())
    }
}
