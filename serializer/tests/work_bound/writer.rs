//! Opcodes, one after another, in any order.

/// Opcodes, one after another.
#[derive(Clone, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn op(&mut self, opcode: u8) {
        self.0.push(opcode);
    }

    pub(crate) fn counted(&mut self, opcode: u8, bytes: &[u8]) {
        self.group(opcode, bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn group(&mut self, opcode: u8, len: usize) {
        self.op(opcode);
        self.0.extend(u32::try_from(len).unwrap().to_be_bytes());
    }

    pub(crate) fn int(&mut self, value: i32) {
        self.op(b'F');
        self.0.extend(value.to_be_bytes());
    }

    pub(crate) fn digits(&mut self, digits: &str) {
        self.counted(b'H', digits.as_bytes());
    }

    pub(crate) fn float(&mut self, value: f64) {
        self.op(b'D');
        self.0.extend(value.to_be_bytes());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.counted(b'N', text.as_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.counted(b'A', bytes);
    }

    /// Values up to a size, and how many they are.
    pub(crate) fn fill(&mut self, size: usize, mut write: impl FnMut(&mut Self, i32)) -> usize {
        let mut count = 0;
        while self.0.len() < size {
            write(self, count);
            count += 1;
        }
        usize::try_from(count).unwrap()
    }

    pub(crate) fn list_to(&mut self, size: usize, mut write: impl FnMut(&mut Self, i32)) {
        self.group(b'K', 0);
        let count = self.fill(size, |writer, n| {
            writer.int(n);
            write(writer, n);
            writer.op(b'P');
        });
        self.0[1..5].copy_from_slice(&u32::try_from(count).unwrap().to_be_bytes());
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.op(b'Q');
        self.0
    }
}
