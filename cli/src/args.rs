//! The command line, as clap parses it.

use core::net::SocketAddr;
use core::str::FromStr as _;
use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

#[cfg(unix)]
use clap::builder::UnknownArgumentValueParser;
use clap::builder::{OsStringValueParser, RangedU64ValueParser, TypedValueParser};
#[cfg(unix)]
use clap::{Arg, ArgAction};
use clap::{ArgGroup, Args, Parser, Subcommand};
use execnet::{SpecError, Value, XSpec};

/// Run Python code in local and remote interpreters; read and write execnet data
#[derive(Debug, Parser)]
#[command(name = "execnet", version, after_help = STATUSES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Parses a spec. Unknown keys are errors: a user typed it, so they are typing errors.
pub(crate) fn spec(text: &OsStr) -> Result<XSpec, SpecError> {
    let spec = XSpec::try_from(text)?;
    spec.check_keys()?;
    Ok(spec)
}

/// [`spec`] for clap, which accepts no function of an `OsStr`.
fn spec_parser() -> impl TypedValueParser<Value = XSpec> {
    OsStringValueParser::new().try_map(|text| spec(&text))
}

const STATUSES: &str = "\
Exit status:
    0  success
    1  the remote code raised an exception (SystemExit is one, whatever its code), data is malformed
       or cannot be represented, files were not copied, or standard output cannot be written
    2  usage error: an invalid argument, spec or literal, or a file that cannot be opened
    3  the worker cannot be started, or its connection was lost; the server cannot listen
  124  timed out
  130  interrupted (143: by SIGTERM, 129: its terminal was closed, 131: by SIGQUIT)
  137  workers were killed, as they did not exit within --grace or a second interrupt came
  141  the reader of standard output closed it";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Exec(Exec),
    #[cfg(unix)]
    Rsync(Rsync),
    Serve(Serve),
    Worker(Worker),
    Dumps(Dumps),
    Loads(Loads),
    Inspect(Inspect),
}

/// Run Python code in a worker and print the items that it sends
///
/// Starts a worker, runs the code in it and prints each item that the code sends over `channel` as one line, in Python's
/// literal notation. What the code prints goes to standard error line by line, after the gateway's id in brackets; a
/// worker behind a socket prints to the standard error of its server. The command ends when the code ends, and the
/// worker with it.
///
/// Without --send, nothing is ever sent to the code: `channel.receive()` waits until the timeout or an interrupt.
///
/// An exception that the code does not handle is status 1. SystemExit is one, as in Python's execnet: `sys.exit(0)` too is
/// status 1. Code succeeds by reaching its end.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("source").required(true).args(["code", "file"])),
    override_usage = "execnet exec [OPTIONS] <SPEC> <CODE>\n       execnet exec [OPTIONS] <SPEC> --file <FILE>"
)]
pub(crate) struct Exec {
    /// Spec of the worker: popen, popen//python=python3.12//chdir=work, ssh=user@host, ...
    #[arg(value_parser = spec_parser())]
    pub(crate) spec: XSpec,
    /// Python code, or - to read it from standard input
    pub(crate) code: Option<String>,
    /// Read the code from FILE; tracebacks name it
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Send this value to the code (repeatable); its items end after the last value
    ///
    /// After the last value `for item in channel` ends and `channel.receive()` raises EOFError. Workers that run stock
    /// execnet (socket=, bootstrap=execnet) get the values, but not the end.
    // The parser is named because clap would prefer `From<&str>`, which makes every text a string.
    #[arg(long, value_name = "LITERAL", allow_hyphen_values = true, value_parser = Value::from_str)]
    pub(crate) send: Vec<Value>,
    /// Print items as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// When a command with workers ends.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Stop after this time, including start-up: seconds, or with a unit (ms, s, m, h, d)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = nonzero_time)]
    pub(crate) timeout: Option<Duration>,
    /// Time for workers to exit before they are killed
    ///
    /// It starts when the remote code ends, for the threads and exit handlers that the code leaves behind. On a timeout, an
    /// interrupt or SIGTERM, the remote code gets a KeyboardInterrupt, and has this time to clean up. A second interrupt
    /// kills the workers on this machine at once; a worker elsewhere exits by itself when its time is over.
    #[arg(long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true, value_parser = time)]
    pub(crate) grace: Duration,
}

/// Listen for clients and start a worker for each authorised connection
///
/// Prints the spec for clients to standard output once it listens, and logs connections to standard error. Clients on other
/// machines name their own copy of the token file; for TLS, clients add `tls_cert=`, `tls_key=` and `tls_ca=`.
///
/// Runs until it is interrupted. The first interrupt (or SIGTERM, SIGQUIT) ends the server and kills all workers at
/// once, without a chance to clean up: stop the clients first if their code needs one. SIGHUP reloads the token and the
/// certificates.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("listen").required(true).args(["unix", "tcp", "tls", "insecure_stock"])))]
pub(crate) struct Serve {
    /// Listen on a Unix socket in a private directory, for processes of this user
    #[arg(long, value_name = "PATH")]
    pub(crate) unix: Option<PathBuf>,
    /// Listen on a loopback address, for clients that know the token
    #[arg(long, value_name = "ADDRESS:PORT", requires = "token_file")]
    pub(crate) tcp: Option<SocketAddr>,
    /// Listen on any address with TLS, for clients that have a certificate
    #[arg(long, value_name = "ADDRESS:PORT", requires_all = ["tls_cert", "tls_key", "tls_ca"])]
    pub(crate) tls: Option<SocketAddr>,
    /// Certificate of the server, followed by its intermediate certificates (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the server, in a file that only its owner can access (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Certificates of the authorities that sign for clients (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// File of the token, which only its owner can access; created if it does not exist
    #[arg(long, value_name = "FILE", conflicts_with_all = ["unix", "insecure_stock"])]
    pub(crate) token_file: Option<PathBuf>,
    /// Listen for clients of stock execnet: anyone who can connect can run code, without any check
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) insecure_stock: Option<SocketAddr>,
    /// Allow --insecure-stock on addresses other than loopback
    #[arg(long, requires = "insecure_stock")]
    pub(crate) insecure_beyond_loopback: bool,
    /// Spec of the workers; clients choose id, execmodel and nice
    #[arg(long, value_name = "SPEC", default_value = "popen", value_parser = spec_parser())]
    pub(crate) worker: XSpec,
    /// Maximum number of clients; further ones are refused
    #[arg(long, value_name = "N", default_value = "64", allow_hyphen_values = true, value_parser = count())]
    pub(crate) max_connections: usize,
    /// Maximum number of connections that have not authenticated; beyond it, a new one replaces
    /// another at random
    #[arg(long, value_name = "N", default_value = "100", allow_hyphen_values = true, value_parser = count())]
    pub(crate) max_unauthenticated: usize,
    /// Time for clients to authenticate
    #[arg(long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true, value_parser = nonzero_time)]
    pub(crate) handshake_timeout: Duration,
}

/// Run as a Rust worker over stdin/stdout (started by a controller; executes no Python)
///
/// The spec is popen//worker=execnet worker, or the same over ssh; for stock execnet popen//python=execnet worker. The
/// worker takes part in syncs (execnet rsync) and connects to further gateways (via=).
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// The arguments that stock execnet passes to an interpreter; ignored
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub(crate) ignored: Vec<OsString>,
}

/// Write a value to standard output in the format of execnet's dumps()
#[derive(Debug, Args)]
pub(crate) struct Dumps {
    /// The value in Python's literal notation, or - to read it from standard input
    #[arg(allow_hyphen_values = true)]
    pub(crate) literal: String,
}

/// Print a value that execnet's dumps() wrote
#[derive(Debug, Args)]
pub(crate) struct Loads {
    /// File to read, or - for standard input [default: -]
    pub(crate) file: Option<PathBuf>,
    /// Print the value as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Load strings (`str`) of Python 2 as Latin-1 text instead of bytes
    #[arg(long)]
    pub(crate) py2str_as_py3str: bool,
    /// Load strings (`str`) of Python 3 as UTF-8 bytes instead of text
    #[arg(long)]
    pub(crate) py3str_as_py2str: bool,
}

/// Print the opcodes of values that execnet's dumps() wrote, with their offsets
///
/// The version byte may be missing, as in the payload of a frame. For malformed data, the valid part is printed, then
/// the error and its offset.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// File to read, or - for standard input [default: -]
    pub(crate) file: Option<PathBuf>,
}

/// Copy a directory or file to gateways, or from a gateway
///
/// Copies directories recursively, with symbolic links, permissions and modification times, but without owners and special
/// files. Files of the same size and time are skipped. Every other file is written under a temporary name and then
/// renamed.
///
/// The content of a directory goes into DEST. A file becomes DEST, or goes into DEST if that ends in a slash. Relative paths
/// on a gateway start at the worker's working directory, which over ssh is the home directory.
#[cfg(unix)]
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("direction").required(true).args(["to", "from"])),
    arg = archive(),
    override_usage = "execnet rsync [OPTIONS] <SRC> --to <SPEC> <DEST> [--to <SPEC> <DEST>]...\n       execnet rsync [OPTIONS] --from <SPEC> <SRC> <DEST>"
)]
pub(crate) struct Rsync {
    /// Directory or file to copy
    #[arg(
        value_name = "SRC",
        required_unless_present = "from",
        conflicts_with = "from",
        value_parser = path_parser()
    )]
    pub(crate) source: Option<OsString>,
    /// Copy to a path on a gateway (repeatable; all targets run at the same time)
    #[arg(long, num_args = 2, value_names = ["SPEC", "DEST"], value_parser = path_parser())]
    pub(crate) to: Vec<OsString>,
    /// Copy from a path on a gateway to a path on this machine
    #[arg(long, num_args = 3, value_names = ["SPEC", "SRC", "DEST"], value_parser = path_parser())]
    pub(crate) from: Option<Vec<OsString>>,
    /// Delete files in DEST that are not in SRC
    #[arg(long)]
    pub(crate) delete: bool,
    /// Skip paths that match, as in a .gitignore (repeatable; !PATTERN includes again)
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub(crate) exclude: Vec<String>,
    /// Skip larger files (K, M and G are powers of 1024)
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true, value_parser = bytes)]
    pub(crate) max_file_size: Option<u64>,
    /// Treatment of symbolic links that lead out of the tree [default: keep; refuse with --from]
    #[arg(long, value_name = "RULE")]
    pub(crate) links: Option<LinkRule>,
    /// Keep the setuid, setgid and sticky bits of files
    #[arg(long)]
    pub(crate) special_modes: bool,
    /// Keep holes in files instead of writing zeros
    #[arg(short = 'S', long)]
    pub(crate) sparse: bool,
    /// Keep hard links within the tree instead of writing a file for each name
    #[arg(short = 'H', long)]
    pub(crate) hard_links: bool,
    /// Write everything to the disk (fsync) before the copy counts as done
    #[arg(long)]
    pub(crate) fsync: bool,
    /// Compare the content of files instead of their times
    #[arg(short = 'c', long)]
    pub(crate) checksum: bool,
    /// Only show what would be done
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Give up on a gateway that is silent for this time [default: 10m]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = nonzero_time)]
    pub(crate) idle_timeout: Option<Duration>,
    /// Stop a copy from a gateway that has more entries than this [default: 10000000]
    #[arg(long, value_name = "N", requires = "from", allow_hyphen_values = true)]
    pub(crate) max_entries: Option<u64>,
    /// Print a JSON document for each target instead of lines
    ///
    /// A path that is not UTF-8 is an object with its bytes: {"bytes": [102, 255]}.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// Rejects -a, which users of rsync expect, with a hint.
#[cfg(unix)]
fn archive() -> Arg {
    let hint = "there is no archive mode: directories, symbolic links, permissions and times are always copied, owners \
                and devices never; -H keeps hard links, --special-modes the setuid bit";
    Arg::new("archive")
        .short('a')
        .hide(true)
        .action(ArgAction::SetTrue)
        .value_parser(UnknownArgumentValueParser::suggest(hint))
}

/// Rejects paths that are hardly meant: a quoted `~`, which the shell did not expand, and the value of an unset variable.
#[cfg(unix)]
fn path_parser() -> impl TypedValueParser<Value = OsString> {
    OsStringValueParser::new().try_map(|path| match path.as_encoded_bytes() {
        [] => Err("it is empty; `.` is the working directory"),
        [b'~', ..] => Err("`~` is not expanded: a relative path starts at the worker's working directory, which over \
                           ssh is the home directory; write `./~` if that is the name"),
        _ => Ok(path),
    })
}

/// What to do with a link that leads out of the tree.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum LinkRule {
    /// Copy the link as it is
    Keep,
    /// Report the link as failed
    Refuse,
    /// Copy the file that the link points to; with --from, the same as refuse
    Copy,
}

#[cfg(unix)]
impl From<LinkRule> for execnet::rsync::Links {
    fn from(rule: LinkRule) -> Self {
        match rule {
            LinkRule::Keep => Self::Keep,
            LinkRule::Refuse => Self::Refuse,
            LinkRule::Copy => Self::Copy,
        }
    }
}

#[cfg(unix)]
fn bytes(text: &str) -> Result<u64, &'static str> {
    let units = [('K', 1_u64 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let mut found = units
        .iter()
        .filter_map(|&(unit, size)| Some((text.strip_suffix(unit)?, size)));
    let (number, unit) = found.next().unwrap_or((text, 1));
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a number of bytes, optionally with a unit (K, M, G)")?;
    number.checked_mul(unit).ok_or("the number is too large")
}

/// Parses seconds, or a number with a unit, as timeout(1) does.
fn time(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number, optionally with a unit (ms, s, m, h, d)".to_owned();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match text.strip_prefix(number) {
        Some("ms") => 0.001,
        Some("" | "s") => 1.0,
        Some("m") => 60.0,
        Some("h") => 3_600.0,
        Some("d") => 86_400.0,
        _ => return Err(expected()),
    };
    let number: f64 = number.parse().map_err(|_| expected())?;
    Duration::try_from_secs_f64(number * scale).map_err(|error| error.to_string())
}

fn nonzero_time(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("the time must not be zero".to_owned()),
        time => Ok(time),
    }
}

/// A limit of zero would refuse everything.
fn count() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::new().range(1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [
            ("0", 0.0),
            ("1.5", 1.5),
            ("2s", 2.0),
            ("250ms", 0.25),
            ("3m", 180.0),
            ("0.5h", 1800.0),
            ("1d", 86_400.0),
        ] {
            assert_eq!(time(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "s", "-1", "1y", "1 s", "inf", "nan", "1e30h", "soon"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(nonzero_time("0").is_err() && nonzero_time("0ms").is_err());
    }
}
