//! Python's own `repr` and `ast.literal_eval` beside this crate's.

use std::io::{ErrorKind, Read, Write};
use std::process::{Command, Stdio};

use execnet_serializer::Value;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Prints the `repr` of made-up values, one a line, in hexadecimal.
const MAKE_VALUES: &str = r"
import random, struct
pick = random.Random(20240229)

def real():
    bits = pick.getrandbits(64)
    halfway = pick.getrandbits(53) * 2.0 ** -pick.randrange(-25, 30)
    special = [halfway, 0.0, -0.0, 1e16, 1e-5, 123456789012345680.0, 5e-324, float('inf'), float('nan')]
    return pick.choice([struct.unpack('<d', struct.pack('<Q', bits))[0], pick.random(),
                        round(pick.uniform(-1e6, 1e6), 3), float(bits >> 20), pick.choice(special)])

def text():
    # Any character but half ones and those that no Unicode version this old knows.
    import unicodedata
    ranges = [0x80, 0x80, 0x250, 0x3000, 0x110000]
    chars = (chr(pick.randrange(pick.choice(ranges))) for _ in range(pick.randrange(12)))
    return ''.join(c for c in chars if unicodedata.category(c) not in ('Cs', 'Cn'))

def key(depth):
    kinds = [lambda: None, lambda: pick.random() < .5, lambda: pick.getrandbits(pick.choice([4, 31, 65, 200])),
             lambda: -pick.getrandbits(70), real, lambda: complex(real(), real()), text,
             lambda: bytes(pick.getrandbits(8) for _ in range(pick.randrange(12)))]
    if depth:
        kinds += [lambda: tuple(key(depth - 1) for _ in range(pick.randrange(4))),
                  lambda: frozenset(key(depth - 1) for _ in range(pick.randrange(4)))]
    return pick.choice(kinds)()

def value(depth):
    kinds = [lambda: key(2)]
    if depth:
        kinds += [lambda: [value(depth - 1) for _ in range(pick.randrange(4))],
                  lambda: {key(1): value(depth - 1) for _ in range(pick.randrange(4))},
                  lambda: {key(1) for _ in range(pick.randrange(4))},
                  lambda: tuple(value(depth - 1) for _ in range(pick.randrange(4)))]
    return pick.choice(kinds)()

for _ in range(3000):
    print(repr(value(4)).encode().hex())
";

/// Reads literals, one a line, in hexadecimal; prints the `repr` of each, or a
/// dash for what is none.
const EVALUATE: &str = r"
import ast, sys, warnings
if sys.version_info < (3, 9):
    sys.exit(print('old'))  # An older one reads sums of integers, and no set().
warnings.simplefilter('ignore')
for line in sys.stdin:
    try:
        printed = repr(ast.literal_eval(bytes.fromhex(line.strip()).decode()))
        print(printed.encode('utf-8', 'surrogatepass').hex())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        print('-')
";

/// Runs a script with those lines as its input; its lines, or `None` where
/// there is no Python 3.
fn python(script: &str, lines: &[String]) -> Option<Vec<Option<String>>> {
    let deadline = "import faulthandler; faulthandler.dump_traceback_later(120, exit=True)";
    let started = Command::new("python3")
        .args(["-I", "-c", &format!("{deadline}\n{script}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped: there is no python3 on the path to compare with");
            return None;
        }
        Err(error) => panic!("python3: {error}"),
    };
    let mut input = child.stdin.take().unwrap();
    let lines = Vec::from_iter(lines.iter().map(|line| hex(line) + "\n")).concat();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let mut output = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut output)
        .unwrap();
    if output.trim() == "old" {
        child.wait().unwrap();
        println!("skipped: python3 is older than 3.9, and its literal_eval another");
        return None;
    }
    let status = child.wait().unwrap();
    writer.join().unwrap().unwrap();
    assert!(status.success(), "python3: {status}");
    Some(output.lines().map(unhex).collect())
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// `None` for a dash, and for text with half a character in it.
fn unhex(line: &str) -> Option<String> {
    let (pairs, _) = line.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let digits = core::str::from_utf8(pair).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok().filter(|_| line != "-")
}

#[test]
fn literals_of_python_are_read_and_printed_unchanged() {
    let Some(printed) = python(MAKE_VALUES, &[]) else {
        return;
    };
    assert_eq!(printed.len(), 3000);
    for printed in printed {
        let printed = printed.unwrap();
        let value: Value = printed
            .parse()
            .unwrap_or_else(|error| panic!("{printed}: {error}"));
        assert_eq!(value.to_string(), printed);
    }
}

#[test]
fn python_reads_and_prints_our_literals_unchanged() {
    // Python reads neither of the others.
    let finite = crate::common::printable_floats()
        .prop_map(|float| if float.is_finite() { float } else { 0.5 });
    let strategy = crate::common::values(finite.boxed());
    let texts = generate(&strategy, 1000, |value: &Value| value.to_string());
    let readable = |text: &String| {
        !["j)", "j", "Channel", "set("]
            .iter()
            .any(|other| text.contains(other))
    };
    let texts = Vec::from_iter(texts.into_iter().filter(readable));
    assert!(texts.len() > 150, "only {}", texts.len());
    let Some(printed) = python(EVALUATE, &texts) else {
        return;
    };
    assert_eq!(printed.len(), texts.len());
    for (text, printed) in texts.iter().zip(printed) {
        let printed = printed.unwrap_or_else(|| panic!("{text}: refused by Python"));
        // Of sets Python has an order of its own.
        assert_eq!(printed.parse::<Value>(), text.parse::<Value>(), "{text}");
        assert!(text.contains('{') || printed == *text, "{text}: {printed}");
    }
}

#[test]
fn literals_of_any_spelling_are_judged_and_read_as_python_does() {
    let texts = generate(&spellings(), 2500, String::clone);
    let Some(verdicts) = python(EVALUATE, &texts) else {
        return;
    };
    assert_eq!(verdicts.len(), texts.len());
    let mut read = 0;
    for (text, python) in texts.iter().zip(verdicts) {
        let ours = text.parse::<Value>();
        match (&ours, python) {
            (Ok(ours), Some(python)) => {
                read += 1;
                // Python computes -1j from 1j, and so loses the sign of a zero.
                if !text.contains(['j', 'J']) {
                    assert_eq!(Ok(ours), python.parse().as_ref(), "{text:?}: {python}");
                }
            }
            (Err(_), None) => {}
            (Ok(ours), None) => panic!("{text:?}: {ours} here, refused by Python"),
            (Err(error), Some(python)) => {
                assert!(
                    is_deliberate(&error.to_string()),
                    "{text:?}: {error}; Python: {python}"
                );
            }
        }
    }
    assert!(
        (250..2250).contains(&read),
        "{read} read of {}",
        texts.len()
    );
}

/// What `FromStr` says it refuses.
fn is_deliberate(message: &str) -> bool {
    ["half a surrogate pair", "characters by name"]
        .iter()
        .any(|listed| message.contains(listed))
}

fn generate<T>(
    strategy: &impl Strategy<Value = T>,
    count: usize,
    text: impl Fn(&T) -> String,
) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let one = || strategy.new_tree(&mut runner).unwrap().current();
    let values = core::iter::repeat_with(one).take(count);
    Vec::from_iter(values.map(|value| text(&value)))
}

/// Literals of every spelling, some of them broken.
fn spellings() -> BoxedStrategy<String> {
    let number = "[-+]{0,2} ?(0[xXoObB])?[0-9a_]{0,3}[.]?[0-9_]{0,3}([eE][-+]?[0-9_]{0,2})?[jJ]?";
    let sum = "-?[0-9]{1,2}[.]?5? ?[-+]\n? ?[0-9]{1,2}[jJ]?";
    let string = "([rRbBuU]|bR|Rb|rB|ur|f)?('(\\\\[0-7xuUNabq'\n]|[a-f0-9 é\"\n]){0,6}'|\"(\\\\[0-7xuUNabq\"\n]|[a-f0-9 é'\n]){0,6}\")";
    let long = "[rRbB]?(\"\"\"(\\\\[0-7xu\"\n]|[a-f0-9 é\"\r\n]){0,9}\"\"\"|'''(\\\\[0-7xu'\r\n]|[a-f0-9 é'\n]){0,9}''')";
    let atom = prop_oneof![
        number.prop_map(String::from),
        sum.prop_map(String::from),
        string.prop_map(String::from),
        long.prop_map(String::from),
        (string, "[ \t\n]{0,2}", string).prop_map(|(a, blank, b)| a + &blank + &b),
        "None|True|False|set\\(\\)|nothing|[(]{2}[)]{2}|[{}\\[\\]()]{2}".prop_map(String::from),
    ];
    atom.prop_recursive(3, 12, 4, |inner| {
        let separator = "( ?,[ \n]?( # ,)?\n){1}|, ?|, ?|, ?|: ?|: ?|,,";
        let items = proptest::collection::vec((inner.clone(), separator), 0..4);
        let brackets = proptest::sample::select(
            &[("(", ")"), ("[", "]"), ("{", "}"), ("(", "]"), ("", "")][..],
        );
        (brackets, items, "", proptest::option::of(inner)).prop_map(
            |((open, close), items, _, last)| {
                let items = items.into_iter().map(|(item, separator)| item + &separator);
                format!(
                    "{open}{}{}{close}",
                    String::from_iter(items),
                    last.unwrap_or_default()
                )
            },
        )
    })
    .boxed()
}
