//! The page: a template, and the diagram as JSON in it.

use execnet::Value;
use execnet::serializer::LoadOptions;
use serde_json::{Value as Json, json};

use super::diagram::{Diagram, Row, RowWhat};
use super::line::{Frame, What};
use crate::escape::escaped;

const TEMPLATE: &str = include_str!("page.html");

/// Number of bytes that a recorded payload has at most; one of this size was cut.
const EXCERPT: usize = 512;

/// The page about a diagram, with its first rows.
pub(super) fn page(diagram: &Diagram, limit: usize) -> String {
    let (before, after) = TEMPLATE.split_once("\"DATA\"").unwrap_or((TEMPLATE, ""));
    // Text of a peer is a string of the document, and `<` is the only character that could end the element around it.
    let data = data(diagram, limit).to_string().replace('<', "\\u003c");
    [before, &data, after].concat()
}

fn data(diagram: &Diagram, limit: usize) -> Json {
    let mut codes = Codes::default();
    let shown = diagram.rows.iter().take(limit);
    let rows: Vec<_> = shown
        .map(|row| row_data(diagram, row, &mut codes))
        .collect();
    let lanes = diagram
        .lanes
        .iter()
        .map(|lane| json!([escaped(&lane.name), escaped(&lane.process)]));
    let links = diagram.links.iter();
    let links =
        links.map(|link| json!([escaped(&link.name), link.controller, link.worker, link.both]));
    json!({
        "lanes": lanes.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "codes": codes.0,
        "rows": rows,
        "left_out": left_out(diagram, limit),
        "damage": diagram.traces.damage().map(|text| escaped(&text)),
    })
}

/// Number of the lines that no row shows. A row of a frame that both ends have shows two.
fn left_out(diagram: &Diagram, limit: usize) -> u64 {
    let rows = diagram.rows.iter().skip(limit);
    let lines = rows.map(|row| match row.what {
        RowWhat::Frame { both: true, .. } => 2,
        _ => 1_u64,
    });
    lines.fold(diagram.traces.left_out, u64::saturating_add)
}

/// The names of codes, which rows have by their numbers.
#[derive(Default)]
struct Codes(Vec<String>);

impl Codes {
    fn number(&mut self, code: &str) -> usize {
        let code = escaped(code);
        let found = self.0.iter().position(|known| *known == code);
        found.unwrap_or_else(|| {
            self.0.push(code);
            self.0.len() - 1
        })
    }
}

/// `[lane, time, text]` for an event, and `[link, to worker, sent, received, both, code, channel, length, payload]` for a
/// frame.
fn row_data(diagram: &Diagram, row: &Row, codes: &mut Codes) -> Json {
    let what = diagram.line(row).map(|line| &line.what);
    match (&row.what, what) {
        (&RowWhat::Event { lane, time }, Some(What::Event(text))) => {
            json!([lane, time, escaped(text)])
        }
        (
            &RowWhat::Frame {
                link,
                to_worker,
                sent,
                received,
                both,
            },
            Some(What::Frame(frame)),
        ) => {
            let code = codes.number(&frame.code);
            json!([
                link,
                to_worker,
                sent,
                received,
                both,
                code,
                frame.channel,
                frame.len,
                payload(frame)
            ])
        }
        _ => Json::Null,
    }
}

/// A payload as text: a value in Python's notation, source code and tracebacks as they are.
fn payload(frame: &Frame) -> Option<String> {
    let bytes = &**frame.payload.as_ref()?;
    let whole = bytes.len() < EXCERPT;
    let value = LoadOptions::wire().loads(bytes).ok().filter(|_| whole);
    let value = match (&*frame.code, value) {
        ("CHANNEL_EXEC", Some(Value::Tuple(parts))) => parts.into_iter().next(),
        (_, value) => value,
    };
    Some(match value {
        Some(Value::Str(text)) if frame.code != "CHANNEL_DATA" => escaped(text.as_str()),
        Some(value) => value.to_string(),
        None if whole => Value::Bytes(bytes.to_vec()).to_string(),
        None => cut(bytes),
    })
}

/// The readable part of a payload that was cut.
fn cut(bytes: &[u8]) -> String {
    // Without the opcode and the length of a text.
    let text = bytes.strip_prefix(b"N").and_then(|text| text.get(4..));
    let text = String::from_utf8_lossy(text.unwrap_or(bytes));
    let visible = |c: char| match c {
        '\n' | '\t' => c,
        char::REPLACEMENT_CHARACTER => '\u{b7}',
        c if c.is_control() => '\u{b7}',
        c => c,
    };
    escaped(&text.chars().map(visible).collect::<String>()) + "\u{2026}"
}
