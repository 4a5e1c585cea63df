//! Command lines of ssh clients.

use core::iter;
use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::command::quote::{owned, split_os, unusable};
use crate::command::{Launch, interpreter};
use crate::deadline::part;
use crate::spec::{SpecError, XSpec};

/// Options of ssh that take a value: in the same word, or the next.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";

/// How long a connection that several gateways share outlives the last of them. A group that is terminated ends its
/// own at once; this is for programs that were killed.
const PERSIST: &str = "10";

/// Options of a host's configuration that would take the link from us, set to what we need, and the release that knows
/// them first. An option that a client does not know ends it (and `IgnoreUnknown` here would replace the user's own).
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
    /// What `ssh -V` says: `OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15`.
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
    pub(crate) fn question() -> Launch {
        Launch::remote("ssh", owned(&["-V"]), String::new())
    }
}

/// What this side wants of ssh, beside what the spec says.
#[derive(Debug, Clone, Default)]
pub(crate) struct SshHints {
    /// The socket of a shared connection.
    pub(crate) control_path: Option<PathBuf>,
    /// After this time a host that does not answer counts as unreachable; rounded to seconds, at least one. Zero leaves that
    /// to the configuration of ssh.
    pub(crate) connect_timeout: Duration,
    /// The client's release, where it is known.
    pub(crate) version: Option<SshVersion>,
}

impl SshHints {
    /// For a gateway that has this much time left to start: ssh reports a silent host before that is over.
    pub(crate) fn within(left: Duration) -> Self {
        Self {
            connect_timeout: part(left, 2, 3),
            ..Self::default()
        }
    }
}

/// The value of `ssh=`: options, host, options.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    options: Vec<OsString>,
    host: OsString,
}

/// What a spec's ssh does, for whoever shares its connection: equal for equal connections.
pub(crate) type SshIdentity = [OsString; 2];

/// That of this spec.
pub(crate) fn identity(spec: &XSpec) -> SshIdentity {
    ["ssh", "ssh_config"].map(|key| spec.get_os(key).unwrap_or_default().to_owned())
}

/// `ssh OPTIONS -- HOST COMMAND`.
///
/// Options of the spec come first: of two values ssh takes the first, so that those of the spec hold against ours.
pub(crate) fn ssh(spec: &XSpec, hints: &SshHints) -> Result<Launch, SpecError> {
    let Target { options, host } = target(spec)?;
    let mut words = client(spec, options)?;
    words.extend(ours(hints));
    let command = interpreter::remote_login(spec)?;
    words.extend(["--".into(), host]);
    words.extend(command.argv.into_iter().map(Into::into));
    Ok(Launch::remote("ssh", words, command.input))
}

/// `ssh -O exit OPTIONS -- HOST`: ends the shared connection.
pub(crate) fn exit_master(spec: &XSpec, hints: &SshHints) -> Result<Launch, SpecError> {
    let Target { options, host } = target(spec)?;
    let mut words: Vec<OsString> = vec!["-O".into(), "exit".into()];
    words.extend(client(spec, options)?);
    words.extend(ours(hints));
    words.extend(["--".into(), host]);
    Ok(Launch::remote("ssh", words, String::new()))
}

/// `vagrant ssh MACHINE -- OPTIONS COMMAND`.
pub(super) fn vagrant(spec: &XSpec) -> Result<Launch, SpecError> {
    let machine = spec.get("vagrant_ssh").unwrap_or_default();
    if machine.is_empty() || machine.starts_with('-') || machine.contains('\0') {
        return Err(unusable("vagrant_ssh", "it names no machine"));
    }
    let mut words: Vec<OsString> = vec!["ssh".into(), machine.into(), "--".into()];
    words.extend(client(spec, vec!["-T".into()])?);
    let command = interpreter::remote_login(spec)?;
    words.extend(command.argv.into_iter().map(Into::into));
    Ok(Launch::remote("vagrant", words, command.input))
}

fn client(spec: &XSpec, options: Vec<OsString>) -> Result<Vec<OsString>, SpecError> {
    let mut words = Vec::new();
    match (spec.has("ssh_config"), spec.get_os("ssh_config")) {
        (true, Some(config)) if !config.is_empty() && !config.as_bytes().contains(&0) => {
            words.extend(["-F".into(), config.to_owned()]);
        }
        (true, _) => return Err(unusable("ssh_config", "it names no file")),
        (false, _) => {}
    }
    words.extend(options);
    Ok(words)
}

/// No terminal, and no questions: the process is in the background, and a question would stop it until the deadline.
/// A connection that is cut without a word shows after 30 seconds.
fn ours(hints: &SshHints) -> Vec<OsString> {
    let mut options: Vec<OsString> = vec![
        "BatchMode=yes".into(),
        "ServerAliveInterval=10".into(),
        "ServerAliveCountMax=3".into(),
    ];
    if !hints.connect_timeout.is_zero() {
        // Rounded: of the 30 seconds that a gateway has, some microseconds have passed by now.
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

/// ssh expands %, and tokens in quotes keep their blanks.
fn control_path(path: &Path) -> OsString {
    let parts = path.as_os_str().as_bytes().split(|&byte| byte == b'%');
    let path = parts.collect::<Vec<_>>().join(&b"%%"[..]);
    OsString::from_vec([b"ControlPath=\"", &path[..], b"\""].concat())
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
            return Err(unusable("ssh", "it holds a command"));
        } else if is_option(&word) {
            options.push(word);
            if takes_value {
                options.extend(words.next());
            }
        } else if host.replace(word).is_some() {
            return Err(unusable("ssh", "it names two hosts, or holds a command"));
        }
    }
    match host {
        Some(host) if host.is_empty() || is_option(&host) => {
            Err(unusable("ssh", "no host begins like that"))
        }
        Some(host) => Ok(Target { options, host }),
        None => Err(unusable("ssh", "it names no host")),
    }
}

fn is_option(word: &OsStr) -> bool {
    word.as_bytes().starts_with(b"-")
}

/// Whether the next word is the value of an option in this one: of the first that takes a value, if nothing follows it.
fn wants_value(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    let first = letters.find(|letter| WITH_VALUE.contains(letter));
    first.is_some_and(|index| index + 1 == letters.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> XSpec {
        text.parse().unwrap()
    }

    fn text(word: &OsString) -> &str {
        word.to_str().unwrap()
    }

    fn parsed(text: &str) -> Target {
        target(&spec(text)).unwrap()
    }

    #[test]
    fn options_and_host_are_told_apart() {
        let expected = |options: &[&str], host: &str| Target {
            options: options.iter().map(Into::into).collect(),
            host: host.into(),
        };
        assert_eq!(parsed("ssh=host"), expected(&[], "host"));
        assert_eq!(
            parsed("ssh=-p 22100 user@host"),
            expected(&["-p", "22100"], "user@host")
        );
        assert_eq!(
            parsed("ssh=host -p22100 -vi key"),
            expected(&["-p22100", "-vi", "key"], "host")
        );
        assert_eq!(
            parsed("ssh=-C -i '~/my key' -oUser=me -- host"),
            expected(&["-C", "-i", "~/my key", "-oUser=me"], "host")
        );
    }

    #[test]
    fn files_of_the_client_may_have_any_name() {
        let odd = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
        let spec = XSpec::ssh("")
            .set_os("ssh", odd(b"-o UserKnownHostsFile=/\xff h"))
            .set_os("ssh_config", odd(b"/\xfe"));
        let hints = SshHints {
            control_path: Some(PathBuf::from(odd(b"/\xfc%/0"))),
            ..SshHints::default()
        };
        let launch = ssh(&spec, &hints).unwrap();
        let control = odd(b"ControlPath=\"/\xfc%%/0\"");
        assert!(launch.arguments.iter().any(|word| word == control));
        let expected =
            [b"-F", &b"/\xfe"[..], b"-o", b"UserKnownHostsFile=/\xff"].map(OsStr::from_bytes);
        assert_eq!(launch.arguments[..4], expected);
        // They share no connection with a client of other files.
        assert_ne!(
            identity(&spec),
            identity(&spec.clone().set_os("ssh_config", odd(b"/\xfd")))
        );
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "ssh",
            "ssh=",
            "ssh=-p 22",
            "ssh=-oProxyCommand=touch",
            "ssh=-- -oProxyCommand=touch",
            "ssh=host command",
            "ssh=host -- -x",
            "ssh='",
        ] {
            let refused = target(&spec(text));
            let is_value = |error: &SpecError| matches!(error, SpecError::Value { key: "ssh", .. });
            assert!(refused.as_ref().is_err_and(is_value), "{text}: {refused:?}");
        }
    }

    #[test]
    fn the_command_line_has_the_options_of_the_spec_first_and_one_word_for_the_far_shell() {
        let spec = spec("ssh=-C -p 22100 me@h//ssh_config=my cfg//python=py -O");
        let hints = SshHints {
            control_path: Some("/run/a b/%1".into()),
            connect_timeout: Duration::from_millis(19_900),
            version: SshVersion::read("OpenSSH_8.6p1"),
        };
        let launch = ssh(&spec, &hints).unwrap();
        assert_eq!(launch.program, "ssh");
        let words: Vec<&str> = launch.arguments.iter().map(text).collect();
        let (command, words) = words.split_last().unwrap();
        assert_eq!(
            words,
            [
                "-F",
                "my cfg",
                "-C",
                "-p",
                "22100",
                "-T",
                "-o",
                "BatchMode=yes",
                "-o",
                "ServerAliveInterval=10",
                "-o",
                "ServerAliveCountMax=3",
                "-o",
                "ConnectTimeout=20",
                "-o",
                "RemoteCommand=none",
                "-o",
                "ControlMaster=auto",
                "-o",
                "ControlPath=\"/run/a b/%%1\"",
                "-o",
                "ControlPersist=10",
                "--",
                "me@h"
            ]
        );
        assert!(command.starts_with("sh -c '"), "{command}");
        assert!(launch.input.starts_with("py -O -u -c "), "{}", launch.input);
        assert!(launch.input.ends_with("; exit $?\n"), "{}", launch.input);
    }

    #[test]
    fn two_thirds_of_the_time_that_is_left_are_for_connecting() {
        let hints = SshHints::within(Duration::from_secs(30));
        assert_eq!(hints.connect_timeout, Duration::from_secs(20));
    }

    /// One of them ends a client that does not know it.
    #[test]
    fn what_a_configuration_would_take_is_set_where_the_client_knows_it() {
        let overrides = |version| {
            let hints = SshHints {
                version: SshVersion::read(version),
                ..SshHints::default()
            };
            let launch = ssh(&spec("ssh=h"), &hints).unwrap();
            let words = launch.arguments.iter().map(text);
            let known = |word: &&str| OVERRIDES.iter().any(|(_, option)| option == word);
            words.filter(known).count()
        };
        assert_eq!(overrides("OpenSSH_7.4p1, OpenSSL 1.0.2k-fips"), 0);
        assert_eq!(overrides("OpenSSH_7.6p1 Ubuntu-4"), 1);
        assert_eq!(overrides("OpenSSH_for_Windows_9.5p1, LibreSSL 3.8.2"), 4);
        assert_eq!(overrides("OpenSSH_10.0p2 Debian-5"), 4);
        assert_eq!(overrides("Dropbear v2022.83"), 0);
    }

    #[test]
    fn a_configuration_file_is_named() {
        for text in [
            "ssh=h//ssh_config=",
            "ssh=h//ssh_config=a\0b",
            "ssh=h//ssh_config",
        ] {
            let refused = ssh(&spec(text), &SshHints::default());
            assert!(
                matches!(
                    refused,
                    Err(SpecError::Value {
                        key: "ssh_config",
                        ..
                    })
                ),
                "{text:?}"
            );
        }
    }

    #[test]
    fn vagrant_passes_its_options_and_the_command_to_its_ssh() {
        let launch = vagrant(&spec("vagrant_ssh=default//ssh_config=c//python=py")).unwrap();
        assert_eq!(launch.program, "vagrant");
        assert_eq!(
            launch.arguments[..6],
            ["ssh", "default", "--", "-F", "c", "-T"]
        );
        assert!(text(&launch.arguments[6]).starts_with("sh -c "));
        for text in ["vagrant_ssh", "vagrant_ssh=-x"] {
            assert!(vagrant(&spec(text)).is_err(), "{text}");
        }
    }
}
