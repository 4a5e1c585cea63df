//! Random trees of links, synced under the rule that no link leads out of the tree. In both directions, with workers in
//! Python and in Rust.
//!
//! The result is checked by a resolver in this program and by the operating system, in a tree with directories and
//! files above its root that links can reach. `EXECNET_LINK_FARMS=1000` runs 1,000 trees instead of 8. The seed is
//! fixed; `EXECNET_LINK_SEED` sets another one.

use core::time::Duration;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use execnet::Gateway;
use execnet::rsync::{Links, RSync, Report, TargetOptions};
use execnet_test_support::{Direction, each_direction};

/// For all farms of one worker and direction.
const LIMIT: Duration = Duration::from_secs(120);

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| text.parse().unwrap())
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// The same for folders and links, so that paths lead through both.
const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// Half of all parts.
const DOTS: [&str; 5] = ["..", "..", "..", ".", ""];

/// A root with two directories above it; everything above has what links ask for.
fn root_below(place: &Path) -> PathBuf {
    let root = place.join("a/b/root");
    for above in [place, &place.join("a"), &place.join("a/b")] {
        fs::create_dir_all(above.join("c")).unwrap();
        fs::write(above.join("secret"), "secret").unwrap();
        fs::write(above.join("c/secret"), "secret").unwrap();
    }
    root
}

/// Folders, files, and links to anywhere.
fn plant(root: &Path, random: &mut Random) {
    fs::create_dir(root).unwrap();
    let mut folders = vec![root.to_path_buf()];
    for _ in 0..8 {
        let parent = &folders[random.below(folders.len())];
        let folder = parent.join(random.pick(&NAMES));
        if parent.components().count() < root.components().count() + 3
            && fs::create_dir(&folder).is_ok()
        {
            fs::write(folder.join("file"), "").unwrap();
            folders.push(folder);
        }
    }
    for _ in 0..24 {
        let link = folders[random.below(folders.len())].join(random.pick(&NAMES));
        // Most names are free.
        let _ = symlink(text(root, random), link);
    }
}

fn text(root: &Path, random: &mut Random) -> String {
    let parts: Vec<_> = (0..=random.below(5))
        .map(|_| match random.below(10) {
            0..5 => random.pick(&NAMES),
            5 => random.pick(&["file", "secret"]),
            _ => random.pick(&DOTS),
        })
        .collect();
    let relative = parts.join("/");
    match random.below(8) {
        0 => format!("{}/{relative}", root.display()),
        1 => format!("{}/{relative}", root.parent().unwrap().display()),
        _ if relative.is_empty() || relative.starts_with('/') => format!("./{relative}"),
        _ => relative,
    }
}

/// All links below a root, by their paths from it.
fn links(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_symlink() {
                found.push(entry.path().strip_prefix(root).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

fn text_of(link: &Path) -> Vec<u8> {
    fs::read_link(link).unwrap().into_os_string().into_vec()
}

/// Follows a link as the system does, part by part, and says whether that leaves the root, be it to come back. What is
/// missing counts as an empty directory, as it can come into being later.
fn leads_out(root: &Path, link: &Path) -> bool {
    let mut here = link.parent().unwrap().to_path_buf();
    let mut pending = vec![link.file_name().unwrap().as_bytes().to_vec()];
    // A path that begins above the root is on its way to it.
    let mut entered = true;
    let mut followed = 0;
    while let Some(part) = pending.pop() {
        match &part[..] {
            b"" | b"." => {}
            b".." => drop(here.pop()),
            name => {
                here.push(OsStr::from_bytes(name));
                if here.is_symlink() {
                    followed += 1;
                    if followed > 40 {
                        return false;
                    }
                    let text = text_of(&here);
                    here.pop();
                    if text.starts_with(b"/") {
                        here = PathBuf::from("/");
                        entered = false;
                    }
                    pending.extend(text.split(|&byte| byte == b'/').rev().map(<[u8]>::to_vec));
                }
            }
        }
        let inside = here.starts_with(root);
        if entered && !inside {
            return true;
        }
        entered |= inside;
    }
    !here.starts_with(root)
}

/// Whether there is a `..` that is not at the beginning.
fn has_parent_behind_a_name(text: &[u8]) -> bool {
    let parts = text.split(|&byte| byte == b'/');
    parts
        .skip_while(|part| matches!(*part, b"" | b"." | b".."))
        .any(|part| part == b"..")
}

fn assert_confined(root: &Path) -> usize {
    let made = links(root);
    for link in &made {
        let link = root.join(link);
        let text = OsStr::from_bytes(&text_of(&link)).to_owned();
        assert!(!leads_out(root, &link), "{link:?} -> {text:?} leads out");
        if let Ok(real) = link.canonicalize() {
            assert!(real.starts_with(root), "{link:?} -> {text:?} is {real:?}");
        }
    }
    made.len()
}

/// Each link of the source is there, or refused for a reason that holds.
fn assert_told(from: &Path, to: &Path, report: &Report) -> usize {
    let (refused, kept): (Vec<_>, Vec<_>) = report
        .failed
        .iter()
        .partition(|failed| failed.reason == "a link that leads out of the tree");
    for failed in &kept {
        assert!(
            failed.reason.starts_with("a directory that is not empty"),
            "{failed:?}"
        );
        assert!(
            fs::symlink_metadata(to.join(&failed.path))
                .unwrap()
                .is_dir()
        );
    }
    let [refused, kept] = [refused, kept]
        .map(|entries| -> Vec<_> { entries.into_iter().map(|failed| &failed.path).collect() });
    for path in links(from) {
        if kept.contains(&&path) {
            continue;
        }
        let link = from.join(&path);
        let text = text_of(&link);
        if refused.contains(&&path) {
            let out = leads_out(from, &link) || has_parent_behind_a_name(&text);
            assert!(out, "{link:?} -> {:?} is refused", OsStr::from_bytes(&text));
        } else {
            assert!(to.join(&path).is_symlink(), "{link:?} is not there");
        }
    }
    refused.len()
}

fn sync_farms(gateway: &Gateway, direction: Direction, rule: Links) {
    let seed = setting("EXECNET_LINK_SEED", 0x11_4c5);
    println!("seed {seed}");
    let mut random = Random(seed);
    let (mut made, mut refused) = (0, 0);
    for farm in 0..setting("EXECNET_LINK_FARMS", 8) {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        let (from, to) = (
            root_below(&place.join("from")),
            root_below(&place.join("to")),
        );
        // What an earlier one left at the target is there for the links of the next.
        for round in 0..3 {
            println!("farm {farm}, round {round}");
            let _ = fs::remove_dir_all(&from);
            plant(&from, &mut random);
            let rsync = RSync::new(&from).with_links(rule);
            let report = direction.sync(rsync, gateway, &to, TargetOptions::new());
            made += assert_confined(&to);
            if rule == Links::Refuse {
                refused += assert_told(&from, &to, &report);
            }
        }
    }
    println!("{made} links made, {refused} refused");
    assert!(made > 0 && (refused > 0 || rule != Links::Refuse));
}

#[test]
fn no_link_of_a_random_farm_leads_out_of_the_tree() {
    each_direction(LIMIT, |gateway, direction| {
        sync_farms(gateway, direction, Links::Refuse)
    });
}

#[test]
fn no_link_of_a_random_farm_leads_out_where_files_are_sent_in_its_place() {
    each_direction(LIMIT, |gateway, direction| {
        sync_farms(gateway, direction, Links::Copy)
    });
}
