//! Many gateways leave nothing behind.

use execnet_test_support::{LONG, amount, eventually, group};

use super::system::System;
use super::{double, rust_worker};

#[test]
fn many_gateways_leave_no_handle_thread_or_process() {
    let watching = group();
    let system = System::of(&watching);
    let round = || {
        let group = group();
        for _ in 0..8 {
            double(&group, &rust_worker());
        }
        group.terminate_timeout(LONG);
    };
    // Threads and handles that the first use of a part of the system makes.
    round();
    let [handles, threads, children] = system.counts();
    for _ in 0..amount("EXECNET_WINDOWS_ROUNDS", 3) {
        round();
    }
    // Other tests of this program run beside it, so that it is run alone: see scripts/test.
    eventually("nothing is left", LONG, || {
        let [more, threads_now, children_now] = system.counts();
        more <= handles + 8 && threads_now <= threads && children_now <= children
    });
}
