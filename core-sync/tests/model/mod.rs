//! Two sessions, joined by a link of bytes, under a random schedule: what may happen in which order, against what must
//! always hold. The session is driven here as the gateway drives it, one step at a time.
//!
//! What must hold, whatever happens:
//!
//! - What is taken from a channel is what arrived on it, in its order; what was sent arrives, unless somebody closed or
//!   let go of the channel, or the link was cut.
//! - Nobody sleeps who has a reason to be awake: receivers, those who wait for the end or for credit, callbacks.
//! - No id is allotted twice.
//! - An error is told once, an inbox counts what it holds, and credit bounds it.
//! - When all handles are given up and all is delivered, no channel is left.
//!
//! A test makes up steps, and so does a fuzz target, which includes these files.

mod callbacks;
mod peers;
mod side;
mod step;
mod world;

pub(crate) use step::{Setting, Step};

use world::World;

/// Does these steps, then lets all come to its end; panics where something does not hold.
pub(crate) fn run(setting: Setting, steps: impl IntoIterator<Item = Step>) {
    let mut world = World::new(setting);
    world.run(Step::Exec);
    for step in steps {
        world.run(step);
    }
    world.finish();
}
