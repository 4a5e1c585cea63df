//! Files of specs.

use std::ffi::OsStr;
use std::path::Path;

use execnet::XSpec;

use super::Given;
use crate::args::spec;
use crate::failure::Failure;
use crate::input;

/// Maximum size of a file in bytes.
const MAX_FILE: usize = 1024 * 1024;

/// Reads a file with a spec on each line. Empty lines and lines that begin with `#` are skipped.
pub(super) fn read(file: &Path) -> Result<Vec<Given>, Failure> {
    let text = input::text(Some(file), MAX_FILE)?;
    let name = input::name(Some(file));
    let place = |number| format!("{name}, line {number}");
    let specs = parse(&text)
        .map_err(|(number, error)| Failure::Usage(place(number), error.into()))?
        .into_iter()
        .map(|(number, spec)| Given::new(spec, &place(number)));
    match specs.len() {
        0 => Err(Failure::Usage(
            name.clone(),
            "there is no spec in the file; write one on each line, such as ssh=user@host".into(),
        )),
        _ => Ok(specs.collect()),
    }
}

/// The specs with the numbers of their lines, or the number of the first line with an error.
fn parse(text: &str) -> Result<Vec<(usize, XSpec)>, (usize, String)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let specs = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let specs = specs.map(|(number, line)| match spec(OsStr::new(line)) {
        Ok(spec) => Ok((number, spec)),
        Err(error) => Err((number, error)),
    });
    specs.collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn comments_and_empty_lines_are_skipped_and_errors_have_the_line() {
        let specs = parse("# all\n\n  ssh=web1 \r\n\t# more\nsocket=a#b:1\n").unwrap();
        let texts: Vec<_> = specs
            .iter()
            .map(|(number, spec)| (*number, spec.as_str()))
            .collect();
        assert_eq!(texts, [(3, "ssh=web1"), (5, "socket=a#b:1")]);
        assert_eq!(parse("popen\n\n# x\npopn\n").unwrap_err().0, 4);
        assert!(parse("#\n").unwrap().is_empty());
    }
}
