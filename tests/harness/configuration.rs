//! The four ways in which a host and a worker are combined.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::Duration;

use crate::environment::{fixtures, linux_programs, windows_programs, wine};
use crate::run::run;

/// A host, and the kind of worker its libraries need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Configuration {
    /// runtime64 on Linux, worker32, i686 ELF.
    Native,
    /// runtime64, worker64, a library of the host's own width.
    HostWidth,
    /// runtime64 on Linux, worker32.exe through Wine, i686 PE.
    WineWorker,
    /// runtime64.exe, worker32.exe, i686 PE; on Linux all of it in Wine.
    Windows,
}

impl Configuration {
    /// Those that exist on this host.
    pub const ALL: &'static [Self] = if cfg!(windows) {
        &[Self::HostWidth, Self::Windows]
    } else {
        &[Self::Native, Self::HostWidth, Self::WineWorker, Self::Windows]
    };

    /// The name that assertion scripts know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::HostWidth => "host_width",
            Self::WineWorker => "wine_worker",
            Self::Windows => "windows",
        }
    }

    /// Whether Wine takes part.
    #[must_use]
    pub fn needs_wine(self) -> bool {
        cfg!(unix) && matches!(self, Self::WineWorker | Self::Windows)
    }

    /// Whether the host is runtime64.exe in Wine.
    #[must_use]
    pub fn host_in_wine(self) -> bool {
        cfg!(unix) && self == Self::Windows
    }

    /// How long a program may take before the watchdog ends it. Generous: it is there against hangs, not slowness.
    #[must_use]
    pub fn limit(self) -> Duration {
        Duration::from_secs(if self.needs_wine() { 180 } else { 60 })
    }

    /// A command that runs runtime64, to which arguments are added; standard input is empty.
    #[must_use]
    pub fn runtime(self) -> Command {
        if self.needs_wine() {
            warm_up_wine();
        }
        let mut command = match self {
            Self::Windows if cfg!(unix) => {
                let mut command = Command::new(wine());
                command.arg(windows_programs().join("runtime64.exe"));
                command
            }
            _ if cfg!(windows) => Command::new(windows_programs().join("runtime64.exe")),
            _ => Command::new(linux_programs().join("runtime64")),
        };
        // What the user has set must not decide what is tested.
        for name in [
            "RUNTIME64_WORKER32",
            "RUNTIME64_WORKER64",
            "RUNTIME64_LINK",
            "RUNTIME64_ARENA_LIMIT",
            "LUA_PATH",
            "LUA_PATH_5_4",
            "LUA_INIT",
        ] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    /// The folder of the libraries that this configuration's worker loads.
    #[must_use]
    pub fn fixtures(self) -> PathBuf {
        fixtures().join(match self {
            Self::Native => "i686-linux",
            Self::HostWidth if cfg!(windows) => "x86_64-windows",
            Self::HostWidth => "x86_64-linux",
            Self::WineWorker | Self::Windows => "i686-windows",
        })
    }

    /// A fixture's file: `calls` is libcalls.so or calls.dll.
    #[must_use]
    pub fn fixture(self, name: &str) -> PathBuf {
        let is_elf = cfg!(unix) && matches!(self, Self::Native | Self::HostWidth);
        self.fixtures().join(if is_elf { format!("lib{name}.so") } else { format!("{name}.dll") })
    }

    /// The executable of this configuration's worker.
    #[must_use]
    pub fn worker(self) -> PathBuf {
        match self {
            Self::Windows => windows_programs().join("worker32.exe"),
            Self::HostWidth if cfg!(windows) => windows_programs().join("worker64.exe"),
            Self::Native => linux_programs().join("worker32"),
            Self::HostWidth => linux_programs().join("worker64"),
            Self::WineWorker => linux_programs().join("worker32.exe"),
        }
    }

    /// An absolute path as this configuration's host names it: in Wine, drive Z is the root.
    #[must_use]
    pub fn path(self, path: &Path) -> String {
        let text = path.to_str().expect("the repository's path is Unicode");
        if self.host_in_wine() { format!("Z:{}", text.replace('/', "\\")) } else { text.to_owned() }
    }
}

/// Has Wine start its system processes with no test's output in their hands: they live on and would hold it open.
fn warm_up_wine() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut command = Command::new(wine());
        command.args(["cmd", "/c", "exit"]).stdin(Stdio::null());
        run(command, Duration::from_secs(180)).assert_code(0);
    });
}
