//! Everything of this crate in scope leaves `serde` the crate of that name.

use execnet_serializer::*;
use serde::Serialize;

#[derive(Serialize)]
struct Point {
    x: u8,
}

#[test]
fn a_glob_import_leaves_the_name_of_serde_alone() {
    assert_eq!(to_value(&Point { x: 1 }), Ok(value!({"x": 1})));
}
