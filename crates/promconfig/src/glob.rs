//! Shell patterns over the file system: `*`, `?`, `[a-z]`, `\x`, none of them crossing a slash.

use std::io;
use std::path::{Component, Path, PathBuf};

/// The existing paths that match, sorted. A directory that is not there matches nothing; a path without pattern
/// characters matches itself if it exists.
pub fn expand(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let text = match part {
            Component::Normal(text) => text.to_string_lossy(),
            other => {
                found.iter_mut().for_each(|f| f.push(other));
                continue;
            }
        };
        check(&text)?;
        let mut next = Vec::new();
        for directory in &found {
            if !text.contains(['*', '?', '[', '\\']) {
                next.push(directory.join(&*text));
                continue;
            }
            let listed = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            // What cannot be listed is skipped, as a shell does.
            for path in base::disk::list(listed).unwrap_or_default() {
                let Some(name) = path.file_name().map(|n| n.to_string_lossy().into_owned()) else { continue };
                if matches(&text, &name) {
                    next.push(directory.join(name));
                }
            }
        }
        found = next;
    }
    found.retain(|path| base::disk::exists(path));
    found.sort();
    Ok(found)
}

/// Whether a name matches a pattern of one path part.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // The last star and what it had taken when it was met: to take one more when the rest does not fit.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(length) = one(&pattern[p..], name[n]) {
            (p, n) = (p + length, n + 1);
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            (p, n) = (at + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How many pattern characters stand for this one, if they do.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '\\' => (pattern.get(1) == Some(&c)).then_some(2),
        '[' => {
            let end = 2 + pattern.get(2..)?.iter().position(|c| *c == ']')?;
            let negated = pattern[1] == '^';
            let set = &pattern[1 + usize::from(negated)..end];
            (in_set(set, c) != negated).then_some(end + 1)
        }
        own => (*own == c).then_some(1),
    }
}

fn in_set(set: &[char], c: char) -> bool {
    let mut i = 0;
    while i < set.len() {
        if set.get(i + 1) == Some(&'-') && i + 2 < set.len() {
            if (set[i]..=set[i + 2]).contains(&c) {
                return true;
            }
            i += 3;
        } else {
            if set[i] == c {
                return true;
            }
            i += 1;
        }
    }
    false
}

fn check(part: &str) -> io::Result<()> {
    let opens = part.matches('[').count();
    if opens > part.matches(']').count() || part.ends_with('\\') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "syntax error in pattern"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_names() {
        assert!(matches("*.yml", "a.yml") && !matches("*.yml", "a.yaml") && matches("a*b*c", "axxbyyc"));
        assert!(
            matches("?[a-c]", "xb")
                && !matches("?[a-c]", "xd")
                && matches("[^a]", "b")
                && matches("\\*", "*")
        );
        assert!(matches("*", "") && !matches("?", ""));
    }

    #[test]
    fn expands_over_directories() {
        let root = tempfile::tempdir().unwrap();
        for name in ["x/a.yml", "y/b.yml", "y/c.txt"] {
            let path = root.path().join(name);
            base::disk::create_dir_all(path.parent().unwrap()).unwrap();
            base::disk::write_atomic(&path, b"").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = expand(&root.path().join(pattern)).unwrap();
            found
                .iter()
                .map(|p| p.strip_prefix(root.path()).unwrap().to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names("*/*.yml"), ["x/a.yml", "y/b.yml"]);
        assert_eq!(names("y/c.txt"), ["y/c.txt"]);
        assert!(names("z/*.yml").is_empty() && names("y/d.txt").is_empty());
        assert!(expand(Path::new("a[b")).is_err());
    }
}
