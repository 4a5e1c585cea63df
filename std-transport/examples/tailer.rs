//! Follows a log file on several hosts: prints each new line behind the spec of its host.
//!
//! ```text
//! cargo run -p execnet --example tailer -- /var/log/syslog ssh=web1 ssh=web2
//! ```

use core::error::Error;
use std::io::{BufRead as _, Write as _, stdout};
use std::thread;

use execnet::{Gateway, GatewayExt as _, Group};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: tailer PATH SPEC...")?;
    let group = Group::from_specs(arguments)?;
    let follow = |gateway: Gateway| -> Result<(), Box<dyn Error>> {
        let mut tail = gateway.command(["tail", "-n", "0", "-F", &path]).spawn()?;
        for line in tail.take_stdout().ok_or("no output")?.lines() {
            writeln!(stdout(), "{}: {}", gateway.spec(), line?)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        for gateway in &group {
            scope.spawn(|| follow(gateway).unwrap_or_else(|error| eprintln!("{error}")));
        }
    });
    Ok(())
}
