//! Stock execnet, in a Python process beside this one.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use execnet_serializer::{LoadOptions, StrConfig, Value};

use super::STRINGS;

/// The variable that names a Python with execnet; `python3` where it is not set.
const PYTHON: &str = "EXECNET_FUZZ_PYTHON";

/// Our verdict and value are those of stock execnet, but where `docs/wire-format.md` lists a
/// difference: then we refuse, and the error is of the kind listed.
///
/// # Panics
/// When there is no Python with stock execnet.
pub fn differential(input: &[u8]) {
    with_stock(|stock| {
        for strings in STRINGS {
            let printed = stock.loads(input, strings).expect("stock execnet answers");
            compare(input, strings, printed.as_deref());
        }
    });
}

/// Calls this with the process of this thread.
///
/// # Panics
/// When there is no Python with stock execnet.
pub(crate) fn with_stock<T>(use_it: impl FnOnce(&mut Stock) -> T) -> T {
    thread_local! {
        static STOCK: RefCell<Stock> = match Stock::start() {
            Ok(stock) => RefCell::new(stock),
            Err(error) => panic!("no Python with execnet 2.1 ({PYTHON} may name one): {error}"),
        };
    }
    STOCK.with_borrow_mut(use_it)
}

fn compare(input: &[u8], strings: StrConfig, stock: Option<&str>) {
    let ours = LoadOptions::wire().with_strings(strings).loads(input);
    match (ours, stock) {
        (Ok(ours), Some(stock)) => same(&ours, stock),
        (Err(_), None) => {}
        (Ok(ours), None) => panic!("{ours}: taken here, refused by stock execnet"),
        (Err(error), Some(stock)) => assert!(
            error.is_malformed() || error.is_limit(),
            "{error}; stock execnet takes it for {stock}"
        ),
    }
}

fn same(ours: &Value, stock: &str) {
    if has_set(ours) {
        // Python prints sets in an order of its own; of a NaN neither prints sign and payload.
        let [ours, stock] = [ours.to_string().as_str(), stock]
            .map(|text| text.parse::<Value>().expect("a literal"));
        assert_eq!(ours, stock);
    } else {
        assert_eq!(in_ascii(&ours.to_string()), stock);
    }
}

/// As Python's `ascii` has it.
fn in_ascii(printed: &str) -> String {
    let escaped = |c: char| match u32::from(c) {
        0..=0x7f => c.to_string(),
        code @ ..=0xff => format!("\\x{code:02x}"),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    printed.chars().map(escaped).collect()
}

fn has_set(value: &Value) -> bool {
    match value {
        Value::Set(_) | Value::FrozenSet(_) => true,
        Value::List(items) | Value::Tuple(items) => items.iter().any(has_set),
        Value::Dict(pairs) => pairs
            .iter()
            .any(|(key, value)| has_set(key) || has_set(value)),
        _ => false,
    }
}

/// A Python process that loads what it is given with stock execnet. It ends with its input.
#[derive(Debug)]
pub struct Stock {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _child: Child,
}

impl Stock {
    /// Starts the process.
    ///
    /// # Errors
    /// When there is no such Python, or it has no execnet 2.1.
    pub fn start() -> io::Result<Self> {
        let python = std::env::var_os(PYTHON).unwrap_or_else(|| OsString::from("python3"));
        let mut child = Command::new(&python)
            .args([OsStr::new("-c"), OsStr::new(include_str!("stock.py"))])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let mut stock = Self {
            input: child.stdin.take().ok_or_else(missing)?,
            output: BufReader::new(child.stdout.take().ok_or_else(missing)?),
            _child: child,
        };
        let mut ready = [0];
        stock.output.read_exact(&mut ready)?;
        Ok(stock)
    }

    /// What stock execnet makes of a value without version byte: what Python's `ascii` makes of
    /// it, a channel as `Channel(3)`; `None` if it raises.
    ///
    /// # Errors
    /// When the process has died.
    pub fn loads(&mut self, input: &[u8], strings: StrConfig) -> io::Result<Option<String>> {
        let [first, second] = [strings.py2str_as_py3str, strings.py3str_as_py2str].map(u8::from);
        let (taken, text) = self.ask(first << 1 | second, input, b"")?;
        Ok(taken.then_some(text))
    }

    /// What Python's loader makes of a pickle: the name of its type and its length; `None` if it
    /// raises.
    pub(crate) fn unpickle(&mut self, pickle: &[u8]) -> io::Result<Option<String>> {
        let (taken, text) = self.ask(4, pickle, b"")?;
        Ok(taken.then_some(text))
    }

    /// Whether Python's loader makes of a pickle what stock execnet makes of opcodes: the same
    /// value, or none. And what they make of them.
    pub(crate) fn agrees(&mut self, pickle: &[u8], opcodes: &[u8]) -> io::Result<(bool, String)> {
        self.ask(5, pickle, opcodes)
    }

    fn ask(&mut self, what: u8, first: &[u8], second: &[u8]) -> io::Result<(bool, String)> {
        let mut request = vec![what];
        for bytes in [first, second] {
            let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
            request.extend(len.to_be_bytes());
        }
        request.extend_from_slice(first);
        request.extend_from_slice(second);
        self.input.write_all(&request)?;
        let mut head = [0; 5];
        self.output.read_exact(&mut head)?;
        let [taken, len @ ..] = head;
        let len = usize::try_from(u32::from_be_bytes(len)).map_err(io::Error::other)?;
        let mut text = vec![0; len];
        self.output.read_exact(&mut text)?;
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        Ok((taken == 1, text))
    }
}
