//! A model of two sessions that are joined by a link of bytes, under a random schedule. Each session is driven as the
//! gateway drives it, one step at a time, and compared with the model after each step.
//!
//! These hold after any steps:
//!
//! - The items taken from a channel are those that arrived on it, in order. Every item that was sent arrives, unless the
//!   channel was closed or dropped, or the link was cut.
//! - No thread sleeps that has a reason to run: receivers, threads that wait for the end or for credit, callbacks.
//! - No id is allocated twice.
//! - An error is reported once, an inbox counts what it holds, and credit bounds it.
//! - When all handles are dropped and all frames are delivered, no channel is left.
//!
//! A property test and a fuzz target, which includes these files, generate the steps.

mod callbacks;
mod peers;
mod side;
mod step;
mod world;

pub(crate) use step::{Setting, Step};

use world::World;

/// Runs these steps, then the rest until nothing is left to do. Panics if a property does not hold.
pub(crate) fn run(setting: Setting, steps: impl IntoIterator<Item = Step>) {
    let mut world = World::new(setting);
    world.run(Step::Exec);
    for step in steps {
        world.run(step);
    }
    world.finish();
}
