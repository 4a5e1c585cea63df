//! Documents that are made to cost.

use crate::builders::{
    DEEPEST, DICT, FROZENSET, LIST, TUPLE, WIDE, around, branches, deep, dict, group, many, one,
    set, small_set,
};
use crate::writer::Writer;

/// A document of about this many bytes, and its name.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) make: fn(usize) -> Vec<u8>,
}

macro_rules! shapes {
    ($($name:literal => $make:expr,)*) => {
        /// The table of hostile documents.
        pub(crate) static ALL: &[Shape] = &[$(Shape { name: $name, make: $make },)*];
    };
}

shapes! {
    // Nesting.
    "frozensets around bytes" => |size| {
        let mut writer = Writer::default();
        around(&mut writer, DEEPEST, &[WIDE], |writer| {
            writer.bytes(&vec![7; size]);
            writer.group(b'E', 1);
        });
        writer.finish()
    },
    "frozensets around many" => |size| deep(size, &[FROZENSET], |writer, n| writer.int(n)),
    "tuples around many" => |size| {
        let bytes = deep(size, &[TUPLE], |writer, n| writer.int(n));
        [b"L", bytes.strip_suffix(b"Q").unwrap(), b"O\0\0\0\x02Q"].concat()
    },
    "frozensets in tuples around many" => |size| deep(size, &[FROZENSET, TUPLE], |writer, n| writer.int(n)),
    "lists around many" => |size| deep(size, &[LIST], |writer, n| writer.int(n)),
    "dicts around many" => |size| deep(size, &[DICT], |writer, n| writer.int(n)),
    "frozensets in dicts around many" => |size| {
        let layers: Vec<_> = (0..DEEPEST).map(|level| if level < 255 { FROZENSET } else { DICT }).collect();
        deep(size, &layers, |writer, n| writer.int(n))
    },
    "lists in dicts in tuples around many" => |size| deep(size, &[LIST, DICT, TUPLE], |writer, n| writer.int(n)),
    "frozensets around a NaN and many" => |size| deep(size, &[FROZENSET], |writer, n| {
        if n == 0 { writer.float(f64::NAN) } else { writer.int(n) }
    }),
    "dicts under NaNs around many" => |size| {
        let nan = [&b"JD"[..], &f64::NAN.to_be_bytes()].concat();
        deep(size, &[(&nan, b"P")], |writer, n| writer.int(n))
    },
    "many deep frozensets" => |size| many(size, &[FROZENSET], 100),
    "many shallow frozensets" => |size| many(size, &[FROZENSET], 2),
    "many deep tuples" => |size| many(size, &[TUPLE], 100),
    "many deep lists and dicts" => |size| many(size, &[LIST, DICT], 100),
    "empty frozensets in frozensets" => |size| group(b'@', size, |writer, _| {
        writer.group(b'E', 0);
        writer.group(b'E', 1);
    }),
    "frozensets that branch" => |size| branches(size, |_| 7),
    "frozensets that branch and differ" => |size| branches(size, |copy| copy),
    // Repeated elements.
    "one int" => |size| set(size, |writer, _| writer.int(7)),
    "one int, as a key" => |size| dict(size, |writer, _| writer.int(7)),
    "one text" => |size| dict(size, |writer, _| writer.text("a key of some length, like many another")),
    "one tuple" => |size| set(size, |writer, _| {
        (0..20).for_each(|n| writer.int(n));
        writer.group(b'@', 20);
    }),
    "one frozenset" => |size| set(size, |writer, _| small_set(writer, 0, 10)),
    "one frozenset in three types" => |size| set(size, |writer, n| {
        (0..8).for_each(|item| one(writer, item, n >> item));
        writer.group(b'E', 8);
    }),
    "one number in three types" => |size| set(size, |writer, n| one(writer, 7, n)),
    "one number of 301 digits in two types" => |size| {
        let digits = format!("{:.0}", 1e300);
        set(size, move |writer, n| if n == 0 { writer.digits(&digits) } else { writer.float(1e300) })
    },
    "one number of 301 digits in two types, the float first" => |size| {
        let digits = format!("{:.0}", 1e300);
        set(size, move |writer, n| if n == 0 { writer.float(1e300) } else { writer.digits(&digits) })
    },
    "NaNs" => |size| set(size, |writer, _| writer.float(f64::NAN)),
    "NaNs as keys" => |size| dict(size, |writer, _| writer.float(f64::NAN)),
    "frozensets of a NaN" => |size| set(size, |writer, n| {
        writer.int(n % 2);
        writer.float(f64::NAN);
        writer.group(b'E', 2);
    }),
    // Keys that collide where a hash is weak.
    "ints" => |size| set(size, |writer, n| writer.int(n)),
    "ints of equal low bits" => |size| set(size, |writer, n| writer.int(n << 14)),
    "large ints of equal low bits" => |size| set(size, |writer, n| writer.digits(&(i128::from(n) << 60).to_string())),
    "multiples of 2^61 - 1" => |size| set(size, |writer, n| {
        writer.digits(&(i128::from(n + 9) * ((1 << 61) - 1)).to_string());
    }),
    "whole floats" => |size| set(size, |writer, n| writer.float(n.into())),
    "floats of few bits" => |size| set(size, |writer, n| writer.float(f64::from(n) * 2_f64.powi(-40))),
    "powers of two" => |size| set(size, |writer, n| writer.float(2_f64.powi(n % 2000 - 1000) * f64::from(1 + n / 2000))),
    "floats near 1e300" => |size| set(size, |writer, n| writer.float(1e300 + f64::from(n) * 1e285)),
    "ints near 1e300" => |size| {
        let digits = "1".repeat(293);
        set(size, move |writer, n| writer.digits(&format!("{digits}{n:08}")))
    },
    "complex numbers" => |size| set(size, |writer, n| {
        writer.op(b'T');
        writer.0.extend(f64::from(n % 300).to_be_bytes());
        writer.0.extend(f64::from(n / 300 + 1).to_be_bytes());
    }),
    "channels" => |size| set(size, |writer, n| writer.group(b'B', n.unsigned_abs() as usize)),
    "names of one prefix" => |size| dict(size, |writer, n| writer.text(&format!("key-{n}"))),
    "names in order" => |size| dict(size, |writer, n| writer.text(&format!("{n:010}"))),
    "texts that differ in the middle" => |size| {
        let half = "x".repeat(100);
        set(size, move |writer, n| writer.text(&format!("{half}{n:08}{half}")))
    },
    "few long texts that differ in the middle" => |size| {
        let half = "x".repeat(size / 60);
        set(size, move |writer, n| writer.text(&format!("{half}{n:04}{half}")))
    },
    "texts of zeros" => |size| set(size, |writer, n| writer.text(&"\0".repeat(n.unsigned_abs() as usize))),
    "bytes" => |size| set(size, |writer, n| writer.bytes(&n.to_le_bytes())),
    "pairs of a small int and a text" => |size| dict(size, |writer, n| {
        writer.int(n % 3);
        writer.text(&n.to_string());
        writer.group(b'@', 2);
    }),
    "pairs of ints" => |size| set(size, |writer, n| {
        writer.int(n / 300);
        writer.int(n % 300);
        writer.group(b'@', 2);
    }),
    "tuples that differ at the end" => |size| set(size, |writer, n| {
        (0..30).for_each(|item| writer.int(item));
        writer.int(n);
        writer.group(b'@', 31);
    }),
    "frozensets that share most elements" => |size| set(size, |writer, n| {
        (0..30).for_each(|item| writer.int(item));
        writer.int(n + 30);
        writer.group(b'E', 31);
    }),
    "frozensets of neighbours" => |size| set(size, |writer, n| small_set(writer, n, 16)),
    "frozensets of one int" => |size| set(size, |writer, n| {
        writer.int(n);
        writer.group(b'E', 1);
    }),
    "small dicts of long names" => |size| {
        let name = "n".repeat(60);
        let mut writer = Writer::default();
        writer.list_to(size, |writer, n| {
            writer.op(b'J');
            for key in 0..32 {
                writer.text(&format!("{name}{key:02}{n:08}{name}"));
                writer.op(b'L');
                writer.op(b'P');
            }
        });
        writer.finish()
    },
    // Leaves.
    "a huge int" => |size| {
        let mut writer = Writer::default();
        writer.digits(&"7".repeat(size));
        writer.finish()
    },
    "a huge int of zeros" => |size| {
        let mut writer = Writer::default();
        writer.digits(&format!("-{}1", "0".repeat(size)));
        writer.finish()
    },
    "a huge int with underscores" => |size| {
        let mut writer = Writer::default();
        writer.digits(&format!(" +{}1", "1_".repeat(size / 2)));
        writer.finish()
    },
    "huge ints as keys" => |size| set(size, |writer, n| writer.digits(&format!("{n}{}", "7".repeat(1000)))),
    "ints of 20 digits" => |size| set(size, |writer, n| writer.digits(&format!("{}", u64::MAX - n.unsigned_abs() as u64))),
    "a long text" => |size| {
        let mut writer = Writer::default();
        writer.text(&"é€😀x".repeat(size / 10));
        writer.finish()
    },
    "short texts between bytes that are none" => |size| group(b'@', size, |writer, n| {
        writer.text(["a", "é", "€", "😀"][n.unsigned_abs() as usize % 4]);
        writer.float(f64::from_bits(u64::MAX));
    }),
    "a text that is cut behind short ones" => |size| {
        let mut writer = Writer::default();
        let count = writer.fill(size, |writer, n| writer.text(["a", "é", "€", "😀"][n.unsigned_abs() as usize % 4]));
        writer.counted(b'N', b"\xf0\x9f\x98");
        writer.group(b'@', count + 1);
        writer.finish()
    },
    "bytes that are not printable" => |size| {
        let mut writer = Writer::default();
        writer.bytes(&vec![0; size]);
        writer.finish()
    },
    "the smallest values" => |size| group(b'@', size, |writer, _| writer.op(b'L')),
    "empty dicts" => |size| group(b'@', size, |writer, _| writer.op(b'J')),
    // Damage far inside, under long names.
    "a refused value under a long name" => |size| {
        let mut writer = Writer::default();
        let levels = 250;
        for _ in 0..levels {
            writer.op(b'J');
            writer.text("t");
        }
        writer.op(b'J');
        writer.text(&"\u{1}".repeat(size));
        writer.bytes(b"\xff");
        (0..=levels).for_each(|_| writer.op(b'P'));
        writer.finish()
    },
    "refused values under long names" => |size| {
        let name = "\u{1}".repeat(size / 200);
        let mut writer = Writer::default();
        (0..200).for_each(|_| {
            writer.op(b'J');
            writer.text(&name);
        });
        writer.bytes(b"\xff");
        (0..200).for_each(|_| writer.op(b'P'));
        writer.finish()
    },
    "an unhashable key behind many" => |size| {
        let mut writer = Writer::default();
        let count = writer.fill(size, |writer, n| writer.int(n));
        writer.op(b'J');
        writer.group(b'@', 1);
        writer.group(b'O', count + 1);
        writer.finish()
    },
    "no end" => |size| {
        let mut bytes = dict(size, |writer, n| writer.text(&format!("key-{n}")));
        bytes.pop();
        bytes
    },
    "more open dicts than may be" => |size| b"JL".repeat(size / 2),
    "lists that announce what cannot be" => |size| b"K\0\0\0\x7fF\0\0\0\0".repeat(size / 10),
}
