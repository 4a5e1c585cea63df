//! Symbolic links of a source.

use std::io;
use std::path::{Component, Path};

use super::Walk;
use crate::rsync::beneath::{Dir, Name, has_other_separators, path_of};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{Entry, EntryKind, MAX_LINK};

/// What to do with symbolic links that lead out of the tree. Links within it are always kept.
///
/// Whether a link leads out depends on its text only: an absolute path does, more `..` at the beginning than there are
/// folders above the link do, and so does any `..` after a name (`name/../other`), as the name may be that of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Links {
    /// They are created with the same text. What they refer to depends on the other host.
    #[default]
    Keep,
    /// They are not created, and reported as failed.
    Refuse,
    /// The regular file that they refer to is sent instead. A link to anything else is reported as failed.
    Copy,
}

impl<O: Observer> Walk<O> {
    pub(super) fn list_link(&mut self, folder: u32, dir: &Dir, name: Name<'_>, target: &[u8]) {
        let failed = |text| io::Error::other(text);
        if target.len() > MAX_LINK {
            return self.fail(folder, name, failed("a link with too long a text"));
        }
        if let Some(path) = self.inside(target) {
            return Entry {
                name,
                kind: EntryKind::LinkInside(&path),
            }
            .pack(&mut self.batch);
        }
        let escapes = escapes_root(self.index.depth(folder), target);
        match self.links {
            Links::Refuse if escapes => {
                self.fail(folder, name, failed("a link that leads out of the tree"));
            }
            Links::Copy if escapes => match dir.open_followed(name) {
                Ok((_, meta)) => self.list_file(folder, name, &meta, true, None),
                Err(error) => self.fail(folder, name, error),
            },
            _ => Entry {
                name,
                kind: EntryKind::Link(target),
            }
            .pack(&mut self.batch),
        }
    }

    /// If the text is an absolute path into this tree, the path from the root.
    fn inside(&self, target: &[u8]) -> Option<Vec<u8>> {
        let target = path_of(target.to_vec());
        let climbs = target
            .components()
            .any(|part| matches!(part, Component::ParentDir));
        if climbs || !target.is_absolute() {
            return None;
        }
        let mut places = self.places.iter();
        let within = places.find_map(|place| target.strip_prefix(place).ok());
        within.map(joined_names)
    }
}

/// Whether a link with this text leads out of the tree, if its folder is `depth` components below the root.
///
/// An absolute path does, and so do more `..` at the beginning than there are folders above. A `..` after a name does
/// too: the name may be that of a link, and then `..` is the parent of the directory that it leads to.
pub(crate) fn escapes_root(depth: u16, target: &[u8]) -> bool {
    if target.first() == Some(&b'/') || has_other_separators(target) {
        return true;
    }
    let mut above = depth;
    let mut named = false;
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if named || above == 0 => return true,
            b".." => above -= 1,
            _ => named = true,
        }
    }
    false
}

/// The names of a path, without `.` and empty parts, which the target would refuse.
fn joined_names(path: &Path) -> Vec<u8> {
    let names: Vec<&[u8]> = path
        .components()
        .map(|part| part.as_os_str().as_encoded_bytes())
        .filter(|part| part != b".")
        .collect();
    names.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::escapes_root;

    #[test]
    fn a_link_leaves_the_tree_by_an_absolute_path_above_the_root_or_by_a_parent_behind_a_name() {
        for (depth, target, expected) in [
            (0, &b"a"[..], false),
            (0, b"/a", true),
            (0, b"..", true),
            (0, b"a/b/", false),
            (0, b"a/..", true),
            (0, b"a/../b", true),
            (0, b"a/../..", true),
            (1, b"..", false),
            (1, b"../a", false),
            (1, b"../a/..", true),
            (1, b"..//./a/./b", false),
            (2, b"./..//.././a", false),
            (1, b"../../a", true),
            (2, b".././../x", false),
            (0, b"./..x", false),
            (0, b"", false),
        ] {
            assert_eq!(escapes_root(depth, target), expected, "{depth} {target:?}");
        }
    }

    #[test]
    fn only_on_windows_a_drive_or_a_backslash_leads_out() {
        for target in [&b"C:/a"[..], b"C:a", b"a\\..\\..\\b", b"\\\\host\\share"] {
            assert_eq!(escapes_root(0, target), cfg!(windows), "{target:?}");
        }
    }
}
