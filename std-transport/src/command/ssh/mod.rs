//! Command lines of ssh clients.
//!
//! Gateways to one host share a connection by OpenSSH's multiplexing, if they have a `control_path`. The master belongs
//! to none of their processes (`ControlPersist`): it must outlive the gateway that happened to come first, and it is
//! ended by [`exit_master`] or by its own timeout.

use core::iter;
use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::command::quote::{owned, split_os};
use crate::command::{Input, Launch, interpreter};
use crate::deadline::part;
use crate::spec::{SpecError, XSpec};
use crate::sys;

/// Options of ssh that take a value, in the same word or in the next.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";

/// How many seconds a shared connection outlives the last gateway that uses it. A group ends its own connections when
/// it is terminated; this is for programs that were killed.
const PERSIST: &str = "10";

/// Options that a user's configuration may set so that the link does not work, with the values that it needs and the
/// first release that knows them. A client exits on an option that it does not know. `IgnoreUnknown` is not a way out:
/// on the command line it replaces the one of the user's configuration.
const OVERRIDES: [(SshVersion, &str); 4] = [
    (SshVersion(7, 6), "RemoteCommand=none"),
    (SshVersion(8, 7), "SessionType=default"),
    (SshVersion(8, 7), "StdinNull=no"),
    (SshVersion(8, 7), "ForkAfterAuthentication=no"),
];

/// A release of OpenSSH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SshVersion(u32, u32);

impl SshVersion {
    /// Parses the output of `ssh -V`: `OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (_, release) = text.split_once("OpenSSH_")?;
        // On Windows the name is OpenSSH_for_Windows_9.5p1.
        let release = release.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
        Some(Self(
            numbers.next()?.parse().ok()?,
            numbers.next()?.parse().ok()?,
        ))
    }

    /// `ssh -V`.
    pub(crate) fn query() -> Launch {
        Launch::remote("ssh", owned(&["-V"]), Input::default())
    }
}

/// Settings of command lines, mostly of ssh, that do not come from the spec.
#[derive(Debug, Clone, Default)]
pub(crate) struct SshHints {
    /// The socket of a shared connection.
    pub(crate) control_path: Option<PathBuf>,
    /// The timeout of ssh for a host that does not answer, rounded to seconds and at least one. Zero leaves it to ssh's
    /// own configuration.
    pub(crate) connect_timeout: Duration,
    /// The client's release, if known.
    pub(crate) version: Option<SshVersion>,
    /// Whether somebody gives passwords to `sudo`.
    pub(crate) askpass: bool,
}

impl SshHints {
    /// For a gateway that must start within `left`: ssh reports a host that does not answer before that deadline.
    pub(crate) fn within(left: Duration) -> Self {
        Self {
            connect_timeout: part(left, 2, 3),
            ..Self::default()
        }
    }
}

/// The parsed value of `ssh=`: options, host, options.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    options: Vec<OsString>,
    host: OsString,
}

/// Identifies a connection: gateways with equal identities can share one.
pub(crate) type SshIdentity = [OsString; 2];

/// The identity of the connection of a spec.
pub(crate) fn identity(spec: &XSpec) -> SshIdentity {
    ["ssh", "ssh_config"].map(|key| spec.get_os(key).unwrap_or_default().to_owned())
}

/// `ssh OPTIONS -- HOST COMMAND`.
///
/// The options of the spec come first: ssh uses the first of two values, so that they override ours.
pub(crate) fn ssh(spec: &XSpec, hints: &SshHints) -> Result<Launch, SpecError> {
    let Target { options, host } = target(spec)?;
    let mut words = spec_options(spec, options)?;
    words.extend(own_options(hints));
    let command = interpreter::remote_login(spec, hints.askpass)?;
    // After `--`, so that nothing in a host's name is read as an option.
    words.extend(["--".into(), host]);
    words.extend(command.argv.into_iter().map(Into::into));
    Ok(Launch::remote("ssh", words, command.input))
}

/// `ssh -O exit OPTIONS -- HOST`: ends the shared connection.
pub(crate) fn exit_master(spec: &XSpec, hints: &SshHints) -> Result<Launch, SpecError> {
    let Target { options, host } = target(spec)?;
    let mut words: Vec<OsString> = vec!["-O".into(), "exit".into()];
    words.extend(spec_options(spec, options)?);
    words.extend(own_options(hints));
    words.extend(["--".into(), host]);
    Ok(Launch::remote("ssh", words, Input::default()))
}

/// `vagrant ssh MACHINE -- OPTIONS COMMAND`.
pub(super) fn vagrant(spec: &XSpec, hints: &SshHints) -> Result<Launch, SpecError> {
    let machine = spec.get("vagrant_ssh").unwrap_or_default();
    if machine.is_empty() || machine.starts_with('-') || machine.contains('\0') {
        return Err(SpecError::value("vagrant_ssh", "it names no machine"));
    }
    let mut words: Vec<OsString> = vec!["ssh".into(), machine.into(), "--".into()];
    words.extend(spec_options(spec, vec!["-T".into()])?);
    let command = interpreter::remote_login(spec, hints.askpass)?;
    words.extend(command.argv.into_iter().map(Into::into));
    Ok(Launch::remote("vagrant", words, command.input))
}

/// `-F CONFIG`, if the spec names one, and these options.
fn spec_options(spec: &XSpec, options: Vec<OsString>) -> Result<Vec<OsString>, SpecError> {
    let mut words = Vec::new();
    match (spec.has("ssh_config"), spec.get_os("ssh_config")) {
        (true, Some(config)) if !config.is_empty() && !sys::os_bytes(config).contains(&0) => {
            words.extend(["-F".into(), config.to_owned()]);
        }
        (true, _) => return Err(SpecError::value("ssh_config", "it names no file")),
        (false, _) => {}
    }
    words.extend(options);
    Ok(words)
}

/// Our options. Without a terminal (`-T`), and without questions to the user (`BatchMode`): nobody could answer, and
/// the start would wait until its deadline. A lost network is detected after 30 seconds.
fn own_options(hints: &SshHints) -> Vec<OsString> {
    let mut options: Vec<OsString> = vec![
        "BatchMode=yes".into(),
        "ServerAliveInterval=10".into(),
        "ServerAliveCountMax=3".into(),
    ];
    if !hints.connect_timeout.is_zero() {
        // Rounded to the nearest: of the 20 seconds of a gateway's default, some microseconds have passed by now.
        let rounded = hints
            .connect_timeout
            .saturating_add(Duration::from_millis(500));
        let seconds = rounded.as_secs().max(1);
        options.push(format!("ConnectTimeout={seconds}").into());
    }
    let known =
        |(since, _): &&(SshVersion, &str)| hints.version.is_some_and(|version| version >= *since);
    options.extend(
        OVERRIDES
            .iter()
            .filter(known)
            .map(|(_, option)| option.into()),
    );
    if let Some(path) = &hints.control_path {
        options.push("ControlMaster=auto".into());
        options.push(control_path(path));
        options.push(format!("ControlPersist={PERSIST}").into());
    }
    let options = options.into_iter().flat_map(|option| ["-o".into(), option]);
    iter::once("-T".into()).chain(options).collect()
}

/// Escaped: ssh expands `%`, and splits at blanks outside of quotes.
fn control_path(path: &Path) -> OsString {
    let parts = sys::os_bytes(path.as_os_str()).split(|&byte| byte == b'%');
    let path = parts.collect::<Vec<_>>().join(&b"%%"[..]);
    sys::os_string(&[b"ControlPath=\"", &path[..], b"\""].concat())
}

fn target(spec: &XSpec) -> Result<Target, SpecError> {
    let words = split_os("ssh", spec.get_os("ssh").unwrap_or_default())?;
    let mut options = Vec::new();
    let mut host = None;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let takes_value = wants_value(&word.to_string_lossy());
        if host.is_none() && word == "--" {
            host = words.next();
        } else if word == "--" {
            return Err(SpecError::value("ssh", "it contains a command"));
        } else if is_option(&word) {
            options.push(word);
            if takes_value {
                options.extend(words.next());
            }
        } else if host.replace(word).is_some() {
            return Err(SpecError::value(
                "ssh",
                "it names two hosts, or contains a command",
            ));
        }
    }
    match host {
        Some(host) if host.is_empty() || is_option(&host) => {
            Err(SpecError::value("ssh", "a host cannot begin with a hyphen"))
        }
        Some(host) => Ok(Target { options, host }),
        None => Err(SpecError::value("ssh", "it names no host")),
    }
}

/// Whether ssh would read the word as an option.
fn is_option(word: &OsStr) -> bool {
    sys::os_bytes(word).starts_with(b"-")
}

/// Whether the next word is the value of an option in this one: that of the first letter that takes a value, if it is
/// the last letter.
fn wants_value(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    let first = letters.find(|letter| WITH_VALUE.contains(letter));
    first.is_some_and(|index| index + 1 == letters.len())
}
