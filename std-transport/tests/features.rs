//! The errors of a build that leaves parts out name the feature that adds the part.
#![cfg(all(
    unix,
    not(all(feature = "self-exec", feature = "slurm", feature = "tls"))
))]
#![allow(clippy::unwrap_used, reason = "that is how a test fails")]

use execnet_test_support::group;

/// The error of making a gateway.
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

#[cfg(not(feature = "tls"))]
#[test]
fn a_spec_for_tls_names_the_feature() {
    assert!(refusal("tls=host:1//tls_cert=c//tls_key=k").contains("`tls`"));
}
