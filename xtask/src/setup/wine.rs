//! A private Wine that runs 32-bit and 64-bit Windows programs.
//!
//! Debian's `wine64` can run 32-bit programs with 64-bit libraries only; it lacks just the 32-bit half of Wine's own
//! DLLs. That half is taken from the i386 package into a private folder, beside a copy of the 64-bit half, so that
//! the system needs no second architecture. The prefix is private too. All of it is in the user's cache folder and
//! shared by all clones.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::step;

/// A working Wine.
#[derive(Clone, Debug)]
pub(crate) struct Wine {
    loader: PathBuf,
    server: PathBuf,
    dlls: Option<PathBuf>,
    prefix: PathBuf,
}

const LOADERS: [&str; 2] = ["/usr/lib/wine/wine64", "/usr/lib/x86_64-linux-gnu/wine/wine64"];
const SERVERS: [&str; 2] = ["/usr/lib/wine/wineserver64", "/usr/lib/wine/wineserver"];
const DLLS: &str = "/usr/lib/x86_64-linux-gnu/wine";
const HALF: &str = "i386-windows";

impl Wine {
    /// Makes a command, and the processes it starts, use this Wine and nothing of the user's.
    pub(crate) fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in ["WINEARCH", "WINELOADER", "WINESERVER", "WINEDLLOVERRIDES", "WINEDLLPATH"] {
            command.env_remove(name);
        }
        command.env("RUNTIME64_WINE", &self.loader).env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all");
        command.envs(self.dlls.iter().map(|dlls| ("WINEDLLPATH", dlls)))
    }

    /// Makes a command use this Wine, unless the user has specified one.
    pub(crate) fn offer(&self, command: &mut Command) {
        let named = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        if !named("RUNTIME64_WINE") && !named("WINEPREFIX") {
            self.apply(command);
        }
    }

    /// The program that loads Windows programs.
    pub(crate) fn loader(&self) -> &Path {
        &self.loader
    }

    /// The command to run a Windows program.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.loader);
        command.arg(program);
        self.apply(&mut command);
        command
    }

    /// The server of the private prefix, with an option: a server of the user's is never started or ended.
    pub(crate) fn server(&self, option: &str) -> Command {
        let mut command = Command::new(&self.server);
        command.arg(option);
        self.apply(&mut command);
        command
    }

    /// A file beside the prefix, locked by its long-term users.
    pub(crate) fn in_use(&self) -> Result<File, Failure> {
        let path = self.prefix.with_extension("in-use");
        File::create(&path).map_err(|error| Failure::file(&path, &error))
    }
}

/// Finds the private Wine, or creates it.
pub(crate) fn ready() -> Result<Wine, Failure> {
    let missing =
        || Failure::new("Wine is neither where Debian puts it nor in PATH; install wine64, or wine elsewhere");
    let loader = find(&LOADERS, &["wine64", "wine"]).ok_or_else(missing)?;
    let server = find(&SERVERS, &["wineserver"]).ok_or_else(missing)?;
    let version = step::capture(Command::new(&loader).arg("--version"))?;
    let version = version.split_whitespace().next().unwrap_or("wine").to_owned();
    if !runs_32_bit_programs_alone(&version) {
        let message = format!(
            "{version} is too old: Wine 8 is the first that runs 32-bit programs on 64-bit libraries \
                               alone; Debian 12 and Ubuntu 24.04 have it, or install one from WineHQ"
        );
        return Err(Failure::new(message));
    }
    let home = cache()?.join(&version);
    let dlls = (!has_both_halves(&loader)).then(|| home.join("dlls"));
    if let Some(dlls) = &dlls {
        make_once(dlls, unpack_dlls)?;
    }
    let prefix = home.join("prefix");
    make_once(&prefix, |path| {
        let wine = Wine { loader: loader.clone(), server: server.clone(), dlls: dlls.clone(), prefix: path.to_owned() };
        create_prefix(&wine)
    })?;
    Ok(Wine { loader, server, dlls, prefix })
}

/// Whether a Wine of this version, such as `wine-8.0.1`, has the new WoW64. An unknown version is tried.
fn runs_32_bit_programs_alone(version: &str) -> bool {
    let number = version.trim_start_matches("wine-").split('.').next().and_then(|major| major.parse::<u32>().ok());
    number.is_none_or(|major| major >= 8)
}

/// One of these files, or else a program in PATH.
fn find(paths: &[&str], names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).filter(|folder| folder.is_absolute());
    let in_path = folders.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    paths.iter().map(PathBuf::from).chain(in_path).find(|path| path.is_file())
}

/// Whether the loader finds DLLs of both widths itself, as in distributions with a complete Wine.
fn has_both_halves(loader: &Path) -> bool {
    let loader = fs::canonicalize(loader).unwrap_or_else(|_| loader.to_owned());
    // The loader is in bin beside lib, or on Debian in lib/wine.
    let folders = loader.ancestors().skip(2).take(2);
    let places = ["lib/wine", "lib64/wine", "lib/x86_64-linux-gnu/wine", "x86_64-linux-gnu/wine"];
    folders
        .flat_map(|folder| places.map(|place| folder.join(place)))
        .any(|dlls| dlls.join(HALF).join("ntdll.dll").is_file())
}

fn cache() -> Result<PathBuf, Failure> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let cache = cache
        .ok_or_else(|| Failure::new("neither XDG_CACHE_HOME nor HOME is set, so there is no cache folder for Wine"))?;
    Ok(cache.join("runtime64"))
}

/// Creates a folder under another name and renames it when it is complete, so that a partial folder never counts. One
/// set-up does this while others wait; the system releases the lock of an interrupted one, and the next one starts
/// anew.
fn make_once(path: &Path, make: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| Failure::file(parent, &error))?;
    }
    let lock_path = path.with_extension("lock");
    let lock = File::create(&lock_path).map_err(|error| Failure::file(&lock_path, &error))?;
    if lock.try_lock().is_err() {
        step::say("waiting for another set-up that is preparing Wine");
        lock.lock().map_err(|error| Failure::file(&lock_path, &error))?;
    }
    if path.is_dir() {
        return Ok(());
    }
    let unfinished = path.with_extension("unfinished");
    let of = |error: std::io::Error| Failure::file(&unfinished, &error);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(of)?;
    }
    fs::create_dir_all(&unfinished).map_err(of)?;
    make(&unfinished)?;
    fs::rename(&unfinished, path).map_err(of)
}

/// The 32-bit half from the i386 package, beside a copy of the 64-bit half.
fn unpack_dlls(folder: &Path) -> Result<(), Failure> {
    let work = folder.join("work");
    let lists = work.join("lists");
    fs::create_dir_all(lists.join("partial")).map_err(|error| Failure::file(&lists, &error))?;
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(&work).args(["-q", "-oAPT::Architecture=i386", "-oAPT::Architectures=i386"]);
        command.args(["-oAPT::Sandbox::User=root", &format!("-oDir::State::Lists={}", lists.display())]).args(words);
        command
    };
    step::say("reading the package lists for Wine's 32-bit half");
    if step::capture(&mut apt(&["update"])).is_err() {
        step::say("some lists could not be read; continuing with the others");
    }
    let installed = step::capture(Command::new("dpkg-query").args(["-W", "-f", "${Version}", "libwine"]))?;
    step::say(&format!("downloading libwine:i386 {installed} (95 MB)"));
    let exact = format!("libwine:i386={installed}");
    step::capture(&mut apt(&["download", &exact])).or_else(|failure| {
        step::say(&format!("{failure}; trying the version in the lists"));
        step::capture(&mut apt(&["download", "libwine:i386"]))
    })?;
    let package = fs::read_dir(&work)
        .map_err(|error| Failure::file(&work, &error))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| Failure::new("apt-get downloaded no package"))?;
    let unpacked = work.join("unpacked");
    step::run(Command::new("dpkg").arg("-x").arg(&package).arg(&unpacked))?;
    step::say("combining Wine's two halves");
    let half = unpacked.join("usr/lib/i386-linux-gnu/wine").join(HALF);
    step::run(Command::new("cp").arg("-r").arg(format!("{DLLS}/.")).arg(folder))?;
    step::run(Command::new("cp").arg("-r").arg(&half).arg(folder))?;
    fs::remove_dir_all(&work).map_err(|error| Failure::file(&work, &error))
}

/// A prefix with a DLL that Wine 8 lacks: `bcryptprimitives.dll`, from which Rust's standard library takes random
/// numbers.
fn create_prefix(wine: &Wine) -> Result<(), Failure> {
    step::say("creating the Wine prefix (a quarter of a minute)");
    let mut boot = wine.command(Path::new("wineboot"));
    // The prefix is created in a folder that is renamed later, independent of the user's own.
    boot.arg("--init").env("WINEPREFIX", &wine.prefix).env("WINEDLLOVERRIDES", "mscoree,mshtml=");
    step::capture(&mut boot)?;
    step::capture(wine.server("-w").env("WINEPREFIX", &wine.prefix))?;
    let source = crate::workspace::root().join("xtask/wine/bcryptprimitives.c");
    let windows = wine.prefix.join("drive_c/windows");
    for (compiler, folder) in [("i686-w64-mingw32-gcc", "syswow64"), ("x86_64-w64-mingw32-gcc", "system32")] {
        let library = windows.join(folder).join("bcryptprimitives.dll");
        if library.exists() {
            continue;
        }
        step::say(&format!("compiling bcryptprimitives.dll for {folder}"));
        let mut compile = Command::new(compiler);
        compile.args(["-shared", "-O2", "-Wl,--kill-at", "-o"]).arg(library).arg(&source).arg("-ladvapi32");
        step::run(&mut compile)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("runtime64-xtask-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn wine_8_is_the_first_that_will_do() {
        for (version, will_do) in
            [("wine-6.0.3", false), ("wine-7.22", false), ("wine-8.0", true), ("wine-10.0", true), ("wine-git", true)]
        {
            assert_eq!(runs_32_bit_programs_alone(version), will_do, "{version}");
        }
    }

    #[test]
    fn a_whole_wine_is_told_from_half_of_one() {
        for (loader, dlls) in
            [("bin/wine", "lib/wine"), ("bin/wine", "lib64/wine"), ("lib/wine/wine64", "lib/x86_64-linux-gnu/wine")]
        {
            let folder = scratch("halves");
            let loader = folder.join(loader);
            fs::create_dir_all(loader.parent().unwrap()).unwrap();
            fs::write(&loader, "").unwrap();
            assert!(!has_both_halves(&loader), "{}", loader.display());
            fs::create_dir_all(folder.join(dlls).join(HALF)).unwrap();
            fs::write(folder.join(dlls).join(HALF).join("ntdll.dll"), "").unwrap();
            assert!(has_both_halves(&loader), "{}", loader.display());
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    #[test]
    fn half_a_folder_never_counts() {
        let folder = scratch("half");
        let path = folder.join("part");
        let interrupted = make_once(&path, |unfinished| {
            fs::write(unfinished.join("old"), "").unwrap();
            Err(Failure::new("interrupted"))
        });
        assert!(interrupted.is_err() && !path.exists());
        make_once(&path, |unfinished| {
            assert!(!unfinished.join("old").exists(), "leftovers are not reused");
            fs::write(unfinished.join("new"), "").map_err(|error| Failure::file(unfinished, &error))
        })
        .unwrap();
        assert!(path.join("new").exists());
        make_once(&path, |_| panic!("it already exists")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn set_ups_at_once_make_it_once() {
        let folder = scratch("at-once");
        let made = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let count = |_: &Path| {
                        made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        Ok(())
                    };
                    make_once(&folder.join("part"), count).unwrap();
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
