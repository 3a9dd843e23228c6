//! A Wine of our own that runs 32-bit and 64-bit Windows programs.
//!
//! Debian's `wine64` runs 32-bit programs on 64-bit libraries alone; it lacks only the 32-bit half of Wine's own DLLs. That
//! half is taken out of the i386 package into a private folder, beside a copy of the 64-bit half, so that the system needs
//! no second architecture. The prefix is private too. All of it lives in the user's cache folder and serves every clone.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::step;

/// A Wine that works.
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
    /// Tells a command, and what it starts, to use this Wine; what the user has set already holds.
    pub(crate) fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let mut set = |name: &str, value: &Path| {
            if env::var_os(name).is_none() {
                command.env(name, value);
            }
        };
        set("RUNTIME64_WINE", &self.loader);
        set("WINEPREFIX", &self.prefix);
        set("WINEDEBUG", Path::new("-all"));
        if let Some(dlls) = &self.dlls {
            set("WINEDLLPATH", dlls);
        }
        command
    }

    /// The program that loads Windows programs.
    pub(crate) fn loader(&self) -> &Path {
        &self.loader
    }

    /// A Windows program, to be run.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.loader);
        command.arg(program);
        self.apply(&mut command);
        command
    }

    /// Wine's server, with an option. It is there for its prefix alone.
    pub(crate) fn server(&self, option: &str) -> Command {
        let mut command = Command::new(&self.server);
        command.arg(option);
        self.apply(&mut command);
        command
    }
}

/// Finds the private Wine, or makes it.
pub(crate) fn ready() -> Result<Wine, Failure> {
    let existing = |paths: &[&str]| paths.iter().map(PathBuf::from).find(|path| path.exists());
    let missing = || Failure::new("Wine's 64-bit loader is not where Debian puts it; install the package wine64");
    let loader = existing(&LOADERS).ok_or_else(missing)?;
    let server = existing(&SERVERS).ok_or_else(missing)?;
    let version = step::capture(Command::new(&loader).arg("--version"))?;
    let version = version.split_whitespace().next().unwrap_or("wine").to_owned();
    let home = cache()?.join(&version);
    let complete = Path::new(DLLS).join(HALF).join("ntdll.dll").is_file();
    let dlls = (!complete).then(|| home.join("dlls"));
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

fn cache() -> Result<PathBuf, Failure> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let cache = cache.ok_or_else(|| Failure::new("neither XDG_CACHE_HOME nor HOME says where Wine may be kept"))?;
    Ok(cache.join("runtime64"))
}

/// Makes a folder under another name and renames it when it is whole, so that half a folder never counts and two set-ups
/// at once do each other no harm.
fn make_once(path: &Path, make: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    let unfinished = path.with_extension(format!("unfinished-{}", std::process::id()));
    let of = |error: std::io::Error| Failure::file(&unfinished, &error);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(of)?;
    }
    fs::create_dir_all(&unfinished).map_err(of)?;
    make(&unfinished)?;
    match fs::rename(&unfinished, path) {
        Ok(()) => Ok(()),
        // Another set-up was faster.
        Err(_) if path.is_dir() => fs::remove_dir_all(&unfinished).map_err(of),
        Err(error) => Err(of(error)),
    }
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
        step::say("some lists could not be read; going on with the others");
    }
    let installed = step::capture(Command::new("dpkg-query").args(["-W", "-f", "${Version}", "libwine"]))?;
    step::say(&format!("downloading libwine:i386 {installed} (95 MB)"));
    let exact = format!("libwine:i386={installed}");
    step::capture(&mut apt(&["download", &exact])).or_else(|failure| {
        step::say(&format!("{failure}; trying the version that the lists have"));
        step::capture(&mut apt(&["download", "libwine:i386"]))
    })?;
    let package = fs::read_dir(&work)
        .map_err(|error| Failure::file(&work, &error))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| Failure::new("apt-get downloaded no package"))?;
    let unpacked = work.join("unpacked");
    step::run(Command::new("dpkg").arg("-x").arg(&package).arg(&unpacked))?;
    step::say("copying Wine's two halves together");
    let half = unpacked.join("usr/lib/i386-linux-gnu/wine").join(HALF);
    step::run(Command::new("cp").arg("-r").arg(format!("{DLLS}/.")).arg(folder))?;
    step::run(Command::new("cp").arg("-r").arg(&half).arg(folder))?;
    fs::remove_dir_all(&work).map_err(|error| Failure::file(&work, &error))
}

/// A prefix with what Wine 8 lacks: `bcryptprimitives.dll`, from which Rust's standard library takes random numbers.
fn create_prefix(wine: &Wine) -> Result<(), Failure> {
    step::say("creating the Wine prefix (a quarter of a minute)");
    let mut boot = wine.command(Path::new("wineboot"));
    // The prefix is made in a folder that is renamed later, whatever the user's own is.
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
