//! Locks for uploads of the running program, one for each host.

use alloc::sync::Arc;
use std::collections::HashMap;

use crate::command::SshIdentity;
use crate::sync::Mutex;

/// A lock for each host, so that the program is copied there once.
#[derive(Debug, Default)]
pub(crate) struct UploadLocks(Mutex<HashMap<SshIdentity, Arc<Mutex<()>>>>);

impl UploadLocks {
    pub(crate) fn of(&self, host: SshIdentity) -> Arc<Mutex<()>> {
        Arc::clone(self.0.lock().entry(host).or_default())
    }
}
