//! Colours, for terminals whose user has not turned them off (`NO_COLOR`, `TERM=dumb`).

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// The colours of targets, in turn.
const TARGETS: [AnsiColor; 5] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
];

/// The label of a target, in its colour if the stream has colours.
pub(crate) fn of_target(stream: impl RawStream, index: usize, label: &str) -> String {
    let colour = TARGETS.get(index % TARGETS.len());
    let style = colour.map_or_else(Style::new, |colour| colour.on_default());
    styled(stream, style, label)
}

/// The name of the program before a message.
pub(crate) fn name(stream: impl RawStream, name: &str) -> String {
    styled(stream, Style::new().bold(), name)
}

fn styled(stream: impl RawStream, style: Style, text: &str) -> String {
    // On Windows this also has the console read the escapes. An old one that cannot has no colours.
    match AutoStream::auto(stream).current_choice() {
        ColorChoice::AlwaysAnsi => format!("{style}{text}{style:#}"),
        _ => text.to_owned(),
    }
}
