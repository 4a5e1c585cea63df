//! The execnet command.
fn main() {}
