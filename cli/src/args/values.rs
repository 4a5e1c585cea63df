//! Parsers of single values: specs, times and counts.

use core::time::Duration;
use std::ffi::OsStr;

use clap::builder::{OsStringValueParser, StringValueParser, TypedValueParser};
use execnet::{SpecError, XSpec};

/// The execution models of workers. A worker that lacks one of them refuses it.
pub(crate) const EXEC_MODELS: [&str; 4] = ["thread", "main_thread_only", "gevent", "eventlet"];

/// Parses a spec. Unknown keys are errors: a user typed it, so they are typing errors.
pub(crate) fn spec(text: &OsStr) -> Result<XSpec, String> {
    let spec = XSpec::try_from(text).map_err(|error| error.to_string())?;
    if let Some(model) = spec.get("execmodel")
        && !EXEC_MODELS.contains(&model)
    {
        let known = EXEC_MODELS.join(", ");
        return Err(format!(
            "execmodel={model:?} is unknown; expected one of {known}"
        ));
    }
    match spec.check_keys() {
        Ok(()) => Ok(spec),
        // A spec that is a single word without a known one nearby is the name of a host.
        Err(SpecError::UnknownKey { key, nearest: None }) if text == key.as_str() => Err(format!(
            "unknown key {key:?} in a spec; for the host of this name write ssh={key}"
        )),
        Err(error) => Err(error.to_string()),
    }
}

/// [`spec`] for clap, which accepts no function of an `OsStr`.
pub(crate) fn spec_parser() -> impl TypedValueParser<Value = XSpec> {
    OsStringValueParser::new().try_map(|text| spec(&text))
}

/// Parses seconds, or a number with a unit, as timeout(1) does.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number, optionally with a unit (ms, s, m, h, d)".to_owned();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match text.strip_prefix(number) {
        Some("ms") => 0.001,
        Some("" | "s") => 1.0,
        Some("m") => 60.0,
        Some("h") => 3_600.0,
        Some("d") => 86_400.0,
        _ => return Err(expected()),
    };
    let number: f64 = number.parse().map_err(|_| expected())?;
    match Duration::try_from_secs_f64(number * scale) {
        Ok(time) => Ok(time),
        Err(_) if number < 0.0 => Err("the time must not be negative".to_owned()),
        Err(_) => Err("the time is too long".to_owned()),
    }
}

pub(super) fn nonzero_time(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("the time must not be zero".to_owned()),
        time => Ok(time),
    }
}

/// A limit of zero would refuse everything.
pub(super) fn count() -> impl TypedValueParser<Value = usize> {
    StringValueParser::new().try_map(|text| match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("expected a whole number, at least 1"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [
            ("0", 0.0),
            ("1.5", 1.5),
            ("2s", 2.0),
            ("250ms", 0.25),
            ("3m", 180.0),
            ("0.5h", 1800.0),
            ("1d", 86_400.0),
        ] {
            assert_eq!(time(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "s", "-1", "1y", "1 s", "inf", "nan", "1e30h", "soon"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(nonzero_time("0").is_err() && nonzero_time("0ms").is_err());
    }
}
