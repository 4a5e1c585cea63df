//! Values into Rust types.

use execnet_serializer::Value;

#[test]
fn an_int_that_does_not_fit_is_out_of_range_not_of_a_wrong_type() {
    let text = |value: Value| u8::try_from(value).map_err(|error| error.to_string());
    assert_eq!(text(Value::from(255)), Ok(255));
    let out_of_range = "expected u8, found int out of range";
    for value in [Value::from(256), Value::from(-1), Value::from(u128::MAX)] {
        assert_eq!(text(value), Err(out_of_range.into()));
    }
    let float = text(Value::from(1.0));
    assert_eq!(float, Err("expected u8, found float".into()));
}
