//! Python source, read as Python reads it.

use std::path::Path;

use execnet::Value;

use crate::failure::Failure;
use crate::input;

/// UTF-8's byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Source for a worker.
pub(crate) struct Source {
    pub(crate) text: String,
    /// Its text is the program itself, so that its lines are those of the file.
    pub(crate) plain: bool,
}

impl Source {
    /// The source in a file; in standard input without a file.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let bytes = input::bytes(file)?;
        let name = file.map_or("standard input".into(), |path| path.display().to_string());
        let plain: &[u8] = match bytes.strip_prefix(BOM) {
            Some(rest) => rest,
            None if in_utf8(&bytes) => &bytes,
            None => return Ok(Self::encoded(&bytes, &name)),
        };
        match str::from_utf8(plain) {
            Ok(text) => Ok(Self::from(text.to_owned())),
            Err(error) => Err(Failure::Usage(name, error.into())),
        }
    }

    /// Source in another encoding is decoded by the Python that runs it, which knows them all.
    fn encoded(bytes: &[u8], name: &str) -> Self {
        let (bytes, name) = (Value::Bytes(bytes.to_vec()), Value::from(name));
        Self {
            text: format!("exec(compile({bytes}, {name}, 'exec', 0, 1))"),
            plain: false,
        }
    }
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        Self { text, plain: true }
    }
}

/// Whether it is in UTF-8, as far as a comment in one of the first two lines says.
fn in_utf8(source: &[u8]) -> bool {
    for line in source.split(|&byte| byte == b'\n').take(2) {
        let line = line.trim_ascii();
        match line.strip_prefix(b"#").map(encoding) {
            Some(Some(encoding)) => return encoding == "utf-8" || encoding == "utf8",
            None if !line.is_empty() => return true,
            _ => {}
        }
    }
    true
}

/// The encoding that a comment names, as PEP 263 has it.
fn encoding(comment: &[u8]) -> Option<String> {
    let comment = String::from_utf8_lossy(comment);
    let mut rests = comment.split("coding").skip(1);
    let rest = rests.find_map(|rest| rest.strip_prefix([':', '=']))?;
    let name = rest.trim_start_matches([' ', '\t']);
    let is_part = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let name: String = name.chars().take_while(is_part).collect();
    let name = name.to_ascii_lowercase().replace('_', "-");
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_in_the_first_two_lines_names_the_encoding() {
        for (source, utf8) in [
            ("", true),
            ("x = 1", true),
            ("# -*- coding: latin-1 -*-", false),
            (
                "#!/usr/bin/python\n# vim: set fileencoding=koi8_r :\n",
                false,
            ),
            ("\x0c\n # coding=cp1252\r\n", false),
            ("# -*- coding: UTF_8 -*-", true),
            ("# coding:utf8", true),
            ("x = 1\n# coding: latin-1", true),
            ("\n\n# coding: latin-1", true),
            ("# encoding is coding, no more", true),
        ] {
            assert_eq!(in_utf8(source.as_bytes()), utf8, "{source:?}");
        }
    }
}
