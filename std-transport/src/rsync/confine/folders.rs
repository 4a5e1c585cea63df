use alloc::sync::Arc;
use std::io;

use super::{Dir, Name};

/// Directories of one tree by number, opened when they are needed.
///
/// A tree has more directories than a process can hold open. What is not at hand is opened again, one component at
/// a time from the nearest parent that is: a link that took the place of a directory in between is not followed.
#[derive(Debug)]
pub(crate) struct Folders {
    root: Arc<Dir>,
    nodes: Vec<Node>,
    /// The last used first.
    open: Vec<(u32, Arc<Dir>)>,
}

#[derive(Debug)]
struct Node {
    parent: u32,
    depth: u16,
    name: Box<[u8]>,
}

/// The number of the root in every [`Folders`].
pub(crate) const ROOT: u32 = 0;

/// Deeper trees are refused: their paths are longer than most programs can open.
pub(crate) const MAX_DEPTH: u16 = 1024;

/// How many directories are held open.
const HELD: usize = 48;

impl Folders {
    pub(crate) fn new(root: Arc<Dir>) -> Self {
        let top = Node {
            parent: ROOT,
            depth: 0,
            name: Box::default(),
        };
        Self {
            root,
            nodes: vec![top],
            open: Vec::new(),
        }
    }

    /// The number after the last folder's.
    pub(crate) fn end(&self) -> u32 {
        // `add` lets no more in than have a number.
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// Adds a folder; `None` where it would be too deep, or one too many. It is not looked for.
    pub(crate) fn add(&mut self, parent: u32, name: Name<'_>) -> Option<u32> {
        let depth = self.node(parent)?.depth.checked_add(1)?;
        let number = u32::try_from(self.nodes.len())
            .ok()
            .filter(|&number| number < u32::MAX)?;
        if depth > MAX_DEPTH {
            return None;
        }
        self.nodes.push(Node {
            parent,
            depth,
            name: name.as_bytes().into(),
        });
        Some(number)
    }

    /// The folder that holds this one, and its name in there; `None` for the root.
    pub(crate) fn place(&self, number: u32) -> Option<(u32, Name<'_>)> {
        let node = self.node(number).filter(|_| number != ROOT)?;
        // It came in through `add`, as a name.
        Some((node.parent, Name::new(&node.name).ok()?))
    }

    /// How many components lie between the root and this folder.
    pub(crate) fn depth(&self, number: u32) -> u16 {
        self.node(number).map_or(0, |node| node.depth)
    }

    /// The path from the root, for reports alone.
    pub(crate) fn path(&self, number: u32, name: &[u8]) -> Vec<u8> {
        let mut parts = vec![name];
        let mut at = number;
        while let Some((parent, name)) = self.place(at) {
            parts.push(name.as_bytes());
            at = parent;
        }
        parts.reverse();
        if name.is_empty() {
            parts.pop();
        }
        parts.join(&b'/')
    }

    /// The open directory of this number.
    ///
    /// # Errors
    /// It is not there any more, or is something else now.
    pub(crate) fn open(&mut self, number: u32) -> io::Result<Arc<Dir>> {
        let mut missing = Vec::new();
        let mut at = number;
        let mut dir = loop {
            if let Some(dir) = self.held(at) {
                break dir;
            }
            let node = self.node(at).ok_or(io::ErrorKind::NotFound)?;
            missing.push(at);
            at = node.parent;
        };
        for &number in missing.iter().rev() {
            let name = self.place(number).ok_or(io::ErrorKind::NotFound)?.1;
            dir = Arc::new(dir.open_dir(name)?);
            self.hold(number, Arc::clone(&dir));
        }
        Ok(dir)
    }

    fn hold(&mut self, number: u32, dir: Arc<Dir>) {
        self.open.truncate(HELD - 1);
        self.open.insert(0, (number, dir));
    }

    /// Gives up the handles, so that all is opened anew.
    #[cfg(test)]
    pub(super) fn release(&mut self) {
        self.open.clear();
    }

    fn held(&mut self, number: u32) -> Option<Arc<Dir>> {
        if number == ROOT {
            return Some(Arc::clone(&self.root));
        }
        let found = self.open.iter().position(|(held, _)| *held == number)?;
        self.open.get_mut(..=found)?.rotate_right(1);
        self.open.first().map(|(_, dir)| Arc::clone(dir))
    }

    fn node(&self, number: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(number).ok()?)
    }
}
