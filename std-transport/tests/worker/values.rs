//! Values that cross the link, and values that cannot.

use execnet::Value;
use execnet::serializer::{Bytes, Complex, Dict, Set};
use execnet_test_support::{each_python, receive};

use crate::{ECHO, failure, run};

fn dict(pairs: &[(Value, Value)]) -> Value {
    Value::Dict(pairs.iter().cloned().collect::<Dict>())
}

#[test]
fn values_come_back_as_they_went() {
    each_python(|python, gateway| {
        let channel = run(gateway, ECHO);
        let set: Set = [1, 2, 3].into_iter().map(Value::from).collect();
        let huge: Value = {
            let digits = "-1".to_owned() + &"0".repeat(6000);
            Value::Int(digits.parse().unwrap())
        };
        let mut values = vec![
            Value::None,
            true.into(),
            false.into(),
            0.into(),
            i32::MIN.into(),
            (i64::from(i32::MIN) - 1).into(),
            i64::MAX.into(),
            huge,
            1.5.into(),
            f64::NEG_INFINITY.into(),
            Value::Complex(Complex { re: 1.0, im: -2.0 }),
            "h\u{e9}llo \u{1f40d}".into(),
            "".into(),
            Value::List(vec![]),
            Value::List(vec![1.into(), Value::List(vec![2.into()]), "x".into()]),
            Value::Tuple(vec![1.into(), Value::Tuple(vec![]), 3.into()]),
            dict(&[
                (Value::Tuple(vec![1.into(), 2.into()]), 32.into()),
                ("k".into(), Value::None),
            ]),
            Value::Set(set.clone()),
            Value::FrozenSet(set),
            Value::Set(Set::new()),
        ];
        if !python.is_2() {
            values.push(Value::Bytes(b"\0\xff".to_vec()));
        }
        for value in values {
            channel.send(&value).unwrap();
            assert_eq!(receive(&channel), value, "Python {}", python.version);
        }
    });
}

#[test]
fn texts_of_python_2_are_read_as_the_channel_is_configured() {
    each_python(|python, gateway| {
        let channel = run(
            gateway,
            "channel.send('abc')\nchannel.receive()\nchannel.send('abc')",
        );
        assert_eq!(receive(&channel), Value::from("abc"));
        channel
            .reconfigure(execnet::serializer::StrConfig::STORED)
            .unwrap();
        channel.send(()).unwrap();
        let expected = if python.is_2() {
            Value::Bytes(b"abc".to_vec())
        } else {
            "abc".into()
        };
        assert_eq!(receive(&channel), expected);
    });
}

#[test]
fn bytes_and_text_arrive_as_the_python_calls_them() {
    each_python(|python, gateway| {
        let channel = run(gateway, "for x in channel: channel.send(type(x).__name__)");
        channel.send("x").unwrap();
        channel.send(Bytes(b"x")).unwrap();
        let (text, bytes) = if python.is_2() {
            ("unicode", "str")
        } else {
            ("str", "bytes")
        };
        assert_eq!(receive(&channel), Value::from(text));
        assert_eq!(receive(&channel), Value::from(bytes));
        channel
            .reconfigure(execnet::serializer::StrConfig {
                py3str_as_py2str: true,
                ..execnet::serializer::StrConfig::CHANNEL
            })
            .unwrap();
        channel.send("x").unwrap();
        // The setting also applies to items that come back.
        let expected = if python.is_2() {
            Value::from(bytes)
        } else {
            Value::Bytes(bytes.into())
        };
        assert_eq!(receive(&channel), expected);
    });
}

#[test]
fn an_item_that_python_cannot_build_closes_its_channel_alone() {
    each_python(|_, gateway| {
        let (spoilt, good) = (run(gateway, ECHO), run(gateway, ECHO));
        let unhashable = Unhashable;
        spoilt.send(&unhashable).unwrap();
        assert!(failure(&spoilt).contains("unhashable"));
        good.send(1).unwrap();
        assert_eq!(receive(&good), Value::from(1));
    });
}

/// A dict whose key is a list, which is not hashable in Python.
struct Unhashable;

impl execnet::serializer::Dump for Unhashable {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut execnet::serializer::Encoder<W>,
    ) -> Result<(), execnet::serializer::EncodeError<W::Error>> {
        encoder.dict()?;
        encoder.list(0)?;
        encoder.none()?;
        encoder.set_item()
    }
}

#[test]
fn ints_pass_whatever_limit_of_digits_the_code_has_set() {
    each_python(|_, gateway| {
        let source = "
            import sys
            getattr(sys, 'set_int_max_str_digits', id)(640)
            for item in channel: channel.send(item)
        ";
        let channel = run(gateway, source);
        for digits in [600, 601, 641, 1201, 5000] {
            let item = Value::Int(format!("-1{}7", "0".repeat(digits - 2)).parse().unwrap());
            channel.send(&item).unwrap();
            assert_eq!(receive(&channel), item, "{digits} digits");
        }
    });
}

#[test]
fn an_error_names_type_and_place_of_a_value_that_cannot_be_sent() {
    each_python(|python, gateway| {
        for (item, kind, place) in [
            (
                "{'a': [1, {'b': object}]}",
                "<type 'type'>",
                " (at item['a'][1]['b'])",
            ),
            (
                "[(0, {1, object})]",
                "<type 'type'>",
                " (at item[0][1] element)",
            ),
            (
                "{'a': {(1, object): 2}}",
                "<type 'type'>",
                " (at item['a'] key[1])",
            ),
            ("object", "<type 'type'>", ""),
            (
                "{'a': [1, {'b': u'\\udcff'}]}",
                "<class 'str'>",
                " (at item['a'][1]['b'])",
            ),
            (
                "frozenset([u'\\udcff'])",
                "<class 'str'>",
                " (at item element)",
            ),
            ("u'\\udcff'", "<class 'str'>", ""),
        ] {
            if python.is_2() && item.contains("udcff") {
                // It encodes them.
                continue;
            }
            let text = failure(&run(gateway, &format!("channel.send({item})")));
            let kind = if python.is_2() {
                kind.to_owned()
            } else {
                kind.replace("<type", "<class")
            };
            assert!(
                text.contains("DumpError: ") && text.ends_with(&format!("{kind}{place}\n")),
                "{item}: {text}"
            );
        }
        let source = "
            def fail(put, value):
                raise MemoryError('no room')
            type(channel.gateway)._write.__globals__['DUMPERS'][float] = fail
            channel.send(1.5)
        ";
        assert!(failure(&run(gateway, source)).ends_with("\nMemoryError: no room\n"));
    });
}
