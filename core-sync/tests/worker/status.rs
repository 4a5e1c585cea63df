//! What a worker reports of itself: its process, its running calls, and its functions.

use std::thread;

use execnet_core_sync::testing::{PIPE_CAPACITY, linked, within};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, Role, Worker};
use execnet_serializer::Value;

use crate::support::{LIMIT, SOON, eventually, receive};
use crate::{echo, serving, worker};

#[test]
fn a_worker_reports_its_process_and_platform() {
    // None of its functions has to do with it.
    serving(Worker::new(), |gateway, _served| {
        let info = gateway.remote_info_timeout(SOON).unwrap();
        assert_eq!(info.pid, std::process::id());
        let text = |path: std::io::Result<std::path::PathBuf>| path.unwrap().display().to_string();
        assert_eq!(info.executable, text(std::env::current_exe()));
        assert_eq!(info.cwd, text(std::env::current_dir()));
        let version: Vec<i64> = env!("CARGO_PKG_VERSION")
            .split('.')
            .map(|part| part.parse().unwrap())
            .collect();
        let version = Value::from((version[0], version[1], version[2], "rust", 0));
        assert_eq!(info.version_info, version);
        let platform = match std::env::consts::OS {
            "macos" => "darwin",
            "windows" => "win32",
            other => other,
        };
        assert_eq!(info.platform, platform);
        let told = format!(
            "<RInfo executable={:?} version_info={version} platform={platform:?} cwd={:?} pid={}>",
            info.executable, info.cwd, info.pid
        );
        assert_eq!(info.to_string(), told);
        gateway.exit();
        // It is remembered, and can be asked no more.
        assert_eq!(gateway.remote_info().unwrap(), info);
        assert!(gateway.remote_info_update().is_err());
    });
}

#[test]
fn the_status_counts_running_calls() {
    serving(worker(), |gateway, _served| {
        let first = gateway.remote_exec("echo").unwrap();
        let second = gateway.remote_exec("echo").unwrap();
        assert_eq!(gateway.remote_status().unwrap().num_executing, 2);
        drop(second);
        eventually("the second ends", || {
            gateway.remote_status().unwrap().num_executing == 1
        });
        drop(first);
        eventually("the first ends", || {
            gateway.remote_status().unwrap().num_executing == 0
        });
        // When the controller sees the end of a call, the call does not count any more.
        for _ in 0..100 {
            let channel = gateway.remote_exec("nothing").unwrap();
            channel.wait_close_timeout(SOON).unwrap();
            drop(channel);
            let status = gateway.remote_status().unwrap();
            assert_eq!(status.num_executing, 0);
        }
    });
}

#[test]
fn a_worker_works_whatever_role_its_config_has() {
    let initiator = GatewayConfig::new("first", Role::Initiator);
    let with_config = Worker::with_config(initiator.clone());
    let map_config = Worker::new().map_config(|_| initiator.with_id("second"));
    for (mut worker, id) in [(with_config, "first"), (map_config, "second")] {
        worker.register("id", |channel: &Channel| {
            channel.send(channel.gateway().id())
        });
        serving(worker, move |gateway, _served| {
            let channel = gateway.remote_exec("id").unwrap();
            assert_eq!(receive(&channel), Value::from(id));
        });
    }
}

#[test]
fn one_worker_serves_many() {
    let worker = worker();
    within(LIMIT, move || {
        let served: Vec<_> = (0..3)
            .map(|n| {
                let (near, far) = linked(PIPE_CAPACITY);
                let worker = worker.clone();
                let served = thread::spawn(move || worker.serve(far));
                let config = GatewayConfig::new(format!("gw{n}"), Role::Initiator);
                (Gateway::new(near, config).unwrap(), served)
            })
            .collect();
        for (gateway, _) in &served {
            let channel = gateway.remote_exec("echo").unwrap();
            channel.send(1).unwrap();
            receive(&channel);
        }
        for (gateway, served) in served {
            drop(gateway);
            served.join().unwrap().unwrap();
        }
    });
}

#[test]
fn the_debug_output_of_a_worker_lists_its_functions() {
    let mut worker = Worker::new();
    worker.register("b", echo).register("a", echo);
    assert_eq!(
        format!("{worker:?}"),
        r#"Worker { functions: {"a", "b"}, exec_model: Thread, .. }"#
    );
}
