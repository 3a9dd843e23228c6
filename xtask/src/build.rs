//! Builds of every width, collected in `target/dist/`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::setup;
use crate::step;
use crate::workspace::{System, cargo, dist, target};

/// The optimisation level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }
}

/// One program: its package, its target, and its destination.
struct Program {
    package: &'static str,
    /// The target; `None` for the host's own.
    target: Option<&'static str>,
    system: System,
    name: &'static str,
    /// The profile it is always built in; `None` for the requested one.
    own_profile: Option<&'static str>,
}

impl Program {
    /// The profile it is built in when this one is requested.
    fn profile(&self, asked: Profile) -> &'static str {
        self.own_profile.unwrap_or(asked.name())
    }
}

const fn program(package: &'static str, target: Option<&'static str>, system: System, name: &'static str) -> Program {
    Program { package, target, system, name, own_profile: None }
}

/// Built without the standard library, which only a profile without unwinding supports.
const LAUNCHER: Program = Program {
    own_profile: Some("launcher"),
    ..program("worker32-launcher", Some("x86_64-pc-windows-gnu"), System::Linux, "worker32-launcher.exe")
};

/// The programs of a Linux user. Those for Windows run under Wine.
const LINUX: &[Program] = &[
    program("runtime64", None, System::Linux, "runtime64"),
    program("worker32", None, System::Linux, "worker64"),
    program("worker32", Some("i686-unknown-linux-gnu"), System::Linux, "worker32"),
    program("worker32", Some("i686-pc-windows-gnu"), System::Linux, "worker32.exe"),
    program("worker32", Some("x86_64-pc-windows-gnu"), System::Linux, "worker64.exe"),
    LAUNCHER,
];

/// The programs of a Windows user, built on Linux.
const WINDOWS_FROM_LINUX: &[Program] = &[
    program("runtime64", Some("x86_64-pc-windows-gnu"), System::Windows, "runtime64.exe"),
    program("worker32", Some("x86_64-pc-windows-gnu"), System::Windows, "worker64.exe"),
    program("worker32", Some("i686-pc-windows-gnu"), System::Windows, "worker32.exe"),
];

/// The programs of a Windows user, built on Windows.
const WINDOWS: &[Program] = &[
    program("runtime64", None, System::Windows, "runtime64.exe"),
    program("worker32", None, System::Windows, "worker64.exe"),
    program("worker32", Some("i686-pc-windows-msvc"), System::Windows, "worker32.exe"),
];

/// `cargo xtask build [--release] [--windows]`.
pub(crate) fn command(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let (mut profile, mut windows) = (Profile::Dev, false);
    for argument in arguments {
        match argument.to_str() {
            Some("--release") => profile = Profile::Release,
            Some("--windows") => windows = true,
            _ => {
                return Err(Failure::usage(format!(
                    "build: unknown option {argument:?}; the options are --release and --windows"
                )));
            }
        }
    }
    setup::everything()?;
    let systems: &[System] = if windows { &[System::HOST, System::Windows] } else { &[System::HOST] };
    build(profile, systems)?;
    for system in systems {
        println!("{}", dist(*system).display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the programs for users of these systems.
pub(crate) fn build(profile: Profile, systems: &[System]) -> Result<(), Failure> {
    build_into(dist, profile, systems)
}

/// The same, into the folder returned for each system.
pub(crate) fn build_into(folder: fn(System) -> PathBuf, profile: Profile, systems: &[System]) -> Result<(), Failure> {
    let programs: Vec<&Program> = match System::HOST {
        System::Windows => WINDOWS.iter().collect(),
        System::Linux => {
            let all = LINUX.iter().chain(WINDOWS_FROM_LINUX);
            all.filter(|program| systems.contains(&program.system)).collect()
        }
    };
    // If everything is up to date, the build is quiet; the first one takes long and shows its progress.
    let quiet = programs.iter().all(|program| folder(program.system).join(program.name).exists());
    let how = |program: &Program| (program.target, program.profile(profile));
    let mut builds: Vec<(Option<&str>, &str)> = programs.iter().map(|program| how(program)).collect();
    builds.sort_unstable();
    builds.dedup();
    for (target, profile) in builds {
        let built = programs.iter().filter(|program| how(program) == (target, profile));
        step::run(&mut cargo_build(profile, target, built.map(|program| program.package), quiet))?;
    }
    programs.into_iter().try_for_each(|program| place(&folder(program.system), profile, program))
}

fn cargo_build<'a>(
    profile: &str,
    target: Option<&str>,
    packages: impl Iterator<Item = &'a str>,
    quiet: bool,
) -> Command {
    let mut packages: Vec<&str> = packages.collect();
    packages.sort_unstable();
    packages.dedup();
    let mut command = cargo();
    command.args(["build", "--locked", "--profile", profile]);
    command.args(packages.iter().flat_map(|package| ["--package", package]));
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    if quiet {
        command.arg("--quiet");
    }
    command
}

/// Copies a program built by cargo to its destination.
fn place(folder: &Path, profile: Profile, program: &Program) -> Result<(), Failure> {
    let mut built = target();
    built.extend(program.target);
    built.push(match program.profile(profile) {
        // Cargo's name for that profile's folder.
        "dev" => "debug",
        profile => profile,
    });
    built.push(program.package);
    let is_windows = program.target.map_or(cfg!(windows), |target| target.contains("windows"));
    if is_windows {
        built.set_extension("exe");
    }
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    replace(&built, &folder.join(program.name))
}

/// Replaces a file, which may be running: the new file takes the name, the old one stays open.
fn replace(from: &Path, to: &Path) -> Result<(), Failure> {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    if let (Ok(source), Ok(copy)) = (modified(from), modified(to))
        && source == copy
    {
        return Ok(());
    }
    let new = to.with_extension("new");
    let copy = || {
        fs::copy(from, &new)?;
        fs::File::options().write(true).open(&new)?.set_modified(modified(from)?)?;
        fs::rename(&new, to)
    };
    copy().map_err(|error| Failure::file(to, &error))
}
