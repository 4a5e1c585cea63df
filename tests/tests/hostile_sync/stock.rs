//! Hostile senders of stock execnet's protocol, with a worker in Rust as target. Stock execnet's own target has no such
//! checks.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use execnet::serializer::{Dict, StrConfig};
use execnet::{Value, value};
use execnet_test_support::{LONG, within};
use execnet_tests::script::{self, Step};

use super::{Place, RUST, gateway, group, names, whole, words};

/// By this a worker in Rust knows what stock execnet would have it run.
const PROGRAM: &str = "def serve_rsync(channel): channel.send((\"list_done\", None))";

/// Says all that, after where to; an error if the sync did not come to its end.
fn say(place: &Place, delete: bool, items: Vec<Value>) -> Result<(), String> {
    let group = group();
    let channel = gateway(&group, RUST).remote_exec(PROGRAM).unwrap();
    channel.reconfigure(StrConfig::STORED).unwrap();
    let options = match delete {
        true => value!({"delete": true}),
        false => Value::Dict(Dict::new()),
    };
    let root = Value::from(place.root().to_str().unwrap());
    channel.send(Value::Tuple(vec![root, options])).unwrap();
    let hear = || {
        let item = channel.receive_timeout(LONG);
        item.map_err(|error| whole(&error))
    };
    for item in items {
        match Step::from(item) {
            // Here it is an item as others are.
            Step::Hear => drop(channel.send(())),
            Step::HearWant => while !hear()?.to_string().starts_with("('send', ") {},
            Step::Swap(path, text) => script::swap(&path, &text).unwrap(),
            Step::Pipe(path) => script::pipe(&path).unwrap(),
            Step::Die => return Err("died".into()),
            // It may have ended the sync by now: that comes to light below.
            Step::Say(item) => drop(channel.send(item)),
        }
    }
    while *hear()? != value!(("done", None)) {}
    Ok(())
}

fn refuses(items: Vec<Value>) {
    let place = Place::new();
    let refusal = say(&place, true, items).unwrap_err();
    assert!(refusal.contains("broke the protocol"), "{refusal}");
    place.assert_outside_untouched();
    assert_eq!(names(&place.root()), [""; 0]);
}

fn file(mode: i64, size: i64) -> Value {
    Value::from((mode, 7.0, size))
}

fn text(text: &str) -> Value {
    Value::Bytes(text.into())
}

#[test]
fn names_and_paths_of_the_stock_protocol_stay_inside() {
    within("stock names", 2 * LONG, || {
        for name in ["..", ".", "", "../x", "/tmp/x", "a/b", "a\0b"] {
            for what in [file(0o644, 4), value!([0o755])] {
                let list = Value::List(vec![0o755.into(), name.into()]);
                refuses(vec![list, what, text("evil"), value!(42)]);
            }
        }
        let twice = Value::List(vec![0o755.into(), "a".into(), "a".into()]);
        refuses(vec![twice, file(0o644, 0), file(0o644, 0)]);
        for path in ["../l", "/l", "", "d/../../l"] {
            let link = Value::Tuple(vec!["link".into(), path.into(), "/etc".into()]);
            let items = vec![value!([0o755]), link, value!(42)];
            let place = Place::new();
            let said = say(&place, false, items);
            place.assert_outside_untouched();
            // An absolute one is taken for one from the root.
            assert_eq!(said.is_ok(), path == "/l", "{path}: {said:?}");
        }
        let base = value!(("linkbase", "l", "../outside"));
        refuses(vec![value!([0o755]), base, value!(42)]);
    });
}

#[test]
fn links_inside_the_tree_lead_no_change_of_the_stock_protocol_outside() {
    within("stock links", LONG, || {
        let place = Place::new();
        for (name, target) in [("d", ""), ("f", "secret"), ("gone", "")] {
            symlink(place.outside().join(target), place.root().join(name)).unwrap();
        }
        let items = vec![
            value!([0o755, "d", "f"]),
            value!([0o755, "secret"]),
            file(0o600, 4),
            file(0o600, 4),
            text("evil"),
            text("evil"),
            value!(42),
        ];
        say(&place, true, items).unwrap();
        place.assert_outside_untouched();
        assert_eq!(names(&place.root()), ["d", "f"]);
        assert_eq!(fs::read(place.root().join("d/secret")).unwrap(), b"evil");
        assert_eq!(fs::read(place.root().join("f")).unwrap(), b"evil");
        // A link through a link that was made just before.
        let place = Place::new();
        let outside = Value::from(place.outside().to_str().unwrap());
        let out = Value::Tuple(vec!["link".into(), "l".into(), outside]);
        let through = value!(("link", "l/x", "y"));
        say(
            &place,
            false,
            vec![value!([0o755]), out, through, value!(42)],
        )
        .unwrap_err();
        place.assert_outside_untouched();
    });
}

#[test]
fn the_stock_protocol_replaces_files_whole_and_drops_special_bits() {
    within("stock files", LONG, || {
        let place = Place::new();
        fs::hard_link(place.outside().join("secret"), place.root().join("f")).unwrap();
        let list = value!([0o7755, "f"]);
        let died = vec![list.clone(), file(0o7755, 4), value!(["die"])];
        say(&place, false, died).unwrap_err();
        assert_eq!(fs::read(place.root().join("f")).unwrap(), b"secret");
        let items = vec![list, file(0o7755, 4), text("evil"), value!(42)];
        say(&place, false, items).unwrap();
        place.assert_outside_untouched();
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(&place.root().join("f")), 0o755);
        assert_eq!(mode(&place.root()), 0o755);
    });
}

#[test]
fn unknown_requests_of_the_stock_protocol_are_refused() {
    within("stock messages", LONG, || {
        refuses(vec![Value::None]);
        refuses(vec![value!("a text")]);
        refuses(vec![value!([0o755, "f"]), file(0o644, -1)]);
        refuses(vec![value!([0o755, "f"]), file(0o644, 4), value!(7)]);
        refuses(vec![value!([0o755]), value!(("link", "l"))]);
        let long = Value::from("x".repeat(5000).as_str());
        refuses(vec![
            value!([0o755]),
            Value::Tuple(vec!["link".into(), "l".into(), long]),
        ]);
        let deep: Vec<_> = (0..1_100).map(|_| value!([0o755, "d"])).collect();
        let place = Place::new();
        let refusal = say(&place, false, deep).unwrap_err();
        assert!(refusal.contains("nested deeper"), "{refusal}");
    });
}

/// The sender says that the content is the one that is there; meanwhile something else is.
#[test]
fn a_replaced_file_has_nothing_set_by_the_stock_protocol() {
    within("stock swaps", LONG, || {
        for verb in ["swap", "pipe"] {
            let place = Place::new();
            let path = place.root().join("f");
            fs::write(&path, "secret").unwrap();
            let mut swap = vec![verb, path.to_str().unwrap()];
            let secret = place.outside().join("secret");
            swap.extend((verb == "swap").then_some(secret.to_str().unwrap()));
            let items = vec![
                value!([0o755, "f"]),
                file(0o777, 6),
                words(&["wanted"]),
                words(&swap),
                Value::None,
                value!(42),
            ];
            let refusal = say(&place, false, items).unwrap_err();
            assert!(refusal.contains("cannot open \"f\" "), "{refusal}");
            place.assert_outside_untouched();
            let mode = fs::symlink_metadata(path).unwrap().mode() & 0o777;
            assert!(verb == "swap" || mode != 0o777, "{mode:o}");
        }
    });
}
