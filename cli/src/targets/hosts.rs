//! Files of specs.

use std::ffi::OsStr;
use std::path::Path;

use execnet::XSpec;

use crate::args::spec;
use crate::failure::Failure;
use crate::input;

/// Reads a file with a spec on each line. Empty lines and lines that begin with `#` are skipped.
pub(super) fn read(file: &Path) -> Result<Vec<XSpec>, Failure> {
    let text = input::text(Some(file))?;
    let name = match file == Path::new("-") {
        true => "standard input".to_owned(),
        false => file.display().to_string(),
    };
    let specs = parse(&text).map_err(|(number, error)| {
        Failure::Usage(format!("{name}, line {number}"), error.into())
    })?;
    match specs.is_empty() {
        true => Err(Failure::Usage(
            name,
            "there is no spec in the file; write one on each line, such as ssh=user@host".into(),
        )),
        false => Ok(specs),
    }
}

/// The specs, or the number of the first line with an error.
fn parse(text: &str) -> Result<Vec<XSpec>, (usize, String)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let specs = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let specs = specs.map(|(number, line)| spec(OsStr::new(line)).map_err(|error| (number, error)));
    specs.collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn comments_and_empty_lines_are_skipped_and_errors_have_the_line() {
        let specs = parse("# all\n\n  ssh=web1 \r\n\t# more\nsocket=a#b:1\n").unwrap();
        let texts: Vec<_> = specs.iter().map(execnet::XSpec::as_str).collect();
        assert_eq!(texts, ["ssh=web1", "socket=a#b:1"]);
        assert_eq!(parse("popen\n\n# x\npopn\n").unwrap_err().0, 4);
        assert!(parse("#\n").unwrap().is_empty());
    }
}
