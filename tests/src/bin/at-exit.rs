//! A program that ends while its worker ignores the end: prints the worker's process id, and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::exit,
    clippy::panic,
    reason = "that is how this program is to end"
)]

use std::env;
use std::process::exit;

const STUBBORN: &str = "
    import os, time
    channel.send(os.getpid())
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass
";

fn main() {
    let gateway = execnet::make_gateway("popen").unwrap();
    let channel = gateway.remote_exec(STUBBORN).unwrap();
    println!("{}", channel.receive().unwrap().into_value());
    match env::args().nth(1).as_deref() {
        Some("exit") => exit(3),
        Some("panic") => std::panic::panic_any("as asked"),
        _ => {}
    }
}
