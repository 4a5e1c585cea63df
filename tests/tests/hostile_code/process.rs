//! Other resources of the whole process: its children, its descriptors, its working directory.

use core::time::Duration;

use execnet::{ReceiveError, Value};

use super::{assert_ended, assert_leaves, assert_usable, each_python, run};
use execnet_test_support::{LONG, is_running, receive};

#[test]
fn code_that_reaps_every_child_breaks_nothing() {
    each_python(|python, group| {
        let gateway = group.make_gateway(python.spec()).unwrap();
        let source = "
            import os, signal
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            for _ in range(3):
                if os.fork() == 0:
                    os._exit(0)
            try:
                while 1:
                    os.waitpid(-1, 0)
            except OSError:
                channel.send(1)
        ";
        assert_eq!(receive(&run(&gateway, source)), Value::from(1));
        assert_usable(&gateway);
        assert_leaves(group);
    });
}

/// Standard streams are the code's own. The link is lost with its descriptors, and known to be lost at once.
#[test]
fn closed_descriptors_end_the_link_or_nothing() {
    each_python(|python, group| {
        let gateway = group.make_gateway(python.spec()).unwrap();
        let pid = receive(&run(
            &gateway,
            "import os; [os.close(n) for n in range(3)]; channel.send(os.getpid())",
        ));
        assert_usable(&gateway);
        let channel = run(&gateway, "import os; os.closerange(3, 100)");
        let end = channel.receive_timeout(LONG);
        assert!(matches!(end, Err(ReceiveError::Disconnected(_))), "{end:?}");
        group.terminate_timeout(Duration::from_secs(5));
        assert!(!is_running(pid.as_i64().unwrap()));
    });
}

/// Files that are called like modules of the standard library, in the directory that the worker runs in.
#[test]
fn files_in_the_working_directory_do_not_replace_modules_of_the_worker() {
    each_python(|python, group| {
        let directory = tempfile::tempdir().unwrap();
        for name in [
            "struct",
            "_struct",
            "collections",
            "traceback",
            "tokenize",
            "threading",
            "queue",
            "Queue",
            "socket",
            "select",
            "subprocess",
            "errno",
            "time",
            "stat",
            "weakref",
            "imp",
            "fcntl",
            "zlib",
            "signal",
            "tempfile",
            "re",
        ] {
            std::fs::write(
                directory.path().join(name).with_extension("py"),
                "raise ImportError('not this')",
            )
            .unwrap();
        }
        let gateway = group
            .make_gateway(format!(
                "{}//chdir={}",
                python.spec(),
                directory.path().display()
            ))
            .unwrap();
        assert_usable(&gateway);
        let busy = run(&gateway, "channel.receive()");
        assert_usable(&gateway);
        let model = run(
            &gateway,
            "model = channel.gateway.execmodel; channel.send(repr(model.queue.Queue().empty()))",
        );
        assert_eq!(receive(&model), Value::from("True"));
        busy.send(1).unwrap();
        assert_ended(&busy);
        // Programs of the controller's own run there too.
        let behind = group.make_gateway(format!("{}//via={}", python.spec(), gateway.id()));
        assert_usable(&behind.unwrap());
        let source = directory.path().join("tree");
        std::fs::create_dir(&source).unwrap();
        std::fs::write(source.join("file"), "x").unwrap();
        let mut sync = execnet::rsync::RSync::new(&source);
        sync.add_target(
            &gateway,
            directory.path().join("copy"),
            execnet::rsync::TargetOptions::new(),
        );
        sync.send().unwrap();
        assert!(directory.path().join("copy/file").is_file());
        // Code finds them first, as any program that is started there does.
        std::fs::write(directory.path().join("execnet_mine.py"), "name = 'mine'").unwrap();
        let own = run(
            &gateway,
            "import execnet_mine; channel.send(execnet_mine.name)",
        );
        assert_eq!(receive(&own), Value::from("mine"));
        assert_leaves(group);
    });
}
