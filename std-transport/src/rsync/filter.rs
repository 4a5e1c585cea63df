//! The filter: which entries are excluded.

use core::error::Error;
use core::fmt;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::beneath::{Kind, Meta};

/// An entry, as a filter gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate<'a> {
    /// Relative to the root of the tree.
    pub path: &'a Path,
    /// Whether it is a directory. If it is refused, so is everything in it.
    pub is_dir: bool,
    /// Whether it is a symbolic link. Its target is not examined.
    pub is_link: bool,
    /// The size of a file in bytes; 0 for other entries.
    pub size: u64,
}

/// The user's function: whether to take an entry.
pub(crate) type Decision = dyn FnMut(&Candidate<'_>) -> bool + Send;

#[derive(Default)]
pub(crate) struct Filter {
    patterns: Vec<String>,
    built: Option<Gitignore>,
    decision: Option<Box<Decision>>,
    max_size: Option<u64>,
}

impl Filter {
    pub(crate) fn exclude(&mut self, pattern: &str) -> Result<(), PatternError> {
        let mut builder = GitignoreBuilder::new("");
        for known in self.patterns.iter().map(String::as_str).chain([pattern]) {
            builder.add_line(None, known).map_err(PatternError)?;
        }
        self.built = Some(builder.build().map_err(PatternError)?);
        self.patterns.push(pattern.into());
        Ok(())
    }

    pub(crate) fn decide(&mut self, decision: Box<Decision>) {
        self.decision = Some(decision);
    }

    pub(crate) fn set_max_size(&mut self, bytes: u64) {
        self.max_size = Some(bytes);
    }

    /// The reason for which the entry is excluded, if it is.
    pub(crate) fn refuses(&mut self, path: &Path, meta: &Meta) -> Option<&'static str> {
        let is_dir = meta.kind == Kind::Directory;
        if self
            .built
            .as_ref()
            .is_some_and(|built| built.matched(path, is_dir).is_ignore())
        {
            return Some("excluded by a pattern");
        }
        let size = if meta.kind == Kind::File {
            meta.size
        } else {
            0
        };
        if self.max_size.is_some_and(|limit| size > limit) {
            return Some("larger than the limit");
        }
        let is_link = meta.kind == Kind::Link;
        let candidate = Candidate {
            path,
            is_dir,
            is_link,
            size,
        };
        let refused = self
            .decision
            .as_mut()
            .is_some_and(|decision| !decision(&candidate));
        refused.then_some("refused by the filter")
    }

    /// Whether nothing is excluded.
    pub(crate) fn is_idle(&self) -> bool {
        self.built.is_none() && self.max_size.is_none() && self.decision.is_none()
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("patterns", &self.patterns)
            .finish_non_exhaustive()
    }
}

/// A malformed pattern.
#[derive(Debug)]
pub struct PatternError(ignore::Error);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a gitignore pattern: {}", self.0)
    }
}

impl Error for PatternError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(filter: &mut Filter, kind: Kind, size: u64) -> bool {
        let meta = Meta {
            kind,
            mode: 0o644,
            size,
            mtime: 0,
        };
        filter.refuses(Path::new("a/name"), &meta).is_some()
    }

    #[test]
    fn a_file_may_be_as_large_as_the_limit_and_only_files_have_a_size() {
        let mut filter = Filter::default();
        filter.set_max_size(4);
        for (kind, size, expected) in [
            (Kind::File, 0, false),
            (Kind::File, 4, false),
            (Kind::File, 5, true),
            (Kind::Directory, 4096, false),
            (Kind::Link, 5, false),
        ] {
            let refused = refuses(&mut filter, kind, size);
            assert_eq!(refused, expected, "{kind:?} of {size}");
        }
    }

    #[test]
    fn a_pattern_with_a_slash_at_its_end_is_for_directories() {
        let mut filter = Filter::default();
        filter.exclude("name/").unwrap();
        assert!(refuses(&mut filter, Kind::Directory, 0));
        assert!(!refuses(&mut filter, Kind::File, 0));
    }

    #[test]
    fn a_decision_is_about_the_path_the_kind_and_the_size() {
        for (kind, is_dir, is_link, size) in [
            (Kind::File, false, false, 7),
            (Kind::Directory, true, false, 0),
            (Kind::Link, false, true, 0),
            (Kind::Special, false, false, 0),
        ] {
            let expected = Candidate {
                path: Path::new("a/name"),
                is_dir,
                is_link,
                size,
            };
            let mut filter = Filter::default();
            filter.decide(Box::new(move |candidate| *candidate == expected));
            assert!(!refuses(&mut filter, kind, 7), "{kind:?}");
            filter.decide(Box::new(move |candidate| *candidate != expected));
            assert!(refuses(&mut filter, kind, 7), "{kind:?}");
        }
    }

    #[test]
    fn a_malformed_pattern_is_refused_with_the_reason_and_changes_nothing() {
        let mut filter = Filter::default();
        let error = filter.exclude("[z-a]").unwrap_err().to_string();
        let reason = error.strip_prefix("not a gitignore pattern: ");
        assert!(reason.is_some_and(|reason| !reason.is_empty()), "{error}");
        assert!(filter.is_idle());
        filter.exclude("other").unwrap();
        assert!(!filter.is_idle() && !refuses(&mut filter, Kind::File, 0));
        let shown = r#"Filter { patterns: ["other"], .. }"#;
        assert_eq!(format!("{filter:?}"), shown);
    }
}
