//! Which prefix Wine runs in where nothing is set, and what is said where it cannot be used.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{Configuration, Output, Scratch, run};

const WINE: Configuration = Configuration::WineWorker;

/// The prefix of the set-up, which the tests run in.
fn prefix_of_set_up() -> PathBuf {
    std::env::var_os("WINEPREFIX").expect("`cargo xtask test` sets it").into()
}

/// A command that calls a 32-bit DLL, in a home folder, with none of the variables that the set-up sets.
fn call_dll(home: &Path) -> Command {
    let code =
        format!("dll.cdef 'int add(int a, int b);' print(dll.load([[{}]]).add(2, 3))", WINE.fixture("calls").display());
    let mut command = WINE.runtime();
    for name in ["WINEPREFIX", "WINEDLLPATH", "RUNTIME64_WINE", "XDG_CACHE_HOME", "XDG_DATA_HOME", "WINEDEBUG"] {
        command.env_remove(name);
    }
    command.env("HOME", home).arg("--wine").arg(tests::wine()).arg("-e").arg(code);
    command
}

fn finish(command: Command) -> Output {
    run(command, WINE.limit())
}

/// A program that is started by itself finds what the set-up made, in the user's cache folder, and makes nothing else.
#[test]
fn the_wine_of_the_set_up_is_used_without_variables() {
    let home = Scratch::new();
    let prefix = prefix_of_set_up();
    // …/runtime64/wine-VERSION/prefix
    let cache = prefix.ancestors().nth(3).unwrap();
    let mut named = call_dll(home.path());
    named.env("XDG_CACHE_HOME", cache);
    finish(named).assert_code(0).assert_stdout("5\n");
    std::os::unix::fs::symlink(cache, home.path().join(".cache")).unwrap();
    finish(call_dll(home.path())).assert_code(0).assert_stdout("5\n");
    for folder in [".wine", ".local"] {
        assert!(!home.path().join(folder).exists(), "{folder} was made");
    }
}

/// Windows' own libraries are looked for in the same prefix as Wine runs in, whoever names it.
#[test]
fn libraries_are_looked_for_in_the_prefix_in_use() {
    let home = Scratch::new();
    let prefix = prefix_of_set_up();
    let code = "print(dll.load 'winmm.dll')
        print(dll.worker { env = { WINEPREFIX = os.getenv 'OTHER' } }.load 'winmm.dll')";
    let link = home.path().join("other-prefix");
    std::os::unix::fs::symlink(&prefix, &link).unwrap();
    let mut command = WINE.runtime();
    command.env("OTHER", &link).args(["-e", code]);
    let output = finish(command);
    output.assert_code(0);
    let lines: Vec<&str> = output.stdout.lines().collect();
    for (line, prefix) in lines.iter().zip([&prefix, &link]) {
        assert!(line.contains(&format!("{}/drive_c/windows/syswow64/winmm.dll", prefix.display())), "{output}");
    }
    assert_eq!(lines.len(), 2, "{output}");
}

#[test]
fn a_prefix_that_cannot_be_used_is_named() {
    let home = Scratch::new();
    // Root may give a folder to somebody else; for all others that of root is one.
    let foreign = home.path().join("foreign");
    let is_root = rustix::process::geteuid().is_root();
    let foreign = if is_root {
        std::fs::create_dir(&foreign).unwrap();
        chown(&foreign, Some(65_534), None).unwrap();
        foreign
    } else {
        PathBuf::from("/")
    };
    let file = home.file("file", "");
    // { variable, its value, what is named }
    let belongs = format!("{} belongs to another user", foreign.display());
    let within_file = format!("{} cannot be created", file.join("a").display());
    let cases = [
        ("WINEPREFIX", foreign.clone(), belongs.as_str()),
        ("WINEPREFIX", foreign.join("new"), &belongs),
        ("WINEPREFIX", file.join("a/b"), &within_file),
        ("HOME", PathBuf::new(), "set HOME to your own folder, or WINEPREFIX"),
    ];
    for (variable, value, named) in cases {
        let mut command = call_dll(home.path());
        command.env(variable, &value);
        finish(command).assert_code(1).assert_stdout("").assert_stderr_has(&[named, "WINEPREFIX"]);
    }
}
