//! The command line: what clap reads.

use core::net::SocketAddr;
use core::str::FromStr as _;
use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{ArgGroup, Args, Parser, Subcommand};
use execnet::{SpecError, Value, XSpec};

/// Run code in interpreters elsewhere, read and write execnet data
#[derive(Debug, Parser)]
#[command(name = "execnet", version, after_help = STATUSES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A spec without keys that have no meaning: a person has typed it.
pub(crate) fn spec(text: &OsStr) -> Result<XSpec, SpecError> {
    let spec = XSpec::try_from(text)?;
    spec.check_keys()?;
    Ok(spec)
}

/// For clap, which takes no function of an `OsStr`.
fn spec_parser() -> impl TypedValueParser<Value = XSpec> {
    OsStringValueParser::new().try_map(|text| spec(&text))
}

const STATUSES: &str = "\
Exit status:
    0  done
    1  the remote code raised an exception, the data cannot be loaded, files could not be
       copied, or standard output takes no more
    2  bad usage: arguments, spec, literal, unreadable file
    3  the gateway could not be made, or it died
  124  timed out
  130  interrupted (143: by SIGTERM, 129: its terminal was closed, 131: by SIGQUIT)
  137  a worker did not end within --grace, or a second interrupt came: it was killed
  141  standard output was closed by its reader";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Serve),
    Worker(Worker),
    Exec(Exec),
    Dumps(Dumps),
    Loads(Loads),
    Inspect(Inspect),
    #[cfg(unix)]
    Rsync(Rsync),
}

/// Run Python code on a gateway and print what it sends
///
/// Each item the code sends over `channel` is printed as one line, in Python's literal notation.
/// What the code prints goes to standard error, line by line, behind the gateway's id in brackets;
/// of a worker behind a socket, to that of the server.
/// The command ends when the code does, and the interpreter with it.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("source").required(true).args(["code", "file"])),
    override_usage = "execnet exec [OPTIONS] <SPEC> <CODE>\n       execnet exec [OPTIONS] <SPEC> --file <FILE>"
)]
pub(crate) struct Exec {
    /// Where to run it, as in execnet: popen, popen//python=python3.12//chdir=work, ...
    #[arg(value_parser = spec_parser())]
    pub(crate) spec: XSpec,
    /// The Python code, or - to read it from standard input
    pub(crate) code: Option<String>,
    /// Read the code from FILE; tracebacks name it
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Send this value to the code first (repeatable); after the last of them its items end
    ///
    /// `for item in channel` ends there, and `channel.receive()` raises EOFError. Not so for workers
    /// with stock execnet (socket=, bootstrap=execnet).
    // The parser is named, as clap would prefer `From<&str>`, which makes any text a text.
    #[arg(long, value_name = "LITERAL", allow_hyphen_values = true, value_parser = Value::from_str)]
    pub(crate) send: Vec<Value>,
    /// Print items as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// How a command with workers is ended.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Give up after this time, start-up included: seconds, or with a unit (ms, s, m, h, d)
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub(crate) timeout: Option<Duration>,
    /// Give workers this time to end, then kill them
    ///
    /// It begins when the remote code has ended: threads and exit handlers that it has left have
    /// this time. Or it begins at the timeout, an interrupt or SIGTERM: the remote code gets a
    /// KeyboardInterrupt, and what it does to clean up has this time. A second interrupt kills at
    /// once what runs on this machine; elsewhere a worker ends by itself when its time is over.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(crate) grace: Duration,
}

/// Listen for clients and start a worker for each authorised connection
///
/// Prints the spec for clients to standard output as soon as it listens, and what happens to
/// connections to standard error. It serves until it is interrupted; its workers end with it.
/// SIGHUP has it read the token and the certificates again.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("listen").required(true).args(["unix", "tcp", "tls", "insecure_stock"])))]
pub(crate) struct Serve {
    /// Listen at a Unix socket, for this user's processes; its directory must be private
    #[arg(long, value_name = "PATH")]
    pub(crate) unix: Option<PathBuf>,
    /// Listen at a loopback address, for clients that prove that they know the token
    #[arg(long, value_name = "ADDRESS:PORT", requires = "token_file")]
    pub(crate) tcp: Option<SocketAddr>,
    /// Listen at any address, for clients with a certificate, over TLS
    #[arg(long, value_name = "ADDRESS:PORT", requires_all = ["tls_cert", "tls_key", "tls_ca"])]
    pub(crate) tls: Option<SocketAddr>,
    /// The server's certificate and those between it and its authority (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its private key, in a file that nobody else can read (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The authorities that sign for clients (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// The token, in a file that nobody else can read; it is made if it is missing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["unix", "insecure_stock"])]
    pub(crate) token_file: Option<PathBuf>,
    /// Serve clients of stock execnet: whoever can connect runs code here, without any check
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) insecure_stock: Option<SocketAddr>,
    /// Do so on other addresses than loopback too
    #[arg(long, requires = "insecure_stock")]
    pub(crate) insecure_beyond_loopback: bool,
    /// What to start for a connection; id, exec_model and nice are for the clients to choose
    #[arg(long, value_name = "SPEC", default_value = "popen", value_parser = spec_parser())]
    pub(crate) worker: XSpec,
    /// Serve at most N clients at a time
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) max_connections: usize,
    /// Let at most N connections wait for their clients to authenticate; beyond that one is closed
    /// for each new one
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) max_unauthenticated: usize,
    /// Give clients this time to authenticate
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = some_time)]
    pub(crate) handshake_timeout: Duration,
}

/// Be a worker without an interpreter, for a controller on standard input and output
///
/// A controller starts it as popen//worker=execnet worker, or over ssh in the same way; stock
/// execnet as popen//python=execnet worker. It takes and sends trees for syncs, leads to other
/// gateways (via=), and runs no code.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// What stock execnet says to an interpreter; it is not looked at
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub(crate) ignored: Vec<OsString>,
}

/// Write a value as execnet's dumps() does, to standard output
#[derive(Debug, Args)]
pub(crate) struct Dumps {
    /// The value in Python's literal notation, or - to read it from standard input
    #[arg(allow_hyphen_values = true)]
    pub(crate) literal: String,
}

/// Print the value that execnet's dumps() wrote
#[derive(Debug, Args)]
pub(crate) struct Loads {
    /// The file to read; standard input without it, or with -
    pub(crate) file: Option<PathBuf>,
    /// Print the value as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Take strings (`str`) that Python 2 wrote as text, by latin-1, instead of bytes
    #[arg(long)]
    pub(crate) py2str_as_py3str: bool,
    /// Take text that Python 3 wrote as bytes
    #[arg(long)]
    pub(crate) py3str_as_py2str: bool,
}

/// Print the opcodes of what execnet's dumps() wrote, each with its offset
///
/// The version byte may be missing, as it is in the payload of a frame. Of damaged data the sound part is printed, then what is wrong and at which byte.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The file to read; standard input without it, or with -
    pub(crate) file: Option<PathBuf>,
}

/// Copy a tree to gateways, or from one to here
///
/// Files whose size and time are the same are left alone. Every other one arrives under another name
/// and then takes the place of the old in one step.
#[cfg(unix)]
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("direction").required(true).args(["to", "from"])),
    override_usage = "execnet rsync [OPTIONS] <SRC> --to <SPEC> <DEST> [--to <SPEC> <DEST>]...\n       execnet rsync [OPTIONS] --from <SPEC> <DIR> <DEST>"
)]
pub(crate) struct Rsync {
    /// The directory or file to copy; what is in it will be in DEST
    #[arg(
        value_name = "SRC",
        required_unless_present = "from",
        conflicts_with = "from"
    )]
    pub(crate) source: Option<OsString>,
    /// Copy to this gateway and path (repeatable; all run at once)
    #[arg(long, num_args = 2, value_names = ["SPEC", "DEST"])]
    pub(crate) to: Vec<OsString>,
    /// Copy from this gateway's path to here
    #[arg(long, num_args = 3, value_names = ["SPEC", "DIR", "DEST"])]
    pub(crate) from: Option<Vec<OsString>>,
    /// Delete what is in DEST and not at the source
    #[arg(long)]
    pub(crate) delete: bool,
    /// Leave out what matches, as in a .gitignore (repeatable; !PATTERN takes in again)
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub(crate) exclude: Vec<String>,
    /// Leave out files larger than this (K, M and G are powers of 1024)
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) max_file_size: Option<u64>,
    /// What becomes of links that lead out of the tree [default: keep; refuse with --from]
    #[arg(long, value_name = "RULE")]
    pub(crate) links: Option<LinkRule>,
    /// Keep setuid, setgid and sticky bits of files
    #[arg(long)]
    pub(crate) special_modes: bool,
    /// Keep the holes of files: they take no room in DEST
    #[arg(short = 'S', long)]
    pub(crate) sparse: bool,
    /// Keep files that have several names in the tree one file
    #[arg(short = 'H', long)]
    pub(crate) hard_links: bool,
    /// Have all that is copied written to the disk before the copy counts as done
    #[arg(long)]
    pub(crate) fsync: bool,
    /// Compare content instead of times
    #[arg(long)]
    pub(crate) checksum: bool,
    /// Only tell what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Give up on a gateway that is silent for this long [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub(crate) idle_timeout: Option<Duration>,
    /// End a copy to here when the gateway lists more entries than this [default: 10000000]
    #[arg(long, value_name = "N", requires = "from")]
    pub(crate) max_entries: Option<u64>,
    /// Print a JSON document for each target instead of lines
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// What becomes of a link that leads out of the tree.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum LinkRule {
    /// Make it as it is
    Keep,
    /// Report it as failed
    Refuse,
    /// Send the file that it points to; with --from, as refuse
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
fn bytes(text: &str) -> Result<u64, String> {
    let units = [('K', 1_u64 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let mut found = units
        .iter()
        .filter_map(|&(unit, size)| Some((text.strip_suffix(unit)?, size)));
    let (number, unit) = found.next().unwrap_or((text, 1));
    let number: u64 = number.parse().map_err(|_| "not a number".to_owned())?;
    number.checked_mul(unit).ok_or("too large".to_owned())
}

/// Seconds, or a number with a unit, as timeout(1) takes them.
fn time(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match text.strip_prefix(number) {
        Some("ms") => 0.001,
        Some("" | "s") => 1.0,
        Some("m") => 60.0,
        Some("h") => 3_600.0,
        Some("d") => 86_400.0,
        _ => return Err("not a time: a number, with one of the units ms, s, m, h, d".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(number * scale).map_err(|error| error.to_string())
}

/// A time in which something can happen.
fn some_time(text: &str) -> Result<Duration, String> {
    let time = time(text)?;
    if time.is_zero() {
        return Err("it is no time at all".to_owned());
    }
    Ok(time)
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
        assert!(some_time("0").is_err() && some_time("0ms").is_err());
    }
}
