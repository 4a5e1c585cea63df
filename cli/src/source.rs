//! Reads Python source code as Python does: byte order marks and encoding declarations.

use std::path::Path;

use execnet::Value;

use crate::failure::Failure;
use crate::input::{self, BOM};

/// Source code for a worker.
pub(crate) struct Source {
    pub(crate) text: String,
    /// Whether the text is that of the file, so that line numbers of tracebacks are right.
    pub(crate) plain: bool,
}

impl Source {
    /// Reads source code from a file; from standard input without a file.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let bytes = input::bytes(file, input::MAX_DATA)?;
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

    /// Wraps source code of another encoding: the Python that runs it decodes it, as it knows all encodings.
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

/// Whether the source is UTF-8: a comment in its first two lines may declare another encoding (PEP 263).
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

/// The encoding that a comment declares, in the form of PEP 263.
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
    fn a_comment_in_the_first_two_lines_declares_the_encoding() {
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
