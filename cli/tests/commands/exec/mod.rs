//! `execnet exec`.

mod code;
mod failures;
mod input;
mod items;
mod output;
mod signals;
mod targets;
mod timeouts;

use std::path::Path;

/// Code that creates a lock file, and removes it when it ends.
fn locks(lock: &Path) -> String {
    format!(
        "import os, time\nopen({lock:?}, 'w').close()\ntry:\n    channel.send(os.getpid())\n    time.sleep(1000)\n\
         finally:\n    os.remove({lock:?})\n    channel.send('cleaned')\n"
    )
}
