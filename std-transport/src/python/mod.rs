//! The programs that run in Python interpreters, as they are sent: without their comments.

use std::sync::LazyLock;

/// Between two pieces of the worker's source: a page break, which is white space to Python. The worker compiles its source
/// piece by piece: one large piece takes twice the memory, which a process that has just begun has to ask the system for,
/// page by page.
macro_rules! page_break {
    () => {
        "\x0c"
    };
}

/// The files of the worker's source, in the order in which they are compiled.
macro_rules! pages {
    ($first:literal $(, $name:literal)* $(,)?) => {
        concat!(
            include_str!(concat!("worker/", $first, ".py")),
            $(page_break!(), include_str!(concat!("worker/", $name, ".py")),)*
        )
    };
}

/// The program of one role in a sync. What Python 2.7 or Windows alone needs is compiled there alone.
macro_rules! rsync {
    ($role:literal) => {
        concat!(
            include_str!("rsync/common.py"),
            "\nif not PY3:\n    exec(r'''\n",
            include_str!("rsync/compat27.py"),
            "''')\nif WINDOWS:\n    exec(r'''\n",
            include_str!("rsync/windows.py"),
            "''')\n",
            include_str!(concat!("rsync/", $role, ".py")),
        )
    };
}

/// The part of the worker's source that is compiled at the start.
const CORE: &str = pages!(
    "prelude", "wire", "queue", "channel", "writer", "reader", "gateway", "main"
);

/// The part that is compiled only when the worker is asked for something rare.
const LAZY: &str = pages!(
    "lazy/first",
    "lazy/fork",
    "lazy/imports",
    "lazy/errors",
    "lazy/plain_traceback",
    "lazy/dump_error",
    "lazy/dump",
    "lazy/load",
    "lazy/numbers",
    "lazy/pickles",
    "lazy/waiting",
    "lazy/callbacks",
    "lazy/channel",
    "lazy/files",
    "lazy/gateway",
    "lazy/read_lease",
    "lazy/frames",
    "lazy/shutdown",
    "lazy/threads",
    "lazy/setup",
    "lazy/tracing",
    "lazy/compat27",
    "lazy/register",
);

/// A program, prepared when it is first sent.
type Program = LazyLock<String>;

macro_rules! programs {
    ($($(#[doc = $doc:literal])* $name:ident = $source:expr;)*) => {
        $($(#[doc = $doc])*
        pub(crate) static $name: Program = LazyLock::new(|| without_comments($source));)*

        /// Each as it is written, and as it is sent.
        #[cfg(test)]
        const WRITTEN: &[(&str, &Program)] = &[$(($source, &$name)),*];
    };
}

programs! {
    /// What an interpreter does before anything else.
    START = include_str!("start.py");

    /// The last act of a worker whose process group cannot be killed from here.
    END = include_str!("end.py");

    /// The part of the worker that is compiled at the start.
    WORKER = CORE;

    /// The part of the worker that is compiled on first use of something rare.
    WORKER_LAZY = LAZY;

    /// Follows the lazy part where both ends give each other credit.
    CREDIT = include_str!("credit.py");

    /// Follows the lazy part where code runs in greenlets.
    GREENLETS = include_str!("greenlets.py");

    /// Follows the first part of a worker inside the process of a stock socket server.
    SOCKET = include_str!("socket.py");

    /// Makes a worker of the stock execnet that an interpreter has.
    STOCK = include_str!("stock.py");

    /// Serves one client of stock execnet's socket server.
    STOCK_SERVER = include_str!("stock_server.py");

    /// Calls functions.
    CALL = include_str!("call.py");

    /// Runs a command.
    COMMAND = include_str!("command.py");

    /// Serves `via=`.
    PROXY = include_str!("proxy.py");

    /// Serves `installvia=`.
    INSTALL = include_str!("install.py");

    /// The end of a sync that receives a tree.
    RSYNC_TARGET = rsync!("target");

    /// The end of a sync that sends a tree.
    RSYNC_SOURCE = rsync!("source");
}

/// Comments, among them the types of functions and attributes, make a start slower. The line breaks stay, so that
/// lines keep their numbers, and the first line of each piece, which may say what the piece is.
fn without_comments(source: &str) -> String {
    let mut first = true;
    let mut sent = String::with_capacity(source.len());
    for line in source.lines() {
        first |= line.starts_with(page_break!());
        sent.push_str(if first { line } else { without_comment(line) });
        sent.push('\n');
        first = false;
    }
    sent
}

/// Behind code, a `#` that a quote follows may be part of a text, and stays.
fn without_comment(line: &str) -> &str {
    let Some(first) = line.find('#') else {
        return line;
    };
    let before = line[..first].trim_end();
    if before.is_empty() {
        return before;
    }
    let quotes_end = line.rfind(['"', '\'']).map_or(0, |at| at + 1);
    match line[quotes_end..].find('#') {
        Some(at) => line[..quotes_end + at].trim_end(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_ascii_and_fit_their_quotes() {
        for (written, sent) in WRITTEN {
            assert!(written.is_ascii() && written.ends_with('\n'));
            assert!(sent.ends_with('\n') && !sent.contains('\r'));
        }
        assert!(!CORE.contains("'''"));
        assert_eq!(rsync!("target").matches("'''").count(), 4);
    }

    #[test]
    fn a_piece_is_a_whole_number_of_lines() {
        for part in [CORE, LAZY] {
            let pieces = part.split(page_break!());
            assert!(pieces.clone().count() > 7);
            for piece in pieces {
                assert!(piece.starts_with("# ") && piece.ends_with('\n'), "{piece}");
            }
        }
    }

    #[test]
    fn what_marks_a_piece_is_sent() {
        assert!(WORKER_LAZY.contains("\x0c# Python 2"));
        for (program, mark) in [
            (&RSYNC_TARGET, "# execnet rsync 3\n"),
            (&PROXY, "# execnet proxy\n"),
            (&INSTALL, "# execnet install\n"),
        ] {
            assert!(program.starts_with(mark));
        }
    }

    #[test]
    fn comments_are_not_sent_and_line_numbers_stay() {
        for (written, sent) in WRITTEN {
            assert_eq!(written.lines().count(), sent.lines().count());
            // A text of several lines is one of those that say what a function does: no comment ends inside of it.
            let mut in_text = false;
            for (written, sent) in written.lines().zip(sent.lines()) {
                let cut = &written[sent.len()..];
                assert!(
                    written.starts_with(sent) && (cut.is_empty() || !in_text),
                    "{written}"
                );
                assert!(
                    cut.is_empty() || cut.trim_start().starts_with('#'),
                    "{written}"
                );
                assert!(!sent.contains("# type:"), "{sent}");
                in_text ^= written.matches("\"\"\"").count() % 2 == 1;
            }
            assert!(!in_text);
        }
    }

    #[test]
    fn a_number_sign_in_a_text_stays() {
        for line in ["x = '#'", "    f('# a', \"b#\")", "", "x = 1"] {
            assert_eq!(without_comment(line), line);
        }
        for (line, sent) in [
            ("# it is", ""),
            ("    # it's", ""),
            ("x = '#'  # it is", "x = '#'"),
            ("def f(a):  # type: (int) -> None", "def f(a):"),
        ] {
            assert_eq!(without_comment(line), sent);
        }
    }

    #[test]
    fn each_role_of_a_sync_has_its_part_and_not_the_other() {
        assert!(RSYNC_TARGET.contains("class Folders") && RSYNC_SOURCE.contains("class Folders"));
        assert!(RSYNC_TARGET.contains("class Target") && !RSYNC_TARGET.contains("class Source"));
        assert!(RSYNC_SOURCE.contains("class Source") && !RSYNC_SOURCE.contains("class Target"));
    }
}
