//! Programs under limits of the system, run by a user who has nothing else: the limit on processes counts those of a user, and
//! does not bind root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::spawn::spawn;
use crate::{Configuration, Scratch};

/// Copies of the programs and libraries that any user can read, and the user who runs them.
#[derive(Debug)]
pub struct Limited {
    scratch: Scratch,
    configuration: Configuration,
    user: Option<u32>,
}

impl Limited {
    /// The programs, and the fixtures of these names. Where the tests are run by root, a user is taken that nobody is.
    ///
    /// # Panics
    /// If they cannot be copied.
    #[must_use]
    pub fn new(configuration: Configuration, fixtures: &[&str]) -> Self {
        let limited = Self { scratch: Scratch::new(), configuration, user: unused_user() };
        let programs = crate::linux_programs();
        for program in ["runtime64", "worker32", "worker64"] {
            limited.copy(&programs.join(program));
        }
        for fixture in fixtures {
            limited.copy(&configuration.fixture(fixture));
        }
        // The user writes here.
        open_to_all(limited.folder(), 0o777);
        limited
    }

    /// Copies a file to where the user can read it, and gives its path.
    ///
    /// # Panics
    /// If it cannot be copied.
    pub fn copy(&self, file: &Path) -> PathBuf {
        let name = file.file_name().expect("a file has a name").to_string_lossy();
        let copy = self.scratch.copy(file, &name);
        open_to_all(&copy, 0o755);
        copy
    }

    /// Where all of it is. The user may write there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A fixture that was copied.
    #[must_use]
    pub fn fixture(&self, name: &str) -> PathBuf {
        self.folder().join(self.configuration.fixture(name).file_name().expect("a file has a name"))
    }

    /// Whether the user has no other process, so that what a limit on them allows is known.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.user.is_some()
    }

    /// runtime64 under limits as `prlimit` takes them, such as `--fsize=0`, to which arguments are added.
    #[must_use]
    pub fn runtime(&self, limits: &[&str]) -> Command {
        let mut command = self.command("prlimit");
        command.args(limits).arg(self.folder().join("runtime64"));
        for (name, value) in self.configuration.runtime().get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// The limit that leaves the user this many processes and threads.
    #[must_use]
    pub fn processes(&self, count: usize) -> String {
        let present = if self.is_alone() { 0 } else { threads_of_this_user() };
        format!("--nproc={}", present + count)
    }

    /// Processes of the user that do nothing, until they are dropped.
    ///
    /// # Panics
    /// If they cannot be started.
    #[must_use]
    pub fn idlers(&self, count: usize) -> Idlers {
        let start = |_| spawn(self.command("sleep").arg("600")).expect("a process can be started");
        Idlers((0..count).map(start).collect())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command.current_dir(self.folder()).env("HOME", self.folder()).stdin(Stdio::null());
        command
    }
}

/// Processes that take up a part of what their user may have.
#[derive(Debug)]
pub struct Idlers(Vec<Child>);

impl Drop for Idlers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended by itself is collected all the same.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A number that no user of this machine has, if root may take it.
fn unused_user() -> Option<u32> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    // User namespaces often know no more than 16 bits; other runs of the tests have other process ids.
    let number = std::process::id().wrapping_mul(8).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
    Some(20_000 + number % 40_000)
}

/// How many threads the user has who runs the tests.
fn threads_of_this_user() -> usize {
    let user = rustix::process::geteuid().as_raw();
    let processes = fs::read_dir("/proc").expect("Linux lists processes").flatten();
    let of_user = processes.filter(|entry| entry.metadata().is_ok_and(|metadata| metadata.uid() == user));
    of_user.filter_map(|entry| Some(fs::read_dir(entry.path().join("task")).ok()?.count())).sum()
}

fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("its owner may set its mode");
}
