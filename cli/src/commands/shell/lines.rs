//! Reads the lines that are typed: with an editor on a terminal, and else from standard input.

use alloc::rc::Rc;
use core::cell::Cell;
use std::io::{self, StdinLock, Write as _};

use rustyline::completion::Completer;
use rustyline::config::{BellStyle, CompletionType};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};

use super::Remote;
use super::screen::Screen;
use crate::failure::Failure;

/// What the user has typed.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the end of standard input.
    End,
}

/// The source of lines.
pub(super) enum Lines {
    Terminal(Box<Editor<Completions, MemHistory>>),
    Plain {
        stdin: StdinLock<'static>,
        ended: bool,
    },
}

impl Lines {
    /// Creates the source of lines, and the screen that goes with it.
    pub(super) fn new(terminal: bool, completions: Completions) -> Result<(Self, Screen), Failure> {
        if !terminal {
            let stdin = io::stdin().lock();
            return Ok((
                Self::Plain {
                    stdin,
                    ended: false,
                },
                Screen::Streams,
            ));
        }
        let config = Config::builder()
            .bell_style(BellStyle::None)
            .completion_type(CompletionType::List)
            // Pasted lines are run one by one, as if they were typed.
            .bracketed_paste(false)
            .build();
        let history = MemHistory::with_config(&config);
        let mut editor = Editor::with_history(config, history).map_err(failure)?;
        editor.set_helper(Some(completions));
        let printer = editor.create_external_printer().map_err(failure)?;
        let screen = Screen::Terminal(Box::new(printer));
        Ok((Self::Terminal(Box::new(editor)), screen))
    }

    /// Reads a line, without its end, for the prompt or for code that reads its standard input.
    pub(super) fn read(&mut self, prompt: &str, is_input: bool) -> Result<Line, Failure> {
        match self {
            Self::Terminal(editor) => edited(editor, prompt, is_input),
            Self::Plain { stdin, ended } => plain(stdin, ended, is_input),
        }
    }
}

/// Reads a line of standard input. At its end the prompt gets an empty line first: it ends a block.
fn plain(
    stdin: &mut StdinLock<'static>,
    ended: &mut bool,
    is_input: bool,
) -> Result<Line, Failure> {
    let mut line = String::new();
    match io::BufRead::read_line(stdin, &mut line) {
        Ok(0) if *ended || is_input => Ok(Line::End),
        Ok(0) => {
            *ended = true;
            Ok(Line::Text(line))
        }
        Ok(_) => Ok(Line::Text(line.trim_end_matches(['\r', '\n']).to_owned())),
        Err(error) => Err(Failure::Usage("standard input".into(), error.into())),
    }
}

/// Reads a line from the terminal.
fn edited(
    editor: &mut Editor<Completions, MemHistory>,
    prompt: &str,
    is_input: bool,
) -> Result<Line, Failure> {
    if let Some(completions) = editor.helper() {
        completions.enabled.set(!is_input);
    }
    match editor.readline(prompt) {
        Ok(line) => {
            if !is_input {
                // Fails only for a history in a file.
                let _ = editor.add_history_entry(&line);
            }
            Ok(Line::Text(line))
        }
        Err(ReadlineError::Interrupted) => {
            // Code that reads its input gets the exception, and Python prints it.
            if !is_input {
                show("KeyboardInterrupt");
            }
            Ok(Line::Interrupted)
        }
        Err(ReadlineError::Eof) => {
            show("");
            Ok(Line::End)
        }
        Err(error) => Err(failure(error)),
    }
}

fn show(line: &str) {
    // An error comes again with the next output.
    let _ = writeln!(io::stdout(), "{line}");
}

fn failure(error: ReadlineError) -> Failure {
    Failure::Usage("the terminal".into(), error.into())
}

/// Names that complete what is typed, from the worker.
pub(super) struct Completions {
    remote: Rc<Remote>,
    enabled: Cell<bool>,
}

impl Completions {
    pub(super) fn new(remote: Rc<Remote>) -> Self {
        Self {
            remote,
            enabled: Cell::new(false),
        }
    }
}

impl Completer for Completions {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..pos).unwrap_or_default();
        if typed.trim().is_empty() {
            return Ok((pos, vec!["    ".to_owned()]));
        }
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let word = typed.trim_end_matches(is_part).len();
        let (start, word) = (word, typed.get(word..).unwrap_or_default());
        if word.is_empty() || !self.enabled.get() {
            return Ok((pos, Vec::new()));
        }
        Ok((start, self.remote.completions(word)))
    }
}

impl Helper for Completions {}
impl Highlighter for Completions {}
impl Validator for Completions {}
impl Hinter for Completions {
    type Hint = String;
}
