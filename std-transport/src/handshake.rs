//! The worker's answer, found in whatever its output begins with.

use core::hash::{BuildHasher, Hasher};
use std::hash::RandomState;

use execnet_serializer::{LoadError, LoadOptions, Value};

/// Maximum length of an answer, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Maximum number of output bytes before the answer.
const MAX_PREAMBLE: usize = 1 << 20;

/// Sixteen hexadecimal digits that a worker gives back, so that nothing else it prints is taken for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nonce(String);

impl Nonce {
    pub(crate) fn new() -> Self {
        // The standard library's per-process random keys: not secret, but different every time.
        let number = RandomState::new().build_hasher().finish();
        Self(format!("{number:016x}"))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The mark in front of the answer. The payload does not contain it in this form, so that an interpreter that
    /// echoes its input does not appear to answer.
    fn mark(&self) -> Vec<u8> {
        format!("EXECNET-{}-", self.0).into_bytes()
    }
}

/// The answer of a worker that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    /// Whether the worker reads and writes pickles.
    pub(crate) pickles: bool,
    /// The bytes after the answer: the first of frames.
    pub(crate) rest: Vec<u8>,
}

/// Why the output holds no answer.
#[derive(Debug, Clone)]
pub(crate) enum BadAnswer {
    /// The worker refused its settings; the text says why.
    Refused(String),
    /// It wrote more than the maximum without an answer.
    TooMuchOutput,
    /// The answer is malformed.
    Malformed(Option<LoadError>),
}

/// Collects output until it holds an answer.
#[derive(Debug)]
pub(crate) struct Scanner {
    mark: Vec<u8>,
    seen: Vec<u8>,
    /// No mark begins before this offset.
    searched: usize,
}

impl Scanner {
    pub(crate) fn new(nonce: &Nonce) -> Self {
        Self {
            mark: nonce.mark(),
            seen: Vec::new(),
            searched: 0,
        }
    }

    /// Takes more output; returns the answer once it is complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<Ready>, BadAnswer> {
        self.seen.extend_from_slice(bytes);
        let Some(start) = self.find_mark() else {
            return if self.seen.len() > MAX_PREAMBLE {
                Err(BadAnswer::TooMuchOutput)
            } else {
                Ok(None)
            };
        };
        let after = self.seen.get(start + self.mark.len()..).unwrap_or_default();
        let Some((length, after)) = after.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        // Before the rest is awaited: the length comes from the other end, and everything up to it is kept in memory.
        if length > MAX_ANSWER {
            return Err(BadAnswer::Malformed(None));
        }
        match after.split_at_checked(length) {
            Some((answer, rest)) => read_answer(answer, rest).map(Some),
            None => Ok(None),
        }
    }

    /// The output before the answer, or all of it if there is none.
    pub(crate) fn preamble(mut self) -> Vec<u8> {
        if let Some(start) = self.find_mark() {
            self.seen.truncate(start);
        }
        self.seen
    }

    fn find_mark(&mut self) -> Option<usize> {
        let unsearched = self.seen.get(self.searched..).unwrap_or_default();
        let found = unsearched
            .windows(self.mark.len())
            .position(|window| window == self.mark);
        if let Some(offset) = found {
            self.searched += offset;
            return Some(self.searched);
        }
        // The last bytes may be the beginning of the mark.
        self.searched = (self.seen.len() + 1).saturating_sub(self.mark.len());
        None
    }
}

fn read_answer(answer: &[u8], rest: &[u8]) -> Result<Ready, BadAnswer> {
    let ready = |pickles| Ready {
        pickles,
        rest: rest.to_vec(),
    };
    match LoadOptions::wire().loads(answer) {
        Ok(Value::Int(_)) => Ok(ready(false)),
        Ok(Value::Tuple(parts)) if is_pid_and_one(&parts) => Ok(ready(true)),
        Ok(Value::Str(reason)) => Err(BadAnswer::Refused(reason.into())),
        Ok(_) => Err(BadAnswer::Malformed(None)),
        Err(error) => Err(BadAnswer::Malformed(Some(error))),
    }
}

/// The answer of a worker that reads and writes pickles.
fn is_pid_and_one(parts: &[Value]) -> bool {
    matches!(parts, [Value::Int(_), one] if one.as_i64() == Some(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use execnet_serializer::DumpOptions;

    fn answer(nonce: &Nonce, value: &Value) -> Vec<u8> {
        let payload = DumpOptions::wire().dumps(value).unwrap();
        let mut bytes = nonce.mark();
        bytes.extend((payload.len() as u32).to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    fn ready() -> Value {
        Value::from(7)
    }

    #[test]
    fn an_answer_is_found_behind_noise_however_it_is_cut() {
        let nonce = Nonce::new();
        let mut output = b"Welcome!\r\nEXECNET-EXECNET-".to_vec();
        let preamble = output.clone();
        output.extend(answer(&nonce, &ready()));
        output.extend(b"frames");
        for size in 1..output.len() {
            let mut scanner = Scanner::new(&nonce);
            let mut found = Vec::new();
            let mut chunks = output.chunks(size);
            for chunk in chunks.by_ref() {
                if let Some(ready) = scanner.push(chunk).unwrap() {
                    found = ready.rest;
                    break;
                }
            }
            found.extend(chunks.flatten());
            assert_eq!(found, b"frames");
            assert_eq!(scanner.preamble(), preamble);
        }
    }

    #[test]
    fn a_refusal_carries_its_reason() {
        let nonce = Nonce::new();
        let refusal = answer(&nonce, &Value::from("no such directory"));
        let error = Scanner::new(&nonce).push(&refusal).unwrap_err();
        assert!(matches!(error, BadAnswer::Refused(reason) if reason == "no such directory"));
    }

    #[test]
    fn the_mark_of_another_is_noise() {
        let (ours, theirs) = (Nonce::new(), Nonce::new());
        assert_ne!(ours, theirs);
        let mut scanner = Scanner::new(&ours);
        assert_eq!(scanner.push(&answer(&theirs, &ready())).unwrap(), None);
    }

    #[test]
    fn the_preamble_is_empty_without_output() {
        let mut scanner = Scanner::new(&Nonce::new());
        assert_eq!(scanner.push(b"").unwrap(), None);
        assert_eq!(scanner.preamble(), b"");
    }

    #[test]
    fn output_and_answer_may_be_as_long_as_their_limits() {
        let nonce = Nonce::new();
        let mut scanner = Scanner::new(&nonce);
        assert_eq!(scanner.push(&vec![b'y'; MAX_PREAMBLE]).unwrap(), None);
        assert!(matches!(scanner.push(b"y"), Err(BadAnswer::TooMuchOutput)));
        let mut longest = nonce.mark();
        longest.extend((MAX_ANSWER as u32).to_be_bytes());
        assert_eq!(Scanner::new(&nonce).push(&longest).unwrap(), None);
    }

    #[test]
    fn endless_noise_and_a_wrong_answer_are_given_up() {
        let nonce = Nonce::new();
        let preamble = vec![b'y'; MAX_PREAMBLE + 1];
        assert!(matches!(
            Scanner::new(&nonce).push(&preamble),
            Err(BadAnswer::TooMuchOutput)
        ));
        let mut long = nonce.mark();
        long.extend([0xff; 4]);
        assert!(matches!(
            Scanner::new(&nonce).push(&long),
            Err(BadAnswer::Malformed(None))
        ));
        let odd = answer(&nonce, &Value::None);
        assert!(matches!(
            Scanner::new(&nonce).push(&odd),
            Err(BadAnswer::Malformed(None))
        ));
    }
}
