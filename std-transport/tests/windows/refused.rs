//! What cannot be there is refused with a reason.

use std::fs;

use execnet::{Listen, MakeGatewayError, Server, ServerBindError, ServerOptions};
use execnet_test_support::{bootstrap_error, group};

use super::python;

#[test]
fn a_batch_file_is_no_worker() {
    let place = tempfile::tempdir().unwrap();
    for name in ["python.bat", "python.CMD"] {
        let path = place.path().join(name);
        fs::write(&path, "echo ran > ran.txt\r\n").unwrap();
        let spec = format!(
            "popen//python='{}'//chdir={}",
            path.display(),
            place.path().display()
        );
        let error = bootstrap_error(&group(), &spec);
        let text = format!("{:#}", execnet::report(&error));
        assert!(text.contains("batch file"), "{text}");
        assert!(!place.path().join("ran.txt").exists());
    }
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let error = bootstrap_error(&group(), r"popen//python=c:\nowhere\python.exe");
    let text = error.to_string();
    assert!(text.contains("c:/nowhere/python.exe"), "{text}");
}

#[test]
fn unix_sockets_and_slurm_are_named_with_what_to_use() {
    for (spec, word) in [("unix=/tmp/x", "tcp="), ("slurm=-n1", "Windows")] {
        match group().make_gateway(spec) {
            Err(MakeGatewayError::Spec(error)) => {
                assert!(error.to_string().contains(word), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
    let bound = Server::bind(Listen::Unix("x".into()), ServerOptions::new());
    match bound {
        Err(ServerBindError::Io(error)) => assert!(error.to_string().contains("token"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_priority_is_refused_by_the_worker() {
    let error = bootstrap_error(&group(), &format!("{}//nice=5", python()));
    let text = format!("{:#}", execnet::report(&error));
    assert!(text.contains("no such priorities"), "{text}");
}
