//! The scripts of bash and zsh, and what these read.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::complete;
use clap_complete::env::EnvCompleter;

/// Whether more of a word follows, so that there is no space behind it.
fn is_open(text: &str) -> bool {
    text.ends_with(['=', '/', ':'])
}

/// The lines that a script reads, for the arguments that it passes.
type Answer = fn(&mut Command, Vec<OsString>, Option<&Path>) -> io::Result<Vec<String>>;

/// A shell with a script of our own.
#[derive(Debug)]
pub(super) struct Scripted {
    name: &'static str,
    script: &'static str,
    answer: Answer,
}

impl EnvCompleter for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is(&self, name: &str) -> bool {
        name == self.name
    }

    fn write_registration(
        &self,
        _var: &str,
        _name: &str,
        _bin: &str,
        _completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        buf.write_all(self.script.as_bytes())
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let mut lines = (self.answer)(cmd, args, current_dir)?.into_iter();
        lines.try_for_each(|line| writeln!(buf, "{line}"))
    }
}

/// bash, which passes the whole line: its own words end at each `=` and `:`.
pub(super) const BASH: Scripted = Scripted {
    name: "bash",
    script: BASH_SCRIPT,
    answer: answer_bash,
};

const BASH_SCRIPT: &str = r#"_execnet() {
    # What the shell expands or unquotes itself is completed by it: files.
    case ${COMP_WORDS[COMP_CWORD]} in
        *[\~\$\`\"\']*) return ;;
    esac
    local IFS=$'\n'
    COMPREPLY=($(_EXECNET_COMPLETE=bash execnet -- "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null))
    case ${#COMPREPLY[@]},${COMPREPLY-} in
        1,*[=/:]) compopt -o nospace ;;
    esac
}
complete -o bashdefault -o default -F _execnet execnet
"#;

fn answer_bash(
    cmd: &mut Command,
    args: Vec<OsString>,
    current_dir: Option<&Path>,
) -> io::Result<Vec<String>> {
    let mut args = args.iter().map(|arg| arg.to_string_lossy());
    let (line, breaks) = (args.next(), args.next());
    let (line, breaks) = (line.unwrap_or_default(), breaks.unwrap_or_default());
    let words = words(&line);
    let last = words.last().map_or("", String::as_str);
    let shown = replaced(&line, last, &breaks);
    let index = words.len().saturating_sub(1);
    let words = words.iter().map(OsString::from).collect();
    let candidates = complete(cmd, words, index, current_dir)?;
    let lines = candidates.iter().map(|candidate| {
        let value = candidate.get_value().to_string_lossy();
        escaped(value.strip_prefix(shown).unwrap_or(&value))
    });
    Ok(lines.collect())
}

/// The words of a line, of which the last one is still being typed.
fn words(line: &str) -> Vec<String> {
    // In quotes that are still open, too.
    let found = ["", "'", "\""].iter();
    let mut words = found
        .filter_map(|quote| shlex::split(&format!("{line}{quote}")))
        .next()
        .unwrap_or_default();
    if line.ends_with([' ', '\t']) && !line.ends_with("\\ ") {
        words.push(String::new());
    }
    words
}

/// The beginning of the last word that bash keeps: it replaces what follows the last of its breaks.
fn replaced<'a>(line: &str, last: &'a str, breaks: &str) -> &'a str {
    let typed = line.rsplit([' ', '\t']).next().unwrap_or_default();
    if typed.contains(['\'', '"']) {
        return "";
    }
    let is_break = |c: char| breaks.contains(c) && matches!(c, '=' | ':' | '@');
    let end = last.rfind(is_break).map_or(0, |at| at.saturating_add(1));
    last.get(..end).unwrap_or_default()
}

/// Text as a part of a word of a shell.
fn escaped(text: &str) -> String {
    let escape = |c: char| {
        let backslash = " \t\\'\"`$&|;<>()*?[]{}!#~".contains(c).then_some('\\');
        backslash.into_iter().chain([c])
    };
    text.chars().flat_map(escape).collect()
}

/// zsh, with a description of each candidate.
pub(super) const ZSH: Scripted = Scripted {
    name: "zsh",
    script: ZSH_SCRIPT,
    answer: answer_zsh,
};

const ZSH_SCRIPT: &str = r#"#compdef execnet
_execnet() {
    # What the shell expands or unquotes itself is completed by it: files.
    if [[ $words[CURRENT] == *[\~\$\`\"\']* ]]; then _files; return; fi
    local -a found open closed
    found=("${(@f)$(_EXECNET_COMPLETE=zsh execnet -- "${(@Q)words[1,CURRENT]}" 2>/dev/null)}")
    open=(${${(M)found:#+*}#+}) closed=(${${(M)found:#-*}#-})
    local result=1
    (( $#open )) && _describe -V values open -S '' && result=0
    (( $#closed )) && _describe -V values closed && result=0
    (( result )) && _files && result=0
    return result
}
if [ "$funcstack[1]" = _execnet ]; then _execnet "$@"; else compdef _execnet execnet; fi
"#;

fn answer_zsh(
    cmd: &mut Command,
    args: Vec<OsString>,
    current_dir: Option<&Path>,
) -> io::Result<Vec<String>> {
    let index = args.len().saturating_sub(1);
    let candidates = complete(cmd, args, index, current_dir)?;
    let lines = candidates.iter().map(|candidate| {
        let value = candidate.get_value().to_string_lossy();
        let mark = if is_open(&value) { '+' } else { '-' };
        let value = value.replace('\\', "\\\\").replace(':', "\\:");
        let help = candidate.get_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let help = help.lines().next().unwrap_or_default();
        format!("{mark}{value}:{help}")
    });
    Ok(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_the_one_that_is_typed() {
        for (line, expected) in [
            ("execnet ex", &["execnet", "ex"][..]),
            ("execnet exec ", &["execnet", "exec", ""]),
            ("execnet --on 'a b", &["execnet", "--on", "a b"]),
            ("execnet a\\ b", &["execnet", "a b"]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn bash_keeps_the_word_up_to_its_last_break() {
        let kept = |line, last| replaced(line, last, " \t\n\"'><=;|&(:");
        assert_eq!(kept("execnet exec ssh=a//py", "ssh=a//py"), "ssh=");
        assert_eq!(kept("execnet exec 'ssh=a", "ssh=a"), "");
        assert_eq!(kept("execnet exec popen//p", "popen//p"), "");
    }

    #[test]
    fn names_of_files_are_words() {
        assert_eq!(escaped("a b$c"), "a\\ b\\$c");
        assert_eq!(escaped("ssh=a//"), "ssh=a//");
    }
}
