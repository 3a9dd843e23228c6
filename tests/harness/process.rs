//! The processes that a test has started, directly or not, told by a mark in their environment.

use std::fmt;

/// The environment variable that holds the mark.
pub(crate) const MARK: &str = "RUNTIME64_TEST_MARK";

/// What a process is to a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// runtime64, or Wine on its way to it.
    Host,
    /// A worker, or Wine on its way to it.
    Worker,
    /// Something else, such as Wine's own system processes.
    Other,
}

/// A process that carries a test's mark.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its id, as Unix counts.
    pub id: i32,
    /// Its command line.
    pub arguments: Vec<String>,
}

impl Process {
    /// What it is, by the first argument that names one of our programs.
    #[must_use]
    pub fn role(&self) -> Role {
        let role = |argument: &String| {
            let name = argument.rsplit(['/', '\\']).next()?;
            match name.strip_suffix(".exe").unwrap_or(name) {
                "runtime64" => Some(Role::Host),
                "worker32" | "worker64" | "worker32-launcher" => Some(Role::Worker),
                _ => None,
            }
        };
        self.arguments.iter().find_map(role).unwrap_or(Role::Other)
    }

    /// Whether it has ended and the kernel has closed all that it had open. Its command line goes before that, and its
    /// first thread may go before the others.
    #[cfg(unix)]
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let folder = std::path::Path::new("/proc").join(self.id.to_string());
        let Ok(status) = std::fs::read_to_string(folder.join("stat")) else {
            return true;
        };
        let is_zombie = status.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'));
        is_zombie && std::fs::read_dir(folder.join("task")).is_ok_and(|threads| threads.count() <= 1)
    }

    /// Ends it at once, as `kill -9` does.
    #[cfg(unix)]
    pub fn kill(&self) {
        if let Some(id) = rustix::process::Pid::from_raw(self.id) {
            // It may have ended since it was listed.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.id, self.arguments.join(" "))
    }
}

/// The processes with this mark in their environment that have not ended, those of this user at least.
///
/// Descendants inherit the mark, those of Wine included, which are no descendants by parentage.
#[cfg(unix)]
#[must_use]
pub fn processes(mark: &str) -> Vec<Process> {
    with_variable(MARK, std::ffi::OsStr::new(mark))
}

/// The processes with this variable in their environment that have not ended.
#[cfg(unix)]
pub(crate) fn with_variable(name: &str, value: &std::ffi::OsStr) -> Vec<Process> {
    let entry = [name.as_bytes(), b"=", value.as_encoded_bytes()].concat();
    listed(|folder| {
        let environment = std::fs::read(folder.join("environ"));
        environment.is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|variable| variable == entry))
    })
}

/// The other processes that have this pipe open.
#[cfg(unix)]
pub(crate) fn holders(pipe: u64) -> Vec<Process> {
    let link = format!("pipe:[{pipe}]");
    let own = std::process::id().to_string();
    listed(|folder| {
        let descriptors = std::fs::read_dir(folder.join("fd")).into_iter().flatten().flatten();
        let is_it =
            |entry: std::fs::DirEntry| std::fs::read_link(entry.path()).is_ok_and(|to| to.as_os_str() == link.as_str());
        !folder.ends_with(&own) && descriptors.into_iter().any(is_it)
    })
}

/// The processes that have not ended and are so, as their folders show.
#[cfg(unix)]
fn listed(is_so: impl Fn(&std::path::Path) -> bool) -> Vec<Process> {
    let process = |entry: std::fs::DirEntry| {
        let id: i32 = entry.file_name().to_str()?.parse().ok()?;
        if !is_so(&entry.path()) {
            return None;
        }
        // A process that has ended and was not collected yet has no command line.
        let line = std::fs::read(entry.path().join("cmdline")).ok().filter(|line| !line.is_empty())?;
        let arguments = line.split(|byte| *byte == 0).map(|argument| String::from_utf8_lossy(argument).into_owned());
        Some(Process { id, arguments: arguments.collect() })
    };
    std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(process).collect()
}

/// Nothing is listed on this system, whose job objects end what a test leaves.
#[cfg(windows)]
#[must_use]
pub fn processes(_mark: &str) -> Vec<Process> {
    Vec::new()
}

/// The same.
#[cfg(windows)]
pub(crate) fn holders(_pipe: u64) -> Vec<Process> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_that_is_named_first_tells_the_role() {
        let cases: [(&[&str], Role); 6] = [
            (&["/opt/runtime64", "--worker", "/opt/worker32"], Role::Host),
            (&["/opt/worker32"], Role::Worker),
            (&["/usr/lib/wine/wine64", "/opt/worker32.exe"], Role::Worker),
            (&["C:\\windows\\system32\\start.exe", "/exec", "Z:\\opt\\runtime64.exe", "worker_death.lua"], Role::Host),
            (&["C:\\windows\\system32\\services.exe"], Role::Other),
            (&["/usr/lib/wine/wineserver64"], Role::Other),
        ];
        for (arguments, role) in cases {
            let arguments = arguments.iter().map(ToString::to_string).collect();
            assert_eq!(Process { id: 1, arguments }.role(), role);
        }
    }
}
