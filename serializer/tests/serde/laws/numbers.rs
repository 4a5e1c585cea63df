//! Numbers of any size, and those that `serde_json` keeps as text.

use super::*;

#[test]
fn integers_of_any_size_are_read_as_the_nearest_float() {
    let read = |text: &str| from_value::<f64>(&text.parse::<Value>().unwrap());
    for text in [
        "18446744073709551616",
        "-340282366920938463463374607431768211457",
    ] {
        assert_eq!(read(text).unwrap(), text.parse::<f64>().unwrap());
    }
    let largest = format!("17976931348623157{}", "0".repeat(292));
    assert_eq!(read(&largest).unwrap(), f64::MAX);
    assert!(
        read(&format!("18{}", "0".repeat(307)))
            .unwrap_err()
            .to_string()
            .contains("float")
    );
    assert!(read(&"9".repeat(10_000)).is_err());
    assert_eq!(
        from_value::<f32>(&"18446744073709551616".parse().unwrap()).unwrap(),
        2_f32.powi(64)
    );
}

/// As `serde_json` is with its feature `arbitrary_precision`, which any crate
/// of a program may switch on.
#[test]
fn numbers_that_serde_json_keeps_as_text_are_numbers() {
    struct Number(&'static str);
    impl Serialize for Number {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            const TOKEN: &str = "$serde_json::private::Number";
            let mut number = serializer.serialize_struct(TOKEN, 1)?;
            number.serialize_field(TOKEN, self.0)?;
            number.end()
        }
    }
    for (text, literal) in [
        ("1", "1"),
        ("-5000000000", "-5000000000"),
        ("100000000000000000000", "100000000000000000000"),
        ("1.50", "1.5"),
        ("-0", "-0.0"),
        ("1e3", "1000.0"),
    ] {
        let value = to_value(&[Number(text)]).unwrap();
        assert_eq!(value.to_string(), format!("({literal},)"));
    }
    let error = to_vec(&[Number("1e999")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "[0]: a JSON number beyond what a float can say"
    );
    // And read from that crate.
    let read = |text: &str| {
        let map = BTreeMap::from([("$serde_json::private::Number", text)]);
        serde_json::from_value::<Value>(serde_json::to_value(map).unwrap())
    };
    for (text, value) in [
        ("1e2", Value::Float(100.0)),
        ("5", Value::from(5)),
        ("-1", Value::from(-1)),
        ("0", Value::from(0)),
        ("-0", Value::Float(-0.0)),
        ("18446744073709551616", Value::from(1_i128 << 64)),
    ] {
        assert_eq!(read(text).unwrap(), value, "{text}");
    }
    for text in ["1e999", "-1e999", "x"] {
        let error = read(text).unwrap_err().to_string();
        assert_eq!(error, "a JSON number beyond what a float can say", "{text}");
    }
}

/// A peer can send any dict.
#[test]
fn a_dict_that_looks_like_a_number_of_serde_json_stays_a_dict() {
    let key = Value::from("$serde_json::private::Number");
    let dict = |value: Value| Value::Dict([(key.clone(), value)].into_iter().collect());
    for content in [Value::from("5"), Value::from(5), Value::from("x")] {
        let dict = dict(content);
        // The tuple is not known to be one in one pass.
        for value in [
            dict.clone(),
            Value::List(vec![dict.clone()]),
            Value::Tuple(vec![dict.clone()]),
        ] {
            let bytes = dumps(&value).unwrap();
            assert_eq!(from_slice::<Value>(&bytes).unwrap(), value);
            assert_eq!(from_value::<Value>(&value).unwrap(), value);
            let field = dumps(&Value::List(vec![value.clone(), Value::from(1)])).unwrap();
            let (read, _) = from_slice::<(Value, i32)>(&field).unwrap();
            assert_eq!(read, value);
        }
    }
    from_slice::<Int>(&dumps(&dict(Value::from("5"))).unwrap()).unwrap_err();
}

/// Raw JSON text would be a dict of that text to Python.
#[test]
fn raw_json_text_is_refused() {
    struct Raw;
    impl Serialize for Raw {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            const TOKEN: &str = "$serde_json::private::RawValue";
            let mut raw = serializer.serialize_struct(TOKEN, 1)?;
            raw.serialize_field(TOKEN, "[1]")?;
            raw.end()
        }
    }
    let error = to_vec(&BTreeMap::from([("json", Raw)])).unwrap_err();
    assert!(
        error.to_string().starts_with("['json']: JSON text"),
        "{error}"
    );
}
