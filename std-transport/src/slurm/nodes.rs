//! Slurm's notation for lists of nodes and of numbers of tasks.

/// The names that a text such as `n[1-3,07],login` stands for; `None` if it cannot be parsed, or stands for more than
/// `most`.
pub(super) fn hosts(text: &str, most: usize) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    for part in outside_of_brackets(text)? {
        for name in expand(part, most)? {
            if name.is_empty() || hosts.len() == most {
                return None;
            }
            hosts.push(name);
        }
    }
    Some(hosts)
}

/// The numbers that a text such as `2(x3),1` stands for, none of them zero; `None` if it cannot be parsed, or their sum
/// is more than `most`.
pub(super) fn tasks_per_node(text: &str, most: usize) -> Option<Vec<usize>> {
    let mut counts = Vec::new();
    let mut left = most;
    for part in text.split(',') {
        let (count, times) = match part.split_once("(x") {
            Some((count, times)) => (count, number(times.strip_suffix(')')?)?),
            None => (part, 1),
        };
        let count = number(count)?;
        if count == 0 || times == 0 {
            return None;
        }
        // Before anything is repeated: a short text may stand for more than memory holds.
        left = left.checked_sub(count.checked_mul(times)?)?;
        counts.extend(core::iter::repeat_n(count, times));
    }
    Some(counts)
}

/// Splits at commas outside of brackets; `None` if brackets are not in pairs, or nested.
fn outside_of_brackets(text: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut inside, mut begin) = (false, 0);
    for (at, letter) in text.char_indices() {
        match (letter, inside) {
            ('[', false) => inside = true,
            (']', true) => inside = false,
            ('[', true) | (']', false) => return None,
            (',', false) => {
                parts.push(text.get(begin..at)?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..)?);
    (!inside).then_some(parts)
}

/// The names of one part, whose brackets each stand for several texts: those of the last one change first.
fn expand(part: &str, most: usize) -> Option<Vec<String>> {
    let mut names = vec![String::new()];
    let mut rest = part;
    while let Some((before, behind)) = rest.split_once('[') {
        let (inside, behind) = behind.split_once(']')?;
        let texts = ranges(inside, most)?;
        // Before the names are made, for the same reason.
        if names.len().checked_mul(texts.len())? > most {
            return None;
        }
        let with = |name: &String| -> Vec<String> {
            let texts = texts.iter();
            texts.map(|text| format!("{name}{before}{text}")).collect()
        };
        names = names.iter().flat_map(with).collect();
        rest = behind;
    }
    names.iter_mut().for_each(|name| name.push_str(rest));
    Some(names)
}

/// What `1-3,07` stands for: a number keeps the width that the first of its range has.
fn ranges(text: &str, most: usize) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for range in text.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let width = first.len();
        let (first, last) = (number(first)?, number(last)?);
        let count = last.checked_sub(first)?.checked_add(1)?;
        if count > most - texts.len() {
            return None;
        }
        texts.extend((first..=last).map(|number| format!("{number:0width$}")));
    }
    Some(texts)
}

/// Digits and nothing else.
fn number(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1000;

    #[test]
    fn nodes_are_listed_as_slurm_lists_them() {
        for (text, names) in [
            ("n1", "n1"),
            ("n1,m2", "n1 m2"),
            ("n[1-3,7]", "n1 n2 n3 n7"),
            ("n[08-11]", "n08 n09 n10 n11"),
            ("n[1,02]-ib,login", "n1-ib n02-ib login"),
            ("r[1-2]n[8-9]", "r1n8 r1n9 r2n8 r2n9"),
            ("n[1-2].example.org", "n1.example.org n2.example.org"),
        ] {
            let names: Vec<_> = names.split(' ').map(str::to_owned).collect();
            assert_eq!(hosts(text, MOST), Some(names), "{text}");
        }
    }

    #[test]
    fn what_lists_no_nodes_is_refused() {
        for text in [
            "", "n1,", "n[", "n]", "n[1-", "n[]", "n[a]", "n[3-1]", "n[[1]]", "n[1-2-3]", "n[+1]",
            "[1-2],,",
        ] {
            assert_eq!(hosts(text, MOST), None, "{text}");
        }
    }

    #[test]
    fn more_nodes_than_asked_for_are_never_made() {
        for text in [
            "n[1-1001]",
            "n[1-99999999999]",
            "n[0-18446744073709551615]",
            "n[1-40]m[1-40]",
            "n[1-600],m[1-600]",
            "n[1-600,1-600]",
        ] {
            assert_eq!(hosts(text, MOST), None, "{text}");
        }
        assert_eq!(
            hosts("n[1-1000]", MOST).map(|names| names.len()),
            Some(MOST)
        );
    }

    #[test]
    fn counts_are_repeated() {
        assert_eq!(tasks_per_node("2", MOST), Some(vec![2]));
        assert_eq!(tasks_per_node("2(x3),1", MOST), Some(vec![2, 2, 2, 1]));
        for text in [
            "",
            "0",
            "2(x0)",
            "2(x)",
            "2(3)",
            "2(x3",
            "x",
            "-1",
            "1,,2",
            "501(x2)",
            "1(x99999999999)",
        ] {
            assert_eq!(tasks_per_node(text, MOST), None, "{text}");
        }
    }
}
