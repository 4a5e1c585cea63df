//! Asks every task of an allocation of Slurm where it runs.
//!
//! ```text
//! salloc --nodes=2 --ntasks=3 target/debug/examples/slurm
//! ```

use core::error::Error;

use execnet::Group;

fn main() -> Result<(), Box<dyn Error>> {
    let group = Group::from_slurm()?;
    let source = "import os; channel.send((os.environ['SLURMD_NODENAME'], os.getpid()))";
    for gateway in group.gateways() {
        let place = gateway.remote_exec(source)?.receive()?;
        println!("{}: {}", gateway.id(), place.into_value());
    }
    Ok(())
}
