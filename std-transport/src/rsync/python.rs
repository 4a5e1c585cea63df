//! The program for the other side, cut to what its role needs.

macro_rules! part {
    ($name:literal) => {
        include_str!(concat!("../python/rsync/", $name, ".py"))
    };
}

/// What tracebacks call it.
pub(crate) const FILE_NAME: &str = "execnet_rsync.py";

/// The program that takes a tree.
pub(crate) fn target() -> &'static str {
    concat!(part!("common"), part!("target"))
}

/// The program that has one.
pub(crate) fn source() -> &'static str {
    concat!(part!("common"), part!("source"))
}

/// Whether a source is one of the two.
pub(crate) fn is_ours(source: &str) -> bool {
    source.starts_with("# execnet rsync 3\n")
}

/// Whether a source is the program that stock execnet sends for a sync, by what it defines and says.
pub(crate) fn is_stock(source: &str) -> bool {
    source.contains("def serve_rsync(channel") && source.contains("\"list_done\"")
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_role_has_its_part_and_not_the_other() {
        let (target, source) = (super::target(), super::source());
        assert!(target.contains("class Folders") && source.contains("class Folders"));
        assert!(target.contains("class Target") && !target.contains("class Source"));
        assert!(source.contains("class Source") && !source.contains("class Target"));
    }
}
