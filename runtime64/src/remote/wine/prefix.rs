//! The choice of Wine's prefix: the folder that contains its `drive_c` and registry.

use std::path::{Path, PathBuf};

/// The possible prefixes, each if it exists.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// The value of `WINEPREFIX`, even if it does not exist: Wine creates it.
    pub(super) named: Option<PathBuf>,
    /// Wine's own default, `.wine` in the home folder.
    pub(super) default: Option<PathBuf>,
    /// The one that the project's set-up created for this version of Wine.
    pub(super) of_set_up: Option<PathBuf>,
    /// Whether the set-up found that this Wine lacks its 32-bit half, and keeps one for it.
    pub(super) needs_set_up: bool,
    /// A folder that belongs to this program, even if it does not exist: Wine creates it.
    pub(super) own: Option<PathBuf>,
}

impl Candidates {
    /// Chooses the prefix. `~/.wine` is used only if it exists and, if there is an alternative, only if it can run
    /// workers.
    pub(super) fn choose(self) -> Option<PathBuf> {
        if self.named.is_some() {
            return self.named;
        }
        let suits = |prefix: &PathBuf| !self.needs_set_up && can_run_workers(prefix);
        let can_replace = self.of_set_up.is_some();
        let default = self.default.filter(|prefix| !can_replace || suits(prefix));
        default.or(self.of_set_up).or(self.own)
    }
}

/// Whether a prefix has the library that Rust programs need, which Wine includes since version 9.
fn can_run_workers(prefix: &Path) -> bool {
    prefix.join("drive_c/windows/system32/bcryptprimitives.dll").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_the_user_s_where_that_runs_workers() {
        let folder = std::env::temp_dir().join(format!("runtime64-prefix-{}", std::process::id()));
        let system = folder.join("drive_c/windows/system32");
        std::fs::create_dir_all(&system).expect("a folder");
        std::fs::write(system.join("bcryptprimitives.dll"), "").expect("a file");
        let new = folder.to_str().expect("Unicode");
        // { named, default, of the set-up, whether it is needed, chosen }
        type Case<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, bool, &'a str);
        let cases: [Case<'_>; 8] = [
            (Some("/named"), Some(new), Some("/set-up"), true, "/named"),
            (None, Some(new), Some("/set-up"), false, new),
            (None, Some(new), Some("/set-up"), true, "/set-up"),
            (None, Some("/old"), Some("/set-up"), false, "/set-up"),
            (None, Some("/old"), None, false, "/old"),
            (None, Some("/old"), None, true, "/old"),
            (None, None, Some("/set-up"), false, "/set-up"),
            (None, None, None, false, "/own"),
        ];
        for case @ (named, default, of_set_up, needs_set_up, chosen) in cases {
            let path = |path: Option<&str>| path.map(PathBuf::from);
            let own = path(Some("/own"));
            let candidates = Candidates {
                named: path(named),
                default: path(default),
                of_set_up: path(of_set_up),
                needs_set_up,
                own,
            };
            assert_eq!(candidates.choose(), path(Some(chosen)), "{case:?}");
        }
        std::fs::remove_dir_all(&folder).expect("it is removed");
    }
}
