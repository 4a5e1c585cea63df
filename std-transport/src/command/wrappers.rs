//! Command lines of programs that run the worker's command: in a container, in a Slurm job, as another user, or by
//! `cmd=`.

#[cfg(feature = "slurm")]
use crate::command::KillPolicy;
use crate::command::Launch;
use crate::command::interpreter::{self, RemoteCommand};
use crate::command::quote::{owned, split};
use crate::spec::{SpecError, XSpec};

/// `docker exec -i OPTIONS CONTAINER COMMAND`, and the same for podman.
pub(super) fn container(
    key: &'static str,
    spec: &XSpec,
    askpass: bool,
) -> Result<Launch, SpecError> {
    let place = split(key, spec.get(key).unwrap_or_default())?;
    if place.last().is_none_or(|name| name.starts_with('-')) {
        return Err(SpecError::value(key, "its last word names no container"));
    }
    let RemoteCommand { argv, input } = interpreter::remote_argv(spec, askpass)?;
    let words = [owned(&["exec", "-i"]), place, argv].concat();
    Ok(Launch::remote(key, words, input))
}

/// `kubectl exec -i OPTIONS POD -- COMMAND`.
pub(super) fn kubectl(spec: &XSpec, askpass: bool) -> Result<Launch, SpecError> {
    let place = split("kubectl", spec.get("kubectl").unwrap_or_default())?;
    if place.iter().all(|word| word.starts_with('-')) || place.iter().any(|word| word == "--") {
        return Err(SpecError::value("kubectl", "it names no pod"));
    }
    let RemoteCommand { argv, input } = interpreter::remote_argv(spec, askpass)?;
    let words = [owned(&["exec", "-i"]), place, owned(&["--"]), argv].concat();
    Ok(Launch::remote("kubectl", words, input))
}

/// Variables of srun that redirect or modify its streams, and that no option overrides.
#[cfg(feature = "slurm")]
const SRUN_STREAMS: [&str; 4] = [
    "SLURM_LABELIO",
    "SLURM_STDERRMODE",
    "SLURM_STDINMODE",
    "SLURM_STDOUTMODE",
];

/// `srun --nodes=1 --ntasks=1 --unbuffered OPTIONS COMMAND`: a step of the allocation that this program runs in, or of
/// a new one. Without `--unbuffered` Slurm holds output back until a line is complete; with it, the worker's output is
/// a terminal that passes every byte unchanged.
#[cfg(feature = "slurm")]
pub(super) fn slurm(spec: &XSpec, askpass: bool) -> Result<Launch, SpecError> {
    let options = match spec.get("slurm") {
        None | Some("") => Vec::new(),
        Some(options) => split("slurm", options)?,
    };
    let RemoteCommand { argv, input } = interpreter::remote_argv(spec, askpass)?;
    let words = [
        owned(&["--nodes=1", "--ntasks=1", "--unbuffered"]),
        options,
        argv,
    ]
    .concat();
    let env = SRUN_STREAMS.map(|name| (name.to_owned(), None));
    Ok(Launch {
        env: env.into(),
        kill_policy: KillPolicy::Terminate,
        ..Launch::remote("srun", words, input)
    })
}

#[cfg(not(feature = "slurm"))]
pub(super) fn slurm(_spec: &XSpec, _askpass: bool) -> Result<Launch, SpecError> {
    let (key, feature) = ("slurm=", "slurm");
    Err(SpecError::NeedsFeature { key, feature })
}

/// `cmd=`: the words of the spec, then the worker's command.
pub(super) fn custom(spec: &XSpec, askpass: bool) -> Result<Launch, SpecError> {
    let words = split("cmd", spec.get("cmd").unwrap_or_default())?;
    prefixed(words, spec, askpass)
}

/// `sudo`, `su` or `doas`: as another user on this machine.
pub(super) fn account(spec: &XSpec, askpass: bool) -> Result<Launch, SpecError> {
    prefixed(Vec::new(), spec, askpass)
}

fn prefixed(prefix: Vec<String>, spec: &XSpec, askpass: bool) -> Result<Launch, SpecError> {
    let RemoteCommand { argv, input } = interpreter::remote_argv(spec, askpass)?;
    let mut words = [prefix, argv].concat();
    // `split` and `remote_argv` return at least one word.
    let program = words.remove(0);
    Ok(Launch::remote(&program, words, input))
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};

    use super::*;
    use crate::command::SshHints;
    use crate::command::interpreter::ONE_LINER;
    use crate::command::quote::join;

    fn words(launch: Result<Launch, SpecError>) -> Vec<String> {
        let launch = launch.unwrap();
        assert!(
            launch.env.values().all(Option::is_none) && launch.chdir.is_none() && launch.remote
        );
        let words = [vec![launch.program], launch.arguments].concat();
        let text = |word: OsString| word.into_string().unwrap();
        words.into_iter().map(text).collect()
    }

    fn spec(text: &str) -> XSpec {
        text.parse().unwrap()
    }

    fn with_python(words: &[&str]) -> Vec<String> {
        owned(&[words, &["py", "-u", "-c", ONE_LINER]].concat())
    }

    #[test]
    fn containers_get_the_words_as_they_are() {
        for key in ["docker", "podman"] {
            let spec = spec(&format!("{key}=-u root box//python=py"));
            assert_eq!(
                words(container(key, &spec, false)),
                with_python(&[key, "exec", "-i", "-u", "root", "box"])
            );
        }
        for text in ["docker", "docker=", "docker=-u", "docker=box -x"] {
            assert!(container("docker", &spec(text), false).is_err(), "{text}");
        }
    }

    #[test]
    fn kubectl_has_the_command_behind_two_dashes() {
        assert_eq!(
            words(kubectl(
                &spec("kubectl=-n space pod -c box//python=py"),
                false
            )),
            with_python(&[
                "kubectl", "exec", "-i", "-n", "space", "pod", "-c", "box", "--"
            ])
        );
        for text in ["kubectl", "kubectl=-n", "kubectl=pod -- rm"] {
            assert!(kubectl(&spec(text), false).is_err(), "{text}");
        }
    }

    #[cfg(feature = "slurm")]
    #[test]
    fn slurm_runs_one_task() {
        assert_eq!(
            words(slurm(&spec("slurm=-p part//python=py"), false)),
            with_python(&[
                "srun",
                "--nodes=1",
                "--ntasks=1",
                "--unbuffered",
                "-p",
                "part"
            ])
        );
        assert_eq!(
            words(slurm(&spec("slurm//python=py"), false)),
            with_python(&["srun", "--nodes=1", "--ntasks=1", "--unbuffered"])
        );
    }

    #[cfg(feature = "slurm")]
    #[test]
    fn srun_is_asked_to_end_its_step_and_leaves_the_streams_alone() {
        let launch = slurm(&spec("slurm//python=py"), false).unwrap();
        assert_eq!(launch.kill_policy, KillPolicy::Terminate);
        assert_eq!(launch.env.get("SLURM_LABELIO"), Some(&None));
    }

    #[test]
    fn any_command_can_stand_in_front() {
        assert_eq!(
            words(custom(&spec("cmd=nsenter -t 1 --//python=py"), false)),
            with_python(&["nsenter", "-t", "1", "--"])
        );
        assert!(custom(&spec("cmd"), false).is_err());
    }

    #[test]
    fn sudo_asks_for_nothing_and_sets_the_environment_behind_itself() {
        assert_eq!(
            words(account(&spec("popen//sudo//python=py"), false)),
            with_python(&["sudo", "-n", "--"])
        );
        let text = "popen//sudo=me//python=py//env:A=b c//chdir=-d";
        let launch = account(&spec(text), false).unwrap();
        assert_eq!(launch.arguments[..6], ["-n", "-u", "me", "--", "sh", "-c"]);
        let python = join("python", &with_python(&[])).unwrap();
        let lines: Vec<&str> = launch.input.commands.lines().collect();
        assert_eq!(lines.first(), Some(&"_execnet_dir=./-d"));
        assert_eq!(
            lines[lines.len() - 2..],
            ["export A='b c'", &format!("exec {python}")]
        );
        assert!(account(&spec("popen//sudo=//python=py"), false).is_err());
    }

    /// Until the user is logged in, nothing is written but what starts the login.
    #[test]
    fn a_program_that_may_ask_for_a_password_gets_no_commands() {
        let launch = container("docker", &spec("docker=box//su=me//python=py"), true).unwrap();
        assert_eq!(launch.input.log_in.as_deref(), Some(""));
        assert!(launch.arguments.contains(&"su".into()), "{launch:?}");
        let python = join("python", &with_python(&[])).unwrap();
        let commands = ["execnet-start", &format!("exec {python}"), ""].join("\n");
        assert_eq!(launch.input.commands, commands);
        let silent = account(&spec("popen//doas=me//python=py"), true).unwrap();
        assert_eq!(silent.input, crate::command::Input::default());
    }

    #[test]
    fn a_worker_of_another_kind_takes_the_place_of_python() {
        assert_eq!(
            words(container("docker", &spec("docker=box//worker=/w x"), false)),
            ["docker", "exec", "-i", "box", "/w", "x"]
        );
        let both = container("docker", &spec("docker=box//worker=/w//python=py"), false);
        assert_eq!(both, Err(SpecError::Conflict("worker", "python")));
        assert!(container("docker", &spec("docker=box//worker"), false).is_err());
    }

    /// Any user of a machine can read the command lines of all others there.
    #[test]
    fn variables_stand_on_no_command_line() {
        for text in [
            "docker=box",
            "podman=box",
            "kubectl=pod",
            #[cfg(feature = "slurm")]
            "slurm",
            "cmd=x",
            "popen//sudo",
            "popen//su",
            "popen//doas=me",
        ] {
            for more in [
                "",
                "//chdir=d",
                "//python=py",
                "//worker=w",
                "//python=py//chdir=d",
            ] {
                let spec = spec(&format!("{text}{more}//env:TOKEN=s3cret"));
                let launches = crate::command::launches(&spec, &SshHints::default()).unwrap();
                let [launch] = launches.as_slice() else {
                    panic!("{spec}: {launches:?}")
                };
                let words = launch.arguments.join(OsStr::new(" "));
                assert!(!words.to_string_lossy().contains("s3cret"), "{launch:?}");
                assert!(
                    launch.input.commands.contains("export TOKEN=s3cret\n"),
                    "{launch:?}"
                );
            }
        }
        let odd = custom(&spec("cmd=x//env:a.b=c"), false)
            .unwrap_err()
            .to_string();
        assert!(odd.contains("\"a.b\""), "{odd}");
    }

    #[test]
    fn without_a_python_a_shell_looks_for_one() {
        let launch = container("docker", &spec("docker=box"), false).unwrap();
        assert_eq!(launch.arguments[3..5], ["sh", "-c"]);
        assert!(
            launch
                .input
                .commands
                .starts_with("for _execnet_py in python3 python; do ")
        );
        assert!(launch.input.commands.ends_with("exit 127\n"));
    }
}
