//! The progress of `execnet rsync`: bars on a terminal, lines elsewhere.

use core::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use execnet::rsync::Event;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{Output, quoted};
use crate::escape::escaped;

/// Shows progress: a bar for each target on a terminal, otherwise or with --verbose a line for each event.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    bars: Vec<ProgressBar>,
    labels: Vec<String>,
    lines: bool,
    dry_run: bool,
}

impl Progress {
    pub(super) fn new(labels: Vec<String>, output: Output) -> Self {
        let shown = !output.json && !output.verbosity.quiet;
        // Lines with all files instead of bars are what a terminal gets on request.
        let bar = shown && io::stderr().is_terminal() && !output.verbosity.verbose;
        let target = match bar {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let all = MultiProgress::with_draw_target(target);
        let bars = labels.iter().map(|label| {
            all.add(
                ProgressBar::new(0)
                    .with_style(style())
                    .with_prefix(escaped(label)),
            )
        });
        Self {
            bars: bars.collect(),
            labels,
            lines: shown && !bar,
            dry_run: output.dry_run,
        }
    }

    pub(super) fn callback(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let progress = self.clone();
        move |event| progress.on_event(event)
    }

    pub(super) fn finish(&self) {
        self.bars.iter().for_each(ProgressBar::finish_and_clear);
    }

    fn on_event(&self, event: &Event<'_>) {
        match *event {
            Event::Asked { target, bytes, .. } => self.bar(target, |bar| bar.set_length(bytes)),
            Event::Sent {
                target,
                path,
                bytes,
            } => {
                self.bar(target, |bar| bar.inc(bytes));
                let verb = if self.dry_run { "would send" } else { "sent" };
                self.line(Some(target), verb, &quoted(path.as_ref()));
            }
            Event::Linked { target, path } => {
                let verb = if self.dry_run { "would link" } else { "linked" };
                self.line(Some(target), verb, &quoted(path.as_ref()));
            }
            Event::Deleted { target, path } => {
                let verb = if self.dry_run {
                    "would delete"
                } else {
                    "deleted"
                };
                self.line(Some(target), verb, &quoted(path.as_ref()));
            }
            Event::Skipped { path, reason } => {
                self.line(
                    None,
                    "skipped",
                    &format_args!("{}: {reason}", quoted(path.as_ref())),
                );
            }
            Event::Failed {
                target,
                path,
                reason,
            } => self.failed(target, &quoted(path.as_ref()), reason),
            _ => {}
        }
    }

    fn bar(&self, target: usize, change: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.bars.get(target) {
            change(bar);
        }
    }

    fn label(&self, target: Option<usize>) -> &str {
        target
            .and_then(|target| self.labels.get(target))
            .map_or("source", String::as_str)
    }

    /// Prints a line to standard output. It may be closed: the summary reports that.
    fn line(&self, target: Option<usize>, verb: &str, what: &dyn Display) {
        if self.lines {
            let line = escaped(&format!("{}: {verb} {what}", self.label(target)));
            let _ = writeln!(io::stdout(), "{}", line.replace('\n', "\\n"));
        }
    }

    fn failed(&self, target: Option<usize>, path: &str, reason: &str) {
        let line = escaped(&format!("{}: failed {path}: {reason}", self.label(target)));
        let line = line.replace('\n', "\\n");
        match self.bars.first().filter(|bar| !bar.is_hidden()) {
            // Above the bars, which would overwrite it otherwise.
            Some(bar) => bar.println(line),
            None => drop(writeln!(io::stderr(), "{line}")),
        }
    }
}

const TEMPLATE: &str = "{prefix} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec}";

fn style() -> ProgressStyle {
    // A test checks the template.
    ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_template_of_the_bar_is_valid() {
        assert!(indicatif::ProgressStyle::with_template(super::TEMPLATE).is_ok());
    }
}
