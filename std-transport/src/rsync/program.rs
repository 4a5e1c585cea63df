//! Which program a peer has sent for a sync.

/// The file name of our programs in tracebacks.
pub(crate) const FILE_NAME: &str = "execnet_rsync.py";

/// Whether a source is one of ours.
pub(crate) fn is_ours(source: &str) -> bool {
    source.starts_with("# execnet rsync 3\n")
}

/// Whether a source is the program that stock execnet sends for a sync, by what it defines and says.
pub(crate) fn is_stock(source: &str) -> bool {
    source.contains("def serve_rsync(channel") && source.contains("\"list_done\"")
}
