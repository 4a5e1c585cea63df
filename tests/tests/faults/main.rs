//! Failure modes, and the error that a program gets for each: in time, and with no process left.
//!
//! `docs/reliability.md` is the table of this suite. `EXECNET_WRITE_DOCS=1 cargo test -p execnet-tests --test faults`
//! writes it; without the variable, the suite compares.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

#[cfg(target_os = "linux")]
mod container;
#[cfg(target_os = "linux")]
mod network;
mod popen;
mod socket;
mod ssh;
mod support;
mod via;

use core::fmt::Write as _;
use core::time::Duration;
use std::env;
use std::fs;
use std::path::Path;
use std::time::Instant;

use execnet_test_support::{LONG, within};

/// From the fault to the error, on a machine that has other work too.
const SOON: Duration = Duration::from_secs(10);

struct Fault {
    link: &'static str,
    what: &'static str,
    outcome: &'static str,
    /// Makes it happen, and checks the outcome.
    check: fn(),
}

#[cfg(target_os = "linux")]
const TABLES: [&[Fault]; 6] = [
    popen::FAULTS,
    via::FAULTS,
    socket::FAULTS,
    ssh::FAULTS,
    container::FAULTS,
    network::FAULTS,
];

/// Makes every fault of a table happen, one after the other.
fn run(faults: &[Fault]) {
    for fault in faults {
        let name = format!("{}: {}", fault.link, fault.what);
        let started = Instant::now();
        within(&name, 2 * LONG, fault.check);
        println!("{name}: {:?}", started.elapsed());
    }
}

#[test]
fn every_fault_of_a_local_worker_has_its_error_in_time() {
    run(popen::FAULTS);
}

#[test]
fn every_fault_behind_a_proxy_has_its_error_in_time() {
    run(via::FAULTS);
}

#[test]
fn every_fault_of_a_socket_has_its_error_in_time() {
    run(socket::FAULTS);
}

#[test]
fn every_fault_over_ssh_has_its_error_in_time() {
    run(ssh::FAULTS);
}

#[cfg(target_os = "linux")]
#[test]
fn every_cut_of_the_network_has_its_error_in_time() {
    run(network::FAULTS);
}

#[cfg(target_os = "linux")]
#[test]
fn every_fault_in_a_container_has_its_error_in_time() {
    execnet_tests::podman::with_podman("every_fault_in_a_container_has_its_error_in_time", || {
        run(container::FAULTS);
    });
}

/// Elsewhere some rows are missing.
#[cfg(target_os = "linux")]
#[test]
fn the_page_has_the_table_of_this_suite() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let page = page();
    if env::var_os("EXECNET_WRITE_DOCS").is_some() {
        fs::write(&path, page).unwrap();
    } else {
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, page, "run this with EXECNET_WRITE_DOCS=1");
    }
}

#[cfg(target_os = "linux")]
fn page() -> String {
    let mut page = String::from(
        "# Failure modes\n\n\
         This table lists faults of processes, links and networks, and the error that a program gets. Every fault ends in \
         its error within the deadline that is named, and leaves no process running unless the row says so. Faults that \
         are not in the table were not tested.\n\n\
         | link | fault | what the program sees |\n|---|---|---|\n",
    );
    for fault in TABLES.into_iter().flatten() {
        let Fault {
            link,
            what,
            outcome,
            ..
        } = fault;
        let _ = writeln!(page, "| {link} | {what} | {outcome} |");
    }
    page.push_str(
        "\n## How this is tested\n\n\
         Each row is a test in `tests/tests/faults/`, which also writes this page:\n\n\
         ```sh\nEXECNET_WRITE_DOCS=1 cargo test -p execnet-tests --test faults\n```\n\n\
         `tests/tests/many.rs` tests many gateways with heavy traffic at once. 200 gateways and 500 MB need a machine that \
         is otherwise idle:\n\n\
         ```sh\nEXECNET_LONG=1 cargo test --release -p execnet-tests --test many -- --nocapture\n```\n",
    );
    page
}
