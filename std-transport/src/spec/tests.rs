//! Tests of specs: parsing, escaping, and the checks of keys and values.

use core::hash::{BuildHasher as _, BuildHasherDefault};
use std::collections::HashSet;
use std::hash::DefaultHasher;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt as _;

use super::*;

fn parse(text: &str) -> XSpec {
    text.parse().unwrap()
}

fn refused(text: &str) -> SpecError {
    text.parse::<XSpec>().unwrap_err()
}

#[test]
fn values_keep_everything_after_the_first_equals_sign() {
    let spec =
        parse("socket=192.168.102.2:8888//python=c:/this/python2.5//chdir=d:\\hello//x=a=b ");
    assert_eq!(spec.get("socket"), Some("192.168.102.2:8888"));
    assert_eq!(spec.get("python"), Some("c:/this/python2.5"));
    assert_eq!(spec.get("chdir"), Some("d:\\hello"));
    assert_eq!(spec.get("x"), Some("a=b "));
    assert_eq!(spec.get("nice"), None);
}

#[test]
fn a_flag_is_there_and_has_no_value() {
    let spec = parse("popen//nice=3");
    assert!(spec.has("popen"));
    assert_eq!(spec.get("popen"), None);
    assert_eq!(
        spec.keys().collect::<Vec<_>>(),
        [("nice", Some("3")), ("popen", None)]
    );
}

/// They were taken, and did nothing.
#[test]
fn known_keys_without_an_effect_are_refused() {
    let refused = |text: &str| match parse(text).check_effect() {
        Err(SpecError::Value { key, problem }) => (key, problem),
        other => panic!("{text}: {other:?}"),
    };
    let empty = "it has no value".to_owned();
    for (text, key) in [
        ("popen//python", "python"),
        ("popen//id=", "id"),
        ("popen//nice", "nice"),
        ("popen//execmodel", "execmodel"),
        ("popen//chdir=", "chdir"),
        ("popen//via", "via"),
    ] {
        assert_eq!(refused(text), (key, empty.clone()), "{text}");
    }
    for (text, key, others) in [
        ("popen//keepalive=3", "keepalive", "socket, tcp, tls"),
        ("popen//token_file=t", "token_file", "tcp, tls, unix"),
        ("popen//ssh_config=c", "ssh_config", "ssh, vagrant_ssh"),
        ("tcp=h:1//tls_ca=c", "tls_ca", "tls"),
    ] {
        let problem = format!("it goes with {others} alone");
        assert_eq!(refused(text), (key, problem), "{text}");
    }
    for text in [
        "popen//python=p//id=x//dont_write_bytecode//sudo",
        "tls=h:1//keepalive=6//tls_ca=c//token_file=t",
        "ssh=h//ssh_config=c//slurm",
        "socket//installvia=x",
    ] {
        assert_eq!(parse(text).check_effect(), Ok(()), "{text}");
    }
    #[cfg(unix)]
    {
        let odd = XSpec::popen().python(OsStr::from_bytes(b"/p\xff"));
        assert_eq!(odd.check_effect(), Ok(()));
    }
}

#[test]
fn the_last_of_two_variables_holds() {
    let spec = parse("popen//env:A=1//env:B=x=y//env:A=2");
    assert_eq!(spec.env()["A"], "2");
    assert_eq!(spec.env()["B"], "x=y");
    assert!(!spec.has("env:A"));
}

#[test]
fn malformed_specs_are_refused() {
    assert_eq!(refused(""), SpecError::EmptyKey);
    assert_eq!(refused("popen//"), SpecError::EmptyKey);
    assert_eq!(refused("=3"), SpecError::EmptyKey);
    assert_eq!(refused("_x=3"), SpecError::Underscore("_x".into()));
    assert_eq!(
        refused("popen//popen=123"),
        SpecError::Duplicate("popen".into())
    );
    assert_eq!(refused("popen//env=3"), SpecError::Duplicate("env".into()));
    assert_eq!(refused("popen//env:=3"), SpecError::Variable("env:".into()));
    assert_eq!(refused("popen//env:A"), SpecError::Variable("env:A".into()));
}

#[test]
fn equality_hash_and_display_follow_the_text() {
    let text = "popen//chdir=a//id=x";
    assert_eq!(parse(text), parse(text));
    assert_ne!(parse(text), parse("popen//id=x//chdir=a"));
    assert_eq!(parse(text).to_string(), text);
    assert_eq!("".into_xspec(), Ok(None));
    assert_eq!(XSpec::default(), parse("popen"));
    let distinct = [text, text, "popen//id=x//chdir=a"].map(parse);
    let hash = |spec: &XSpec| BuildHasherDefault::<DefaultHasher>::default().hash_one(spec);
    assert_eq!(hash(&distinct[0]), hash(&distinct[1]));
    assert_ne!(hash(&distinct[0]), hash(&distinct[2]));
    assert_eq!(HashSet::from(distinct).len(), 2);
}

#[test]
fn a_spec_is_taken_as_text_and_as_it_was_parsed() {
    let text = "popen//id=x";
    let (owned, spec) = (text.to_owned(), parse(text));
    for taken in [
        text.into_xspec(),
        (&owned).into_xspec(),
        owned.into_xspec(),
        (&spec).into_xspec(),
        spec.clone().into_xspec(),
    ] {
        assert_eq!(taken, Ok(Some(spec.clone())));
    }
    assert_eq!(String::new().into_xspec(), Ok(None));
    assert_eq!("=".into_xspec(), Err(SpecError::EmptyKey));
}

#[test]
fn values_of_variables_are_not_printed() {
    let spec = parse("popen//env:TOKEN=s3cret//python=p////q");
    assert_eq!(spec.to_string(), "popen//env:TOKEN=...//python=p////q");
    assert_eq!(
        format!("{spec:?}"),
        "XSpec(popen//env:TOKEN=...//python=p////q)"
    );
    assert!(spec.as_str().contains("s3cret"));
}

#[test]
fn four_slashes_in_a_value_are_two() {
    let spec = parse("popen//env:URL=http:////h/x//chdir=/a///python=p");
    assert_eq!(spec.env()["URL"], "http://h/x");
    assert_eq!(spec.get("chdir"), Some("/a/"));
    assert_eq!(spec.get("python"), Some("p"));
}

#[test]
#[cfg(unix)]
fn values_may_be_any_bytes() {
    let os = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
    let read = |bytes| XSpec::try_from(os(bytes));
    let spec = read(b"popen//python=/a\xff////b//chdir=\xfe/").unwrap();
    assert_eq!(spec.get_os("python"), Some(os(b"/a\xff//b")));
    assert_eq!(spec.get_os("chdir"), Some(os(b"\xfe/")));
    assert_eq!(spec.get("python"), None);
    assert!(spec.has("python"));
    let text = "popen//python=/a\u{fffd}////b//chdir=\u{fffd}/";
    assert_eq!((spec.as_str(), spec.to_string().as_str()), (text, text));
    let built = XSpec::popen().python(os(b"/a\xff//b")).chdir(os(b"\xfe/"));
    assert_eq!(spec, built);
    assert_ne!(spec, parse(text));
    let replaced = built.chdir("x");
    assert_eq!(replaced.get("chdir"), Some("x"));
    let replaced = replaced.python("p");
    assert_eq!(replaced.os, BTreeMap::new());
    assert_eq!(replaced.get("python"), Some("p"));
    assert_eq!(replaced.get("chdir"), Some("x"));
    for (bytes, key) in [(&b"a\xff=1"[..], "a\u{fffd}"), (b"env:A=\xff", "env:A")] {
        assert_eq!(read(bytes), Err(SpecError::NotUtf8(key.into())));
    }
}

#[test]
#[cfg(unix)]
fn only_values_for_this_machine_may_be_any_bytes() {
    let check = |text: &str, key: &str| {
        let spec = parse(text).set_os(key, OsStr::from_bytes(b"/\xff"));
        spec.check_utf8()
    };
    for (text, key) in [
        ("popen", "python"),
        ("popen", "worker"),
        ("popen", "chdir"),
        ("ssh=h", "ssh"),
        ("ssh=h", "ssh_config"),
        ("tls=h:1", "tls_ca"),
        ("tls=h:1//via=a", "tls_key"),
        ("tcp=h:1//installvia=a", "token_file"),
    ] {
        assert_eq!(check(text, key), Ok(()), "{text}, {key}");
    }
    for (text, key) in [
        ("popen", "id"),
        ("popen", "nice"),
        ("popen//sudo", "python"),
        ("popen//via=a", "worker"),
        ("popen//installvia=a", "chdir"),
        ("cmd=x", "python"),
        ("ssh=h", "chdir"),
        ("ssh=h//via=a", "ssh"),
        ("ssh=h//installvia=a", "ssh_config"),
    ] {
        let refused = Err(SpecError::NotUtf8(key.into()));
        assert_eq!(check(text, key), refused, "{text}, {key}");
    }
}

#[test]
fn unknown_keys_are_kept_and_found() {
    assert_eq!(parse("popen//pyhton=3").get("pyhton"), Some("3"));
    let nearest = |text: &str| match parse(text).check_keys() {
        Err(SpecError::UnknownKey { nearest, .. }) => nearest,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(nearest("popen//pyhton=3"), Some("python"));
    assert_eq!(nearest("popn"), Some("popen"));
    assert_eq!(nearest("popen//zzzzzzz"), None);
    for (word, expected) in [
        ("ls", None),
        ("x", None),
        ("web1", None),
        ("shs", Some("ssh")),
    ] {
        assert_eq!(nearest(word), expected, "{word}");
    }
    for key in keys::TRANSPORTS.iter().chain(keys::OTHERS) {
        assert_eq!(parse(key).check_keys(), Ok(()), "{key}");
    }
}
