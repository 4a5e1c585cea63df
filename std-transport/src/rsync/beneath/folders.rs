//! The directories of a tree, opened by number.

use alloc::sync::Arc;
use core::mem;
use std::io;

use super::{Dir, Name};

/// Directories of one tree by number, opened when they are needed.
///
/// A tree can have more directories than a process can hold open. A directory that is not held is opened again, one
/// component at a time from the nearest parent that is held: a link that has replaced a directory in between is not
/// followed.
///
/// A walk through the tree in depth-first order opens a constant number of directories for each one, at any depth: on
/// the way down, the parent was used last; on the way up, once the held ones are passed, a stretch of directories is
/// opened once and serves the whole way up through it.
#[derive(Debug)]
pub(crate) struct Folders {
    root: Arc<Dir>,
    nodes: Vec<Node>,
    listing: Held,
    content: Held,
}

/// The two walks over a tree. The listing runs ahead of the content, and each has its own set of held directories, so
/// that neither displaces what the other needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Listing,
    Content,
}

/// The directories that one walk holds open, in lists that begin with the last used.
#[derive(Debug, Default)]
struct Held {
    /// Directories that were requested.
    recent: Vec<(u32, Arc<Dir>)>,
    /// Directories on the way to those. In a list of their own, so that they displace none of `recent`.
    passed: Vec<(u32, Arc<Dir>)>,
    /// Directories at multiples of [`STRETCH`] levels: from them every directory is reached in few steps.
    waypoints: Vec<(u32, Arc<Dir>)>,
}

#[derive(Debug)]
struct Node {
    parent: u32,
    depth: u16,
    name: Box<[u8]>,
}

/// The number of the root in every [`Folders`].
pub(crate) const ROOT: u32 = 0;

/// Maximum depth of a tree: most programs cannot open paths in deeper ones.
pub(crate) const MAX_DEPTH: u16 = 1024;

/// Maximum lengths of the lists of a walk. The waypoints are those of one path.
const RECENT: usize = 32;
const PASSED: usize = 24;
const WAYPOINTS: usize = 16;

/// Number of levels between waypoints.
const STRETCH: u16 = 64;

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
            listing: Held::default(),
            content: Held::default(),
        }
    }

    /// The number after the last folder's.
    pub(crate) fn end(&self) -> u32 {
        // `add` ensures that this does not overflow.
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// Adds a folder; `None` if it would be too deep, or if there is no number left. It is not opened.
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
        // `add` has got it as a `Name`.
        Some((node.parent, Name::new(&node.name).ok()?))
    }

    /// How many components lie between the root and this folder.
    pub(crate) fn depth(&self, number: u32) -> u16 {
        self.node(number).map_or(0, |node| node.depth)
    }

    /// The path from the root, for reports only.
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

    /// All folders but the root, each after the folders in it, and siblings close to each other.
    pub(crate) fn deepest_first(&self) -> Vec<u32> {
        // The folders in each one as a linked list: the last of them, and the previous one of each.
        let mut last = vec![ROOT; self.nodes.len()];
        let mut before = last.clone();
        for number in 1..self.end() {
            if let (Some(node), Some(before)) = (self.node(number), at(&mut before, number))
                && let Some(last) = at(&mut last, node.parent)
            {
                *before = mem::replace(last, number);
            }
        }
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut pending = vec![ROOT];
        while let Some(number) = pending.pop() {
            order.push(number);
            let mut child = at(&mut last, number).map_or(ROOT, |last| *last);
            while child != ROOT {
                pending.push(child);
                child = at(&mut before, child).map_or(ROOT, |before| *before);
            }
        }
        order.reverse();
        // The root came first.
        order.pop();
        order
    }

    /// Opens a directory for one of the walks, or returns the one that is held.
    ///
    /// # Errors
    /// It has been removed or replaced by something else.
    pub(crate) fn open(&mut self, pass: Pass, number: u32) -> io::Result<Arc<Dir>> {
        let mut missing = Vec::new();
        let mut at = number;
        let mut dir = loop {
            if let Some(dir) = self.held(pass, at) {
                break dir;
            }
            let node = self.node(at).ok_or(io::ErrorKind::NotFound)?;
            missing.push(at);
            at = node.parent;
        };
        for &at in missing.iter().rev() {
            let name = self.place(at).ok_or(io::ErrorKind::NotFound)?.1;
            dir = Arc::new(dir.open_dir(name)?);
            let is_waypoint = self.depth(at).is_multiple_of(STRETCH);
            let held = self.walk(pass);
            let (held, most) = match is_waypoint {
                true => (&mut held.waypoints, WAYPOINTS),
                false if at == number => (&mut held.recent, RECENT),
                false => (&mut held.passed, PASSED),
            };
            // If the list is full, this closes the directory that was used longest ago, unless a caller still holds it.
            held.truncate(most - 1);
            held.insert(0, (at, Arc::clone(&dir)));
        }
        Ok(dir)
    }

    /// Closes a directory, if it is held.
    pub(super) fn close(&mut self, number: u32) {
        for held in [&mut self.listing, &mut self.content] {
            for list in [&mut held.recent, &mut held.passed, &mut held.waypoints] {
                list.retain(|(held, _)| *held != number);
            }
        }
    }

    /// Closes all held directories.
    #[cfg(all(test, unix))]
    pub(super) fn release(&mut self) {
        (self.listing, self.content) = Default::default();
    }

    fn held(&mut self, pass: Pass, number: u32) -> Option<Arc<Dir>> {
        if number == ROOT {
            return Some(Arc::clone(&self.root));
        }
        let other = match pass {
            Pass::Listing => Pass::Content,
            Pass::Content => Pass::Listing,
        };
        self.walk(pass)
            .find(number)
            .or_else(|| self.walk(other).peek(number))
    }

    const fn walk(&mut self, pass: Pass) -> &mut Held {
        match pass {
            Pass::Listing => &mut self.listing,
            Pass::Content => &mut self.content,
        }
    }

    fn node(&self, number: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(number).ok()?)
    }
}

impl Held {
    fn peek(&self, number: u32) -> Option<Arc<Dir>> {
        let held = self.recent.iter().chain(&self.passed);
        let mut held = held.chain(&self.waypoints);
        let found = held.find(|(held, _)| *held == number);
        found.map(|(_, dir)| Arc::clone(dir))
    }

    /// As `peek`, and moves the directory to the front of its list.
    fn find(&mut self, number: u32) -> Option<Arc<Dir>> {
        [&mut self.recent, &mut self.passed, &mut self.waypoints]
            .into_iter()
            .find_map(|held| {
                let found = held.iter().position(|(held, _)| *held == number)?;
                held.get_mut(..=found)?.rotate_right(1);
                held.first().map(|(_, dir)| Arc::clone(dir))
            })
    }
}

fn at(numbers: &mut [u32], index: u32) -> Option<&mut u32> {
    numbers.get_mut(usize::try_from(index).ok()?)
}
