use core::time::Duration;
use std::io::{self, BufRead as _, Read as _, Write as _};

use execnet::{CommandError, GatewayExt as _, Group};
use execnet_test_support::{LONG, each_python, eventually, is_running, within};

use super::workers;

fn sh(script: &str) -> [&str; 3] {
    ["sh", "-c", script]
}

#[test]
fn output_and_status_are_collected_with_every_python() {
    each_python(|_, gateway| {
        let script = "cat; echo \"$NAME-$HOME\" >&2; pwd; exit 3";
        let output = gateway
            .command(sh(script))
            .with_stdin(b"in\xff\n")
            .with_env("NAME", Some("value"))
            .with_env("HOME", None::<&str>)
            .with_current_dir("/")
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"in\xff\n/\n");
        assert_eq!(output.stderr, b"value-\n");
        assert_eq!(output.exit.code(), Some(3));
        let killed = gateway.command(sh("kill -TERM $$")).output().unwrap();
        assert_eq!((killed.exit.code(), killed.exit.signal()), (None, Some(15)));
        let error = gateway.command(["/no/such/program"]).output().unwrap_err();
        assert_eq!(error.as_start().unwrap().kind(), io::ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            "cannot start the command: /no/such/program: No such file or directory"
        );
    });
}

#[test]
fn streams_are_read_and_written_while_the_command_runs() {
    each_python(|_, gateway| {
        let mut child = gateway.command(["cat"]).spawn().unwrap();
        let mut input = child.take_stdin().unwrap();
        let mut lines = child.take_stdout().unwrap().lines();
        for line in ["one", "two"] {
            writeln!(input, "{line}").unwrap();
            assert_eq!(lines.next().unwrap().unwrap(), line);
        }
        drop(input);
        assert!(lines.next().is_none());
        assert!(child.wait().unwrap().success());
        assert!(child.wait_timeout(Duration::ZERO).unwrap().success());
    });
}

#[test]
fn large_data_goes_through_in_both_directions() {
    within("command", 2 * LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let data: Vec<u8> = (0..8_000_000_u32).map(|n| (n % 251) as u8).collect();
        let output = gateway
            .command(["cat"])
            .with_stdin(data.clone())
            .output()
            .unwrap();
        assert!(output.stdout == data);
        let mut child = gateway.command(["cat"]).spawn().unwrap();
        let (mut input, mut output) = (child.take_stdin().unwrap(), child.take_stdout().unwrap());
        let mut read = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                input.write_all(&data).unwrap();
                input.flush().unwrap();
                drop(input);
            });
            output.read_to_end(&mut read).unwrap();
        });
        assert!(read == data);
        let (mut chunks, mut size) = (0, 0);
        let command = gateway.command(["head", "-c", "3000000", "/dev/zero"]);
        let output = command.on_stdout(|chunk| {
            chunks += 1;
            size += chunk.len();
        });
        assert!(output.output().unwrap().stdout.is_empty());
        assert!(size == 3_000_000 && chunks > 1);
    });
}

/// What the worker holds of the output that nobody reads is bounded: the command has been stopped by its pipe.
#[test]
fn output_that_is_not_read_stops_the_command() {
    within("command", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        // Says after each block how far it is. The first fits any window: that counts chunks, which can be short.
        let script = "head -c 1000 /dev/zero; echo 1 >&2
            for n in 2 3 4 5 6 7 8 9 10; do head -c 1111000 /dev/zero; echo $n >&2; done";
        let mut child = gateway.command(sh(script)).spawn().unwrap();
        let mut output = child.take_stdout().unwrap();
        let mut steps = child.take_stderr().unwrap().lines();
        assert_eq!(steps.next().unwrap().unwrap(), "1");
        assert!(
            child
                .wait_timeout(Duration::from_millis(300))
                .unwrap_err()
                .is_timeout()
        );
        let size = io::copy(&mut output, &mut io::sink()).unwrap();
        assert_eq!(size, 10_000_000);
        assert_eq!(steps.map(Result::unwrap).last().as_deref(), Some("10"));
        assert!(child.wait().unwrap().success());
    });
}

/// Starts a command with a process of its own in the background. Returns the ids of both.
fn start_two(group: &Group) -> (execnet::RemoteChild, [i64; 2]) {
    let gateway = group.nth(0).unwrap();
    let script = "trap '' TERM; sleep 1000 & echo $!; wait";
    let mut child = gateway.command(sh(script)).spawn().unwrap();
    let line = child
        .take_stdout()
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .unwrap();
    let ids = [child.id(), line.parse().unwrap()];
    assert!(ids.iter().all(|&id| is_running(id)));
    (child, ids)
}

fn ended(ids: [i64; 2]) {
    eventually("the processes end", LONG, || {
        !ids.iter().any(|&id| is_running(id))
    });
}

#[test]
fn killing_a_command_kills_what_it_has_started() {
    within("command", LONG, || {
        let group = workers(1);
        let (mut child, ids) = start_two(&group);
        child.kill();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        ended(ids);
        child.kill();
    });
}

#[test]
fn nothing_is_left_of_a_command_when_its_handle_is_dropped() {
    within("command", LONG, || {
        let group = workers(1);
        let (child, ids) = start_two(&group);
        drop(child);
        ended(ids);
        assert_eq!(group.nth(0).unwrap().call::<i64>("int", (), ()).unwrap(), 0);
    });
}

#[test]
fn nothing_is_left_of_a_command_when_its_gateway_exits() {
    within("command", LONG, || {
        let group = workers(1);
        let (child, ids) = start_two(&group);
        child_is_kept_while(&child, || {
            group.nth(0).unwrap().exit();
            ended(ids);
        });
    });
}

#[test]
fn nothing_is_left_of_a_command_when_its_worker_is_killed() {
    each_python(|python, _| {
        let group = execnet_test_support::group();
        group.make_gateway(python.spec()).unwrap();
        let (mut child, ids) = start_two(&group);
        group.nth(0).unwrap().kill();
        ended(ids);
        assert!(child.wait().unwrap_err().is_disconnected());
    });
}

fn child_is_kept_while(_child: &execnet::RemoteChild, body: impl FnOnce()) {
    body();
}

#[test]
fn what_a_command_leaves_in_the_background_ends_with_it() {
    within("command", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let output = gateway
            .command(sh("sleep 1000 & echo $!"))
            .output()
            .unwrap();
        let id = String::from_utf8(output.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert!(output.exit.success());
        eventually("the process ends", LONG, || !is_running(id));
    });
}

#[test]
fn a_command_is_killed_at_its_timeout() {
    within("command", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let limit = Duration::from_millis(300);
        let mut id = 0;
        let command = gateway.command(sh("echo $$; exec sleep 1000"));
        let command = command.on_stdout(|chunk| {
            id = String::from_utf8_lossy(chunk)
                .trim()
                .parse()
                .unwrap_or_default();
        });
        let error = command.output_timeout(limit).unwrap_err();
        assert!(matches!(error, CommandError::Timeout), "{error}");
        eventually("the process ends", LONG, || id == 0 || !is_running(id));
    });
}

#[test]
fn a_command_without_a_program_or_with_a_lost_worker_is_an_error() {
    within("command", LONG, || {
        let group = workers(1);
        let gateway = group.nth(0).unwrap();
        let none: [&str; 0] = [];
        let error = gateway.command(none).output().unwrap_err();
        assert!(error.as_start().is_some(), "{error}");
        let error = gateway
            .command(["true"])
            .with_current_dir("/no/such")
            .output()
            .unwrap_err();
        assert_eq!(error.as_start().unwrap().kind(), io::ErrorKind::NotFound);
        let mut child = gateway.command(["sleep", "1000"]).spawn().unwrap();
        let mut output = child.take_stdout().unwrap();
        gateway.kill();
        assert!(child.wait().unwrap_err().is_disconnected());
        assert!(output.read(&mut [0]).is_err());
        assert!(
            gateway
                .command(["true"])
                .output()
                .unwrap_err()
                .is_disconnected()
        );
    });
}
