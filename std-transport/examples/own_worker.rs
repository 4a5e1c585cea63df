//! A program that is its own worker, here or on another host, to which it copies itself.
//!
//! ```text
//! cargo run -p execnet --example own_worker -- popen 30
//! cargo run -p execnet --example own_worker -- 'ssh=host' 30
//! ```

use core::error::Error;
use std::env;

use execnet::serializer::Dict;
use execnet::{Channel, Group, Worker};

fn main() -> Result<(), Box<dyn Error>> {
    execnet::worker_main(register);

    let mut arguments = env::args().skip(1);
    let (Some(place), Some(n)) = (arguments.next(), arguments.next()) else {
        return Err("usage: own_worker SPEC NUMBER".into());
    };
    let group = Group::new();
    let gateway = group.make_gateway(format!("{place}//worker=self"))?;
    let kwargs = Dict::from([("n", n.parse::<u32>()?)]);
    let channel = gateway.remote_exec_function("", "factorial", &kwargs)?;
    println!("{n}! = {}", channel.receive()?.into_value());
    Ok(())
}

/// What this program does when it is the worker.
fn register(worker: &mut Worker) {
    // Other gateways can go through this one.
    execnet::proxy::register(worker);
    worker.register("factorial", |channel: &Channel, n: u32| {
        let product = (1..=u64::from(n)).try_fold(1u64, u64::checked_mul);
        channel.send(product)
    });
}
