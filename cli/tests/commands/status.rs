//! `execnet status`.

use crate::support::{run, wait_until_gone};

#[test]
fn a_line_describes_the_worker() {
    let finished = run(&["status", "popen//chdir=/"], 0);
    assert_eq!(finished.out.lines().count(), 1, "{}", finished.out);
    assert!(
        finished.out.starts_with("popen//chdir=/: /"),
        "{}",
        finished.out
    );
    for part in [
        " on linux, pid ",
        ", cwd /, round trip 0",
        " ms, 0 open channels\n",
    ] {
        assert!(
            finished.out.contains(part),
            "{part:?} is not in {}",
            finished.out
        );
    }
    assert_eq!(finished.err, "");
}

#[test]
fn json_has_an_object_for_each_target() {
    let rust = format!(
        "popen//worker={} worker//id=rust",
        env!("CARGO_BIN_EXE_execnet")
    );
    let finished = run(&["status", "popen", &rust, "--json"], 0);
    let documents = finished
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let mut documents: Vec<serde_json::Value> = documents.collect();
    documents.sort_by_key(|document| document["id"].to_string());
    let ids = ["gw0", "rust"];
    assert_eq!(documents.len(), ids.len(), "{}", finished.out);
    for (document, id) in documents.iter().zip(ids) {
        assert_eq!(document["id"], id);
        assert!(
            document["executable"].as_str().unwrap().starts_with('/'),
            "{document}"
        );
        assert!(
            document["version"].as_str().unwrap().contains('.'),
            "{document}"
        );
        let round_trip = document["round_trip"].as_f64().unwrap();
        assert!(round_trip > 0.0 && round_trip < 60.0, "{document}");
        assert_eq!(document["channels"], 0, "{document}");
        wait_until_gone(document["pid"].as_i64().unwrap().try_into().unwrap());
    }
    assert_eq!(documents[1]["spec"], rust.as_str());
}

#[test]
fn a_dead_target_is_reported_and_the_others_answer() {
    let finished = run(&["status", "popen", "popen//python=/no/such/python"], 3);
    assert!(
        finished.out.starts_with("[gw0] popen: "),
        "{}",
        finished.out
    );
    let finished = finished.tells("execnet: 1 of 2 targets succeeded\n");
    finished.tells("execnet: gw1 (popen//python=/no/such/python): ");
}

#[test]
fn a_target_is_required() {
    run(&["status"], 2).tells("SPEC");
}
