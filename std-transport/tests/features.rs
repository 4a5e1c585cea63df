//! The errors of a build that leaves parts out name the feature that adds the part.
#![cfg(all(
    unix,
    not(all(
        feature = "self-exec",
        feature = "slurm",
        feature = "stock-rsync",
        feature = "tls"
    ))
))]
#![allow(clippy::unwrap_used, reason = "that is how a test fails")]

use execnet_test_support::group;

/// The error of making a gateway.
#[allow(dead_code, reason = "a build without `stock-rsync` alone makes none")]
fn refusal(spec: &str) -> String {
    let error = group().make_gateway(spec).unwrap_err().to_string();
    assert!(error.contains("the crate execnet"), "{error}");
    error
}

#[cfg(not(feature = "self-exec"))]
#[test]
fn a_spec_for_this_program_as_the_worker_names_the_feature() {
    assert!(refusal("popen//worker=self").contains("`self-exec`"));
}

#[cfg(not(feature = "slurm"))]
#[test]
fn a_spec_for_slurm_names_the_feature() {
    assert!(refusal("slurm=-p part").contains("`slurm`"));
}

#[cfg(not(feature = "stock-rsync"))]
#[test]
fn the_sync_program_of_stock_execnet_is_answered_with_the_feature() {
    execnet_test_support::with_worker(|gateway| {
        let program = "def serve_rsync(channel):\n    channel.send((\"list_done\", None))";
        let channel = gateway.remote_exec(program).unwrap();
        let error = channel.receive_timeout(execnet_test_support::LONG);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("`stock-rsync`"), "{error}");
    });
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_spec_for_tls_names_the_feature() {
    assert!(refusal("tls=host:1//tls_cert=c//tls_key=k").contains("`tls`"));
}
