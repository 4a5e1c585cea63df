//! The cost and the length of errors, whatever a peer sends.

use super::*;

/// The longest text of an error, whatever the input is.
const LONGEST: usize = 3000;

#[derive(Deserialize, Debug)]
#[allow(dead_code)]
#[serde(tag = "kind")]
enum Tagged {
    Node { inner: HashMap<String, Tagged> },
}

#[derive(Deserialize, Debug)]
#[allow(dead_code)]
struct Flattened {
    id: Option<u8>,
    #[serde(flatten)]
    rest: HashMap<String, serde_json::Value>,
}

#[derive(Deserialize, Debug)]
#[allow(dead_code)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    More(HashMap<String, serde_json::Value>),
}

#[derive(Deserialize, Debug)]
#[serde(transparent)]
#[allow(dead_code)]
struct Dicts(HashMap<String, Dicts>);

/// A dict with a key that is no text, which all the types above refuse, under `key`, in `depth` dicts.
fn refused_under(key: &str, depth: usize) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    for name in (1..depth).map(|_| "a").chain([key]) {
        encoder.dict().unwrap();
        encoder.str(name).unwrap();
    }
    encoder.dict().unwrap();
    encoder.int(1).unwrap();
    encoder.none().unwrap();
    for _ in 0..=depth {
        encoder.set_item().unwrap();
    }
    encoder.stop().unwrap();
    encoder.into_inner()
}

/// Reading as `T` is refused with a short text, and allocates no more than some
/// copies of the input.
fn cheap_refusal<'de, T: Deserialize<'de>>(name: &str, bytes: &'de [u8]) {
    let mut text = String::new();
    let spent = allocation_counter::measure(|| {
        let Err(error) = LoadOptions::wire().from_slice::<T>(bytes) else {
            panic!("{name}: not refused");
        };
        text = error.to_string();
    });
    assert!(text.len() <= LONGEST, "{name}: {} bytes", text.len());
    let most = 6 * bytes.len() as u64;
    assert!(spent.bytes_total <= most, "{name}: {spent:?}");
}

#[test]
fn an_error_costs_no_more_than_reading_whatever_the_keys_are() {
    let key = "\x01".repeat(1 << 23);
    std::thread::scope(|scope| {
        let large = std::thread::Builder::new().stack_size(1 << 26);
        let thread = large.spawn_scoped(scope, || {
            for depth in [1, 2, 100] {
                let bytes = refused_under(&key, depth);
                cheap_refusal::<serde_json::Value>("any", &bytes);
                cheap_refusal::<Tagged>("tagged", &bytes);
                cheap_refusal::<Flattened>("flattened", &bytes);
                cheap_refusal::<Untagged>("untagged", &bytes);
                cheap_refusal::<Dicts>("maps", &bytes);
            }
        });
        thread.unwrap().join().unwrap();
    });
}

#[test]
fn a_long_path_is_shown_by_both_its_ends() {
    type Four<T> = BTreeMap<String, BTreeMap<String, BTreeMap<String, BTreeMap<String, T>>>>;
    let value: Value = "{'a': {'b': {'c': {'d': {'e': {'f': {'g': {'h': {'i': {'j': {'k': {'l': \
                        {'m': {'n': {'o': {'p': {'q': 'x'}}}}}}}}}}}}}}}}}"
        .parse()
        .unwrap();
    let bytes = DumpOptions::wire().dumps(&value).unwrap();
    let error =
        LoadOptions::wire().from_slice::<Four<Four<Four<Four<BTreeMap<String, u8>>>>>>(&bytes);
    assert_eq!(
        error.unwrap_err().path().to_string(),
        "['a']['b']['c']['d']['e']['f']['g']['h']...['j']['k']['l']['m']['n']['o']['p']['q']",
    );
}

#[test]
fn the_texts_of_a_peer_are_escaped_and_cut_short() {
    for (text, message) in [
        (
            refused::<Strict>("{'\\x1b[31m': 1}"),
            "['\\u{1b}[31m']: unknown field `\\u{1b}[31m`, expected one of `name`, `with-dash`",
        ),
        (
            refused::<Strict>("{'name': 1, 'with-dash': '\\u202e\"'}"),
            "['with-dash']: invalid type: string \"\\u{202e}\\\"\", expected u8",
        ),
        (
            refused::<Choice>("{'\\n': 1}"),
            "unknown variant `\\n`, expected `First`",
        ),
        (
            refused::<HashMap<String, u8>>("{\"it's\": 'x'}"),
            "['it\\'s']: invalid type: string \"x\", expected u8",
        ),
        (
            refused::<char>("'two'"),
            "invalid value: string \"two\", expected a character",
        ),
    ] {
        assert_eq!(text, message);
    }
    let long = format!("{{'{0}': '{0}'}}", "x".repeat(1 << 20));
    let cut = format!("{}...", "x".repeat(100));
    assert_eq!(
        refused::<HashMap<String, u8>>(&long),
        format!("['{cut}']: invalid type: string \"{cut}\", expected u8")
    );
    assert!(refused::<Strict>(&long).starts_with(&format!(".{cut}: unknown field `{cut}`")));
    assert!(refused::<Choice>(&long).starts_with(&format!("unknown variant `{cut}`")));
}

/// A type that puts all it was given into its message.
#[derive(Debug)]
struct Talkative;

impl<'de> Deserialize<'de> for Talkative {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format_args!("no use for {text}")))
    }
}

#[test]
fn messages_of_foreign_types_are_escaped_and_cut() {
    assert_eq!(refused::<Talkative>("'\\x1b\\'é'"), "no use for \\u{1b}'é");
    let long = refused::<Talkative>(&format!("'{}'", "\\x01".repeat(1 << 20)));
    assert!(long.len() <= LONGEST && long.ends_with("..."), "{long}");
}

#[test]
fn a_message_is_cut_where_it_exceeds_its_room() {
    use serde::de::Error as _;
    let message = |text: &str| Error::custom(text).to_string();
    for character in ["x", "é", "\u{20ac}"] {
        let size = character.len();
        let fits = character.repeat(1000 / size);
        assert_eq!(message(&fits), fits);
        let filled = format!("{fits}{}", "y".repeat(1000 % size));
        assert_eq!(message(&filled), filled);
        let cut = format!("{}...", character.repeat(997 / size));
        assert_eq!(message(&format!("{filled}z")), cut);
        assert_eq!(message(&character.repeat(5000)), cut);
    }
}
