//! Tests of the command lines of ssh clients.

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
fn options_and_host_are_distinguished() {
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
fn malformed_hosts_are_refused() {
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
    assert!(launch.input.commands.starts_with("py -O -u -c "), "{}", launch.input.commands);
    assert!(launch.input.commands.ends_with("; exit $?\n"), "{}", launch.input.commands);
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
    let launch = vagrant(&spec("vagrant_ssh=default//ssh_config=c//python=py"), &SshHints::default()).unwrap();
    assert_eq!(launch.program, "vagrant");
    assert_eq!(
        launch.arguments[..6],
        ["ssh", "default", "--", "-F", "c", "-T"]
    );
    assert!(text(&launch.arguments[6]).starts_with("sh -c "));
    for text in ["vagrant_ssh", "vagrant_ssh=-x"] {
        assert!(vagrant(&spec(text), &SshHints::default()).is_err(), "{text}");
    }
}
