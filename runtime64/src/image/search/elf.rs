//! The library directories of Linux, and the file names of libraries.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The loader's own directories on current distributions, for both widths: Debian's multiarch and biarch, Fedora,
/// Arch.
const DEFAULT_DIRECTORIES: &[&str] = &[
    "/lib/i386-linux-gnu",
    "/usr/lib/i386-linux-gnu",
    "/lib32",
    "/usr/lib32",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/usr/local/lib",
    "/usr/local/lib32",
    "/usr/local/lib64",
];

/// The directories searched by the system's loaders: those of `LD_LIBRARY_PATH`, of `/etc/ld.so.conf`, and their own.
pub(super) fn system_directories() -> Vec<PathBuf> {
    let environment = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    // An empty entry would be the current directory, which must not be searched by accident.
    let mut directories: Vec<PathBuf> = std::env::split_paths(&environment).filter(|path| path.is_absolute()).collect();
    read_configuration(Path::new("/etc/ld.so.conf"), &mut HashSet::new(), &mut directories);
    directories.extend(DEFAULT_DIRECTORIES.iter().map(PathBuf::from));
    let mut seen = HashSet::new();
    directories.retain(|directory| directory.is_dir() && seen.insert(directory.clone()));
    directories
}

/// Reads one file of the loader's configuration (`ld.so.conf`), with those that it includes. Each file is read once,
/// since files may include each other.
fn read_configuration(path: &Path, read: &mut HashSet<PathBuf>, directories: &mut Vec<PathBuf>) {
    /// More than any system has; bounds the recursion.
    const FILES_LIMIT: usize = 200;
    if read.len() >= FILES_LIMIT || !read.insert(path.to_owned()) {
        return;
    }
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(patterns) = line.strip_prefix("include").filter(|rest| rest.starts_with(char::is_whitespace)) {
            for pattern in patterns.split_whitespace() {
                for included in expand(&path.parent().unwrap_or(Path::new("/")).join(pattern)) {
                    read_configuration(&included, read, directories);
                }
            }
        } else if line.starts_with('/') {
            // Older files append the library type: /usr/lib=libc6.
            directories.push(line.split('=').next().unwrap_or(line).trim_end().into());
        }
    }
}

/// The files that match a pattern, in alphabetical order. Wildcards are supported in the last component.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let (Some(directory), Some(name)) = (pattern.parent(), pattern.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    if !name.contains(['*', '?']) {
        return vec![pattern.to_owned()];
    }
    let mut files: Vec<PathBuf> = file_names(directory)
        .filter(|file| matches(name.as_bytes(), file.as_bytes()))
        .map(|file| directory.join(file))
        .collect();
    files.sort();
    files
}

/// Whether `name` matches a pattern of `*` and `?`. Runs in time proportional to the product of both lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for &symbol in pattern {
        if symbol == b'*' {
            let first = reached.iter().position(|&reached| reached).unwrap_or(reached.len());
            reached[first..].fill(true);
        } else {
            for place in (0..name.len()).rev() {
                reached[place + 1] = reached[place] && (symbol == b'?' || symbol == name[place]);
            }
            reached[0] = false;
        }
    }
    reached[name.len()]
}

fn file_names(directory: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// The files that a bare name may stand for: `z` is `libz.so`, or the highest `libz.so.1` if only versioned files
/// exist.
pub(super) fn candidates(directory: &Path, name: &str) -> Vec<PathBuf> {
    let mut names = Vec::new();
    if name.contains('.') {
        names.extend([name.to_owned(), format!("lib{name}")]);
    }
    if !is_shared_object_name(name) {
        names.extend([format!("lib{name}.so"), format!("{name}.so")]);
    }
    let versioned: Vec<String> =
        names.iter().filter(|name| name.ends_with(".so")).filter_map(|name| highest_version(directory, name)).collect();
    names.into_iter().chain(versioned).map(|name| directory.join(name)).collect()
}

/// Whether a name ends in `.so` or a version of it.
pub(super) fn is_shared_object_name(name: &str) -> bool {
    let is_version =
        |text: &str| text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    name.ends_with(".so") || name.rsplit_once(".so.").is_some_and(|(_, version)| is_version(version))
}

/// The file in `directory` that is `name` with the highest version number: of `libz.so.1` and `libz.so.0.9` the
/// first. If the highest has a link with only the major version in its name, which other libraries refer to, returns
/// that link.
fn highest_version(directory: &Path, name: &str) -> Option<String> {
    let version = |file: &str| -> Option<Vec<u64>> {
        let numbers = file.strip_prefix(name)?.strip_prefix('.')?;
        numbers.split('.').map(|part| part.parse().ok()).collect()
    };
    let rank = |file: String| {
        let version = version(&file)?;
        let major = version.first().copied();
        Some((major, version.len() == 1, version, file))
    };
    file_names(directory).filter_map(rank).max().map(|(.., file)| file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::super::test_files::Directory;
    use super::*;

    #[test]
    fn patterns_match_like_the_shells() {
        for (pattern, name, expected) in [
            ("*.conf", "libc.conf", true),
            ("*.conf", "libc.conf.bak", false),
            ("*", "", true),
            ("?", "", false),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXcYYb", false),
            ("**?", "x", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn configuration_includes_files_by_pattern_and_survives_circles() {
        let directory = Directory::new("ld_so_conf");
        let main = directory.write("ld.so.conf", b"include conf.d/*.conf\n/opt/last # comment\nhwcap 0 nosegneg\n");
        directory.write("conf.d/b.conf", b"/opt/b=libc6\n");
        directory.write("conf.d/a.conf", format!("# first\n/opt/a\ninclude {}\n", main.display()).as_bytes());
        let mut found = Vec::new();
        read_configuration(&main, &mut HashSet::new(), &mut found);
        assert_eq!(found, ["/opt/a", "/opt/b", "/opt/last"].map(PathBuf::from));
    }

    #[test]
    fn a_name_stands_for_these_files() {
        let directory = Directory::new("elf_names");
        for file in
            ["libz.so.0.9", "libz.so.1", "libz.so.1.2.13", "libz.so.backup", "libzoo.so", "libv.so.2.9", "libv.so.2.10"]
        {
            directory.write(file, b"");
        }
        let cases: [(&str, &[&str]); 6] = [
            ("z", &["libz.so", "z.so", "libz.so.1"]),
            ("libz.so.1", &["libz.so.1", "liblibz.so.1"]),
            ("libz.so", &["libz.so", "liblibz.so", "libz.so.1"]),
            ("v", &["libv.so", "v.so", "libv.so.2.10"]),
            ("libzoo.so", &["libzoo.so", "liblibzoo.so"]),
            ("acme.v2", &["acme.v2", "libacme.v2", "libacme.v2.so", "acme.v2.so"]),
        ];
        for (name, expected) in cases {
            let expected: Vec<PathBuf> = expected.iter().map(|file| directory.path().join(file)).collect();
            assert_eq!(candidates(directory.path(), name), expected, "{name}");
        }
    }
}
