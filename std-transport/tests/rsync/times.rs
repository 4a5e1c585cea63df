//! Times that records or Python 2 cannot represent exactly.

use core::time::Duration;
use std::fs;

use execnet::rsync::{RSync, TargetOptions};
use execnet_test_support::each_python;

use crate::{Place, complete};

/// Set and read as a float, this time is off by more than two microseconds.
#[test]
fn a_time_that_python_2_rounds_does_not_send_a_file_again() {
    each_python(|_, gateway| {
        let place = Place::new();
        fs::write(place.from().join("f"), "f").unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_nanos(2_200_417_782_764_116_076);
        let file = fs::File::open(place.from().join("f")).unwrap();
        file.set_modified(time).unwrap();
        let mut rsync = RSync::new(place.from());
        for unchanged in [0, 1] {
            rsync.add_target(gateway, place.to(), TargetOptions::new());
            let report = complete(rsync.send().unwrap()).remove(0).report;
            assert_eq!(report.unchanged, unchanged);
        }
    });
}

/// Records represent the years 1677 to 2262, file systems more.
#[test]
fn times_out_of_range_are_clamped_and_the_sync_continues() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        let century = Duration::from_secs(100 * 365 * 86_400);
        let epoch = std::time::UNIX_EPOCH;
        for (name, time) in [
            ("far-future", epoch + century * 4),
            ("far-past", epoch - century * 4),
            ("today", std::time::SystemTime::now()),
        ] {
            fs::write(from.join(name), name).unwrap();
            let file = fs::File::options().write(true).open(from.join(name));
            file.unwrap().set_modified(time).unwrap();
        }
        fs::File::open(&from)
            .unwrap()
            .set_modified(epoch + century * 4)
            .unwrap();
        let mut rsync = RSync::new(&from);
        for unchanged in [0, 3] {
            rsync.add_target(gateway, &to, TargetOptions::new());
            let report = complete(rsync.send().unwrap()).remove(0).report;
            assert_eq!(report.unchanged, unchanged, "{report:?}");
            let back = place.0.path().join("back");
            let report = rsync.pull(gateway, &back, TargetOptions::new()).unwrap();
            assert_eq!((report.unchanged, &report.failed[..]), (unchanged, &[][..]));
            for there in [&to, &back] {
                assert_eq!(fs::read(there.join("today")).unwrap(), b"today");
            }
        }
    });
}
