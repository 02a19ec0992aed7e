//! The files that match a pattern, found by a bounded walk.
//!
//! A pattern such as `/**/*.csv` would list the whole disk before any message appears.
//!
//! Must not know: which key the pattern is the value of.

#![expect(clippy::disallowed_methods, reason = "a pattern stands for the files that are there")]

use std::io::{Error, ErrorKind};
use std::path::{Component, Path, PathBuf};

use glob::Pattern;

/// Maximum number of folder entries visited per pattern.
const MAX_ENTRIES: usize = 100_000;

/// Why the files of a pattern cannot be determined.
#[derive(Debug)]
pub(super) enum Fault {
    /// A part of the pattern is invalid.
    Invalid(glob::PatternError),
    /// A folder cannot be listed.
    Unreadable(PathBuf, Error),
    /// The folders that could contain matches have more than [`MAX_ENTRIES`] entries.
    TooMany,
}

impl Fault {
    pub(super) fn too_many() -> String {
        format!(
            "more than {MAX_ENTRIES} files and folders would have to be looked at; name the folder that holds the reports"
        )
    }
}

/// A part of a pattern, between two slashes.
enum Step {
    /// A name, `..`, the root.
    Name(PathBuf),
    /// A pattern of names in one folder.
    Names(Pattern),
    /// `**`: any number of folders.
    Folders,
}

/// Whether a path is a pattern, provided no file has that name.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The matching files in `base`, sorted. Wildcard characters in `base` itself are literal.
pub(super) fn matching(base: &Path, pattern: &str) -> Result<Vec<PathBuf>, Fault> {
    let steps = Path::new(pattern).components().filter(|part| !matches!(part, Component::CurDir));
    let steps: Result<Vec<Step>, glob::PatternError> = steps
        .map(|part| {
            let name = part.as_os_str().to_string_lossy();
            Ok(match part {
                Component::Normal(_) if name == "**" => Step::Folders,
                Component::Normal(_) if is_pattern(&name) => Step::Names(Pattern::new(&name)?),
                _ => Step::Name(part.as_os_str().into()),
            })
        })
        .collect();
    let mut walk = Walk { left: MAX_ENTRIES, found: Vec::new() };
    walk.go(base, &steps.map_err(Fault::Invalid)?)?;
    walk.found.sort_unstable();
    // With two `**` a file can be reached several ways.
    walk.found.dedup();
    Ok(walk.found)
}

struct Walk {
    left: usize,
    found: Vec<PathBuf>,
}

impl Walk {
    fn go(&mut self, at: &Path, steps: &[Step]) -> Result<(), Fault> {
        let Some((step, rest)) = steps.split_first() else {
            self.found.push(at.to_owned());
            return Ok(());
        };
        match step {
            Step::Name(name) => {
                let named = at.join(name);
                if named.exists() { self.go(&named, rest) } else { Ok(()) }
            }
            Step::Names(pattern) => {
                for (name, path) in self.list(at)? {
                    if pattern.matches(&name) {
                        self.go(&path, rest)?;
                    }
                }
                Ok(())
            }
            Step::Folders => {
                if !rest.is_empty() {
                    self.go(at, rest)?;
                }
                for (_, path) in self.list(at)? {
                    // A link may lead back into the walked folders.
                    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                        if rest.is_empty() {
                            self.found.push(path.clone());
                        }
                        self.go(&path, steps)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// The entries of a folder; empty if it is not a folder.
    fn list(&mut self, folder: &Path) -> Result<Vec<(String, PathBuf)>, Fault> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let unreadable = |error| Fault::Unreadable(folder.to_owned(), error);
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(unreadable(error)),
        };
        let mut listed = Vec::new();
        for entry in entries {
            self.left = self.left.checked_sub(1).ok_or(Fault::TooMany)?;
            let name = entry.map_err(unreadable)?.file_name();
            let path = if folder == Path::new(".") { PathBuf::from(&name) } else { folder.join(&name) };
            listed.push((name.to_string_lossy().into_owned(), path));
        }
        Ok(listed)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Fault, MAX_ENTRIES, Walk, matching};

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, "").expect("a file");
        }
        folder
    }

    #[test]
    fn a_pattern_stands_for_the_files_that_match() {
        let files = ["a.csv", "b.csv", "c.txt", "x/a.csv", "x/y/a.csv", "x/y/b.csv", "[z]/a.csv"];
        let folder = folder(&files);
        for (pattern, wanted) in [
            ("*.csv", &["a.csv", "b.csv"][..]),
            ("./[ab].csv", &["a.csv", "b.csv"]),
            ("?.csv", &["a.csv", "b.csv"]),
            ("*/a.csv", &["[z]/a.csv", "x/a.csv"]),
            ("x/*/*.csv", &["x/y/a.csv", "x/y/b.csv"]),
            ("**/a.csv", &["[z]/a.csv", "a.csv", "x/a.csv", "x/y/a.csv"]),
            ("**/**/b.csv", &["b.csv", "x/y/b.csv"]),
            ("x/**/b.csv", &["x/y/b.csv"]),
            ("[[]z]/*", &["[z]/a.csv"]),
            ("none/*", &[]),
            ("a.csv/*", &[]),
        ] {
            let found = matching(folder.path(), pattern).expect("a pattern");
            let wanted: Vec<_> = wanted.iter().map(|name| folder.path().join(name)).collect();
            assert_eq!(found, wanted, "{pattern}");
        }
        // A folder whose own name looks like a pattern.
        let found = matching(&folder.path().join("[z]"), "*.csv").expect("a pattern");
        assert_eq!(found, [folder.path().join("[z]/a.csv")]);
        assert!(matches!(matching(folder.path(), "[.csv"), Err(Fault::Invalid(_))));
    }

    #[test]
    fn a_walk_ends() {
        let folder = folder(&["a/1", "a/2", "b/1", "b/2"]);
        let mut walk = Walk { left: 5, found: Vec::new() };
        let steps = [super::Step::Folders, super::Step::Name("1".into())];
        assert!(matches!(walk.go(folder.path(), &steps), Err(Fault::TooMany)));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path(), folder.path().join("a/round")).expect("a link");
            assert_eq!(matching(folder.path(), "**/1").expect("an end").len(), 2);
            assert!(matches!(matching(Path::new("/"), "**/*.none"), Err(Fault::TooMany | Fault::Unreadable(..))));
        }
        assert!(Fault::too_many().contains(&MAX_ENTRIES.to_string()));
    }
}
