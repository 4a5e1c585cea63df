//! Random values of all kinds, which a Python returns unchanged.

use core::num::Wrapping;

use execnet::Value;
use execnet::serializer::{Complex, Int};

/// A small generator of pseudo-random numbers (xorshift64*): the same seed gives the same soak.
#[derive(Debug, Clone)]
pub(crate) struct Random(Wrapping<u64>);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Never zero, from which there is no way out.
        Self((Wrapping(seed) * Wrapping(0x9e37_79b9_7f4a_7c15)) | Wrapping(1))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0 * Wrapping(0x2545_f491_4f6c_dd1d)).0
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A value; containers stand inside one another no deeper than `depth`.
    pub(crate) fn value(&mut self, depth: u32) -> Value {
        let kinds = if depth == 0 { 8 } else { 13 };
        match self.below(kinds) {
            0 => Value::None,
            1 => Value::Bool(self.below(2) == 1),
            2 => Value::from(self.next() as i32),
            3 => Value::Int(self.large()),
            4 => Value::Float(self.float()),
            5 => Value::Complex(Complex {
                re: self.float(),
                im: self.float(),
            }),
            6 => Value::Bytes(self.bytes()),
            7 => Value::from(self.text()),
            8 => Value::List(self.several(|random| random.value(depth - 1))),
            9 => Value::Tuple(self.several(|random| random.value(depth - 1))),
            10 => Value::Dict(
                self.several(|random| (random.key(), random.value(depth - 1)))
                    .into_iter()
                    .collect(),
            ),
            11 => Value::Set(self.several(Self::key).into_iter().collect()),
            _ => Value::FrozenSet(self.several(Self::key).into_iter().collect()),
        }
    }

    fn several<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(6)).map(|_| one(self)).collect()
    }

    /// Two of these are equal to Python where they are equal here.
    fn key(&mut self) -> Value {
        match self.below(3) {
            0 => Value::from(self.next() as i32),
            1 => Value::from(self.text()),
            _ => Value::Tuple(vec![Value::from(self.next() as i32), Value::None]),
        }
    }

    /// Beyond 32 bits, and positive: stock execnet cannot send what is below.
    fn large(&mut self) -> Int {
        Int::from((u128::from(self.next()) << self.below(64)) + (1 << 40))
    }

    /// Every bit pattern but those of signalling NaNs, which processors change.
    fn float(&mut self) -> f64 {
        let float = f64::from_bits(self.next());
        if float.is_nan() { f64::NAN } else { float }
    }

    /// Mostly short; at times more than a pipe takes at once.
    fn length(&mut self) -> u64 {
        match self.below(50) {
            0 => self.below(200_000),
            _ => self.below(30),
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.length()).map(|_| self.next() as u8).collect()
    }

    fn text(&mut self) -> String {
        let length = self.length();
        let any = (0..length).filter_map(|_| char::from_u32(self.next() as u32 % 0x11_0000));
        any.collect()
    }
}
