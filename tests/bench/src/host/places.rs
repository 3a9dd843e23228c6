//! Where the programs and libraries of a run are, as `cargo xtask bench` says.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folder of the built programs.
    pub programs: PathBuf,
    /// The folder with `libbench.so`, `bench.dll` and the peers' programs.
    pub fixtures: PathBuf,
    /// Wine's loader, if Windows workers are measured.
    pub wine: Option<PathBuf>,
}

impl Places {
    /// Reads what the environment says.
    ///
    /// # Errors
    /// The variable that is missing.
    pub fn from_environment() -> Result<Self, String> {
        let path = |name: &str| env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"));
        Ok(Self {
            programs: path("RUNTIME64_BENCH_PROGRAMS")?,
            fixtures: path("RUNTIME64_BENCH_FIXTURES")?,
            wine: env::var_os("RUNTIME64_WINE").map(PathBuf::from),
        })
    }

    /// The library of the rows, for a worker of this system.
    #[must_use]
    pub fn library(&self, system: System) -> PathBuf {
        self.fixtures.join(match system {
            System::Elf => "libbench.so",
            System::Wine => "bench.dll",
        })
    }

    /// The program at the other side, for this system.
    #[must_use]
    pub fn peer(&self, system: System) -> Command {
        match (system, &self.wine) {
            (System::Wine, Some(wine)) => {
                let mut command = Command::new(wine);
                command.arg(self.fixtures.join("peer.exe"));
                command
            }
            _ => Command::new(self.fixtures.join("peer")),
        }
    }

    /// The systems that can be measured here.
    #[must_use]
    pub fn systems(&self) -> Vec<System> {
        if self.wine.is_some() { vec![System::Elf, System::Wine] } else { vec![System::Elf] }
    }

    /// A library of another bridge, if it is there.
    #[must_use]
    pub fn existing(path: Option<PathBuf>) -> Option<PathBuf> {
        path.filter(|path| Path::is_file(path))
    }
}

/// What kind of worker is at the other side: both have 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// A Linux one.
    Elf,
    /// A Windows one, through Wine.
    Wine,
}

impl System {
    /// How rows name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            System::Elf => "ELF",
            System::Wine => "Wine",
        }
    }
}
