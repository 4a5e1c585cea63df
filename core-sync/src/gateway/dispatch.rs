use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::thread;

use super::shared::{Job, Shared};
use super::waker::Wake;
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::sync::Deadline;

/// Starts a named thread of the gateway, and counts it until it ends.
pub(super) fn spawn(
    shared: &Arc<Shared>,
    role: &str,
    body: impl FnOnce(&Arc<Shared>) + Send + 'static,
) -> io::Result<()> {
    let mut state = shared.state.lock();
    let own = shared.clone();
    let thread = thread::Builder::new()
        .name(format!("execnet-{}-{role}", shared.config.id))
        .spawn(move || {
            let running = Running(own);
            body(&running.0);
        })?;
    state.running_threads += 1;
    state.threads.push(thread);
    Ok(())
}

/// Counts the thread out, also where it panics.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.running_threads -= 1;
        // A panic in the transport's code must not leave those behind who wait for the reader.
        let wakes = if thread::panicking() && state.disconnected.is_none() {
            state.disconnect(Disconnected::new(DisconnectReason::Panicked, None))
        } else {
            Vec::new()
        };
        drop(state);
        wakes.into_iter().for_each(Wake::notify);
        self.0.work.notify_all();
        self.0.ended.notify_all();
    }
}

/// Hands a job to the dispatcher, which is started with the first one.
pub(super) fn submit(shared: &Arc<Shared>, job: Job) -> io::Result<()> {
    let start = {
        let mut state = shared.state.lock();
        state.jobs.push_back(job);
        !core::mem::replace(&mut state.dispatching, true)
    };
    shared.work.notify_one();
    if start {
        spawn(shared, "dispatcher", run)
    } else {
        Ok(())
    }
}

/// What the dispatcher does: jobs in their order, until the link has ended.
fn run(shared: &Arc<Shared>) {
    while let Some(job) = next_job(shared) {
        let last = matches!(job, Job::Terminate);
        shared.perform(job);
        if last {
            break;
        }
    }
}

fn next_job(shared: &Shared) -> Option<Job> {
    let mut state = shared.state.lock();
    loop {
        if state.disconnected.is_some() {
            return None;
        }
        if let Some(job) = state.jobs.pop_front() {
            return Some(job);
        }
        state = shared.work.wait(state, Deadline::NEVER);
    }
}
