//! Values as Python prints them.

use super::*;

fn set<const N: usize>(items: [i32; N]) -> Set {
    items.map(Value::from).into_iter().collect()
}

/// Values beside what Python 3 prints for them.
fn printed() -> Vec<(Value, &'static str)> {
    let dict = Dict::from_iter([
        (Value::from("a"), Value::List(Vec::new())),
        (
            Value::Tuple(Vec::from([Value::from(1), Value::Tuple(Vec::new())])),
            Value::None,
        ),
    ]);
    Vec::from([
        (Value::None, "None"),
        (Value::Bool(true), "True"),
        (Value::Bool(false), "False"),
        (Value::from(-5), "-5"),
        (Value::from(i64::MIN), "-9223372036854775808"),
        (
            Value::from(u128::MAX),
            "340282366920938463463374607431768211455",
        ),
        (Value::from(1.0), "1.0"),
        (Value::from(-0.0), "-0.0"),
        (Value::from(0.1), "0.1"),
        (Value::from(1e15), "1000000000000000.0"),
        (Value::from(1e16), "1e+16"),
        (Value::from(1.5e-5), "1.5e-05"),
        (Value::from(0.0001), "0.0001"),
        (Value::from(5e-324), "5e-324"),
        (Value::from(f64::MAX), "1.7976931348623157e+308"),
        (Value::from(f64::NEG_INFINITY), "-inf"),
        (Value::from(f64::NAN), "nan"),
        (complex(1.78, 3.25), "(1.78+3.25j)"),
        (complex(0.0, 1.0), "1j"),
        (complex(0.0, -1.0), "-1j"),
        (complex(0.0, -0.0), "-0j"),
        (complex(-0.0, -0.0), "(-0-0j)"),
        (complex(-1.0, 1e16), "(-1+1e+16j)"),
        (complex(f64::INFINITY, f64::NAN), "(inf+nanj)"),
        (complex(f64::NAN, f64::NEG_INFINITY), "(nan-infj)"),
        (Value::from(Bytes(b"\0'\xff\t~")), r#"b"\x00'\xff\t~""#),
        (Value::from(Bytes(b"'\"")), r#"b'\'"'"#),
        (Value::from(""), "''"),
        (Value::from("it's"), r#""it's""#),
        (Value::from("'\""), r#"'\'"'"#),
        (
            Value::from("a\\\n\r\t\x07\x7f\u{e9}"),
            r"'a\\\n\r\t\x07\x7fé'",
        ),
        (
            Value::from("\u{a0}\u{ad}\u{2028}\u{e000}\u{feff}"),
            r"'\xa0\xad\u2028\ue000\ufeff'",
        ),
        (Value::from("\u{301}e\u{301}"), "'\u{301}e\u{301}'"),
        (Value::from("\u{1f600}\u{10ffff}"), "'\u{1f600}\\U0010ffff'"),
        (Value::List(Vec::new()), "[]"),
        (Value::from([1, 2]), "[1, 2]"),
        (Value::Tuple(Vec::new()), "()"),
        (Value::from((1,)), "(1,)"),
        (Value::from((1, "x")), "(1, 'x')"),
        (Value::Dict(Dict::new()), "{}"),
        (Value::Dict(dict), "{'a': [], (1, ()): None}"),
        (Value::Set(Set::new()), "set()"),
        (Value::Set(set([1, 2])), "{1, 2}"),
        (Value::FrozenSet(Set::new()), "frozenset()"),
        (Value::FrozenSet(set([1])), "frozenset({1})"),
        (Value::Channel(ChannelId(-3)), "Channel(-3)"),
    ])
}

#[test]
fn values_print_as_python_prints_them() {
    for (value, text) in printed() {
        assert_eq!(value.to_string(), text);
    }
}

#[test]
#[allow(clippy::excessive_precision)] // The last digits are what it is about.
fn a_tie_of_shortest_floats_prints_the_even_digit() {
    for (float, text) in [
        (1.000_038_146_972_656_25, "1.0000381469726562"),
        (-0.500_003_814_697_265_6, "-0.5000038146972656"),
        (1_125_899_906_842_624.25, "1125899906842624.2"),
        (1_125_899_906_842_624.75, "1125899906842624.8"),
        (
            f64::from_bits(0x3d30_0000_0000_0000),
            "5.684341886080802e-14",
        ),
        (9.5, "9.5"),
        (0.000_000_059_604_644_775_390_625, "5.960464477539063e-08"),
        (9_007_199_254_740_993.0, "9007199254740992.0"),
        (f64::from_bits(0x406a_6233_2550_0000), "211.06874337792397"),
        (f64::from_bits(0x41da_363a_02fd_aa10), "1759045643.9635048"),
        (f64::from_bits(0x41e8_12ed_f220_4800), "3231149969.008789"),
        (f64::from_bits(0x42bf_f4ee_fe8b_3b50), "35136842140475.312"),
        (f64::from_bits(0x430f_3c64_e64a_18c2), "1099016042005272.2"),
        (0.000_030_517_578_125, "3.0517578125e-05"),
    ] {
        assert_eq!(Value::from(float).to_string(), text);
    }
}

#[test]
fn printed_values_parse_as_themselves() {
    for (value, text) in printed() {
        assert_eq!(parse(text), value, "{text}");
    }
}
