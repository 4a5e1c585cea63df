//! Excerpts of long texts for error messages.

use core::fmt;

/// Lines of this many, from the end, are shown; the accessors have all.
const SHOWN_LINES: usize = 20;

/// No more bytes than this are shown.
const SHOWN_BYTES: usize = 4096;

pub(super) fn write_excerpt(f: &mut fmt::Formatter<'_>, title: &str, text: &str) -> fmt::Result {
    let text = text.trim_end();
    if text.is_empty() {
        return Ok(());
    }
    let end = tail(text, SHOWN_BYTES);
    let lines: Vec<&str> = end.lines().collect();
    let shown = lines.get(lines.len().saturating_sub(SHOWN_LINES)..);
    write!(f, "\n  {title}:")?;
    shown
        .unwrap_or_default()
        .iter()
        .try_for_each(|line| write!(f, "\n    {line}"))
}

/// The last `size` bytes, or a little less where that cuts no character.
fn tail(text: &str, size: usize) -> &str {
    let start = text.len().saturating_sub(size);
    (start..text.len())
        .find_map(|start| text.get(start..))
        .unwrap_or_default()
}
