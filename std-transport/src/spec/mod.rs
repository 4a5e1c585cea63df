//! The text that says where and how to start an interpreter.

mod builder;
mod error;
mod keys;
mod text;

pub use error::SpecError;

use alloc::collections::BTreeMap;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

/// A parsed spec: `key=value//key=value`, as execnet writes it.
///
/// A key without `=` is a flag. `env:NAME=value` sets an environment variable and may be repeated; of two for one
/// name the last holds. Two slashes in a value are written as four: `env:URL=http:////host`. Unknown keys are kept, as
/// execnet keeps them; [`check_keys`](Self::check_keys) finds them. Two specs are equal when their texts are.
///
/// A program builds specs with [`popen`](Self::popen), [`ssh`](Self::ssh) or [`with_transport`](Self::with_transport)
/// and the methods that follow these, and needs no quoting.
///
/// ```
/// use execnet::XSpec;
/// let spec: XSpec = "popen//python=python3.12 -X dev//env:LANG=C".parse()?;
/// assert!(spec.has("popen"));
/// assert_eq!(spec.get("python"), Some("python3.12 -X dev"));
/// assert_eq!(spec.env()["LANG"], "C");
/// # Ok::<(), execnet::SpecError>(())
/// ```
#[derive(Clone)]
pub struct XSpec {
    text: String,
    keys: BTreeMap<String, Option<String>>,
    env: BTreeMap<String, String>,
}

impl XSpec {
    /// Whether the key is there, with a value or without.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The value of a key; none for a flag too.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key)?.as_deref()
    }

    /// The variables of the `env:` keys.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// All keys but those of the environment, sorted, with the values of those that have one.
    pub fn keys(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.keys
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    /// The spec as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns [`SpecError::UnknownKey`] for the first key that has no meaning in this release.
    ///
    /// Such keys are kept when a spec is parsed, and [`Group::makegateway`](crate::Group::makegateway) logs a warning. A
    /// program that takes specs from people calls this to find their typing errors.
    ///
    /// ```
    /// let spec: execnet::XSpec = "popen//pyhton=python3.12".parse()?;
    /// let error = spec.check_keys().unwrap_err();
    /// assert_eq!(error.to_string(), r#"unknown key "pyhton" in a spec; did you mean "python"?"#);
    /// # Ok::<(), execnet::SpecError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A key is unknown.
    pub fn check_keys(&self) -> Result<(), SpecError> {
        match self.keys.keys().find(|key| !keys::is_known(key)) {
            None => Ok(()),
            Some(key) => Err(SpecError::UnknownKey {
                nearest: keys::nearest(key),
                key: key.clone(),
            }),
        }
    }

    /// The same with another value for a key; the text stays as it was written.
    pub(crate) fn with(&self, key: &str, value: &str) -> Self {
        let mut spec = self.clone();
        spec.keys.insert(key.to_owned(), Some(value.to_owned()));
        spec
    }

    fn empty() -> Self {
        Self {
            text: String::new(),
            keys: BTreeMap::new(),
            env: BTreeMap::new(),
        }
    }

    fn add(&mut self, part: &str) -> Result<(), SpecError> {
        let (key, value) = match part.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (part, None),
        };
        if key.is_empty() {
            return Err(SpecError::EmptyKey);
        }
        if key.starts_with('_') {
            return Err(SpecError::Underscore(key.to_owned()));
        }
        match (key.strip_prefix("env:"), value) {
            (Some(name), Some(value)) if is_variable(name, value) => {
                self.env.insert(name.to_owned(), value.to_owned());
                Ok(())
            }
            (Some(_), _) => Err(SpecError::Variable(key.to_owned())),
            (None, _) => self.add_key(key, value),
        }
    }

    fn add_key(&mut self, key: &str, value: Option<&str>) -> Result<(), SpecError> {
        // execnet keeps the variables under this name, so that a key of it is taken.
        if key == "env" || self.keys.contains_key(key) {
            return Err(SpecError::Duplicate(key.to_owned()));
        }
        self.keys.insert(key.to_owned(), value.map(str::to_owned));
        Ok(())
    }
}

/// What the operating system takes as a variable.
fn is_variable(name: &str, value: &str) -> bool {
    !name.is_empty() && !name.contains('\0') && !value.contains('\0')
}

impl Default for XSpec {
    /// `popen`: an interpreter on this machine.
    fn default() -> Self {
        Self {
            text: "popen".to_owned(),
            keys: BTreeMap::from([("popen".to_owned(), None)]),
            env: BTreeMap::new(),
        }
    }
}

impl FromStr for XSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut spec = Self {
            text: text.to_owned(),
            ..Self::empty()
        };
        text::split(text).try_for_each(|part| spec.add(&part))?;
        Ok(spec)
    }
}

/// The text without the values of variables, which may be secrets: [`as_str`](XSpec::as_str) has them.
impl fmt::Display for XSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in text::split(&self.text).enumerate() {
            if number > 0 {
                f.write_str("//")?;
            }
            match part.split_once('=') {
                Some((key, _)) if key.starts_with("env:") => write!(f, "{key}=...")?,
                _ => f.write_str(&text::escape(&part))?,
            }
        }
        Ok(())
    }
}

/// As `Display`.
impl fmt::Debug for XSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XSpec({self})")
    }
}

impl PartialEq for XSpec {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for XSpec {}

impl Hash for XSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// What [`Group::makegateway`](crate::Group::makegateway) takes: a text, or a spec parsed before.
pub trait IntoXSpec {
    /// The spec; none for the empty text, which stands for the group's default.
    ///
    /// # Errors
    /// When a text is no spec.
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError>;
}

impl IntoXSpec for &str {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        if self.is_empty() {
            return Ok(None);
        }
        self.parse().map(Some)
    }
}

impl IntoXSpec for &String {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        self.as_str().into_xspec()
    }
}

impl IntoXSpec for String {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        self.as_str().into_xspec()
    }
}

impl IntoXSpec for &XSpec {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        Ok(Some(self.clone()))
    }
}

impl IntoXSpec for XSpec {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        Ok(Some(self))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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

    #[test]
    fn the_last_of_two_variables_holds() {
        let spec = parse("popen//env:A=1//env:B=x=y//env:A=2");
        assert_eq!(spec.env()["A"], "2");
        assert_eq!(spec.env()["B"], "x=y");
        assert!(!spec.has("env:A"));
    }

    #[test]
    fn what_is_no_spec_is_refused() {
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
        assert_eq!(HashSet::from(distinct).len(), 2);
    }

    #[test]
    fn a_parsed_spec_is_taken_as_it_is() {
        let spec = parse("popen//id=x");
        assert_eq!((&spec).into_xspec(), Ok(Some(spec.clone())));
        assert_eq!(spec.clone().into_xspec(), Ok(Some(spec)));
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
    fn unknown_keys_are_kept_and_found() {
        assert_eq!(parse("popen//pyhton=3").get("pyhton"), Some("3"));
        let nearest = |text: &str| match parse(text).check_keys() {
            Err(SpecError::UnknownKey { nearest, .. }) => nearest,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(nearest("popen//pyhton=3"), Some("python"));
        assert_eq!(nearest("popn"), Some("popen"));
        assert_eq!(nearest("popen//zzzzzzz"), None);
        for key in keys::TRANSPORTS.iter().chain(keys::OTHERS) {
            assert_eq!(parse(key).check_keys(), Ok(()), "{key}");
        }
    }
}
