//! Unit tests that need more than one module.

mod error_texts;
mod predicates;
