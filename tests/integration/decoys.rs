//! A library or program of the right name in the current directory, or in PATH, is never taken for the one that is meant.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{Configuration, Output, Scratch, run};

/// A folder with `companion` as somebody else made it, which is both the current directory and in PATH.
struct Trap(Scratch);

impl Trap {
    fn new(configuration: Configuration) -> Self {
        let trap = Scratch::new();
        trap.copy(&configuration.fixture("impostor"), &companion_name(configuration));
        Self(trap)
    }

    fn run(&self, configuration: Configuration, code: &str) -> Output {
        let mut command = configuration.runtime();
        command.arg("-e").arg(code);
        self.set(configuration, &mut command);
        run(command, configuration.limit())
    }

    /// Has a command start in the trap, with the trap in its PATH, in Wine's PATH, and where the loader of Linux looks.
    fn set(&self, configuration: Configuration, command: &mut Command) {
        let trap = self.0.path();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [trap.to_path_buf()].into_iter().chain(std::env::split_paths(&path));
        command.current_dir(trap).env("PATH", std::env::join_paths(folders).unwrap());
        if configuration.needs_wine() {
            command.env("WINEPATH", format!("Z:{}", trap.display()).replace('/', "\\"));
        } else if cfg!(unix) {
            // An empty entry is the current directory.
            command.env("LD_LIBRARY_PATH", ":relative;.");
        }
    }
}

/// The file name of `companion`.
fn companion_name(configuration: Configuration) -> String {
    companion(configuration).file_name().unwrap().to_string_lossy().into_owned()
}

/// `companion` itself.
fn companion(configuration: Configuration) -> PathBuf {
    let beside = configuration.fixture("companion");
    beside.with_file_name("companion").join(beside.file_name().unwrap())
}

/// What is printed of libraries, where a search path may be named.
fn code(configuration: Configuration, library: &Path, function: &str, argument: &str, search: Option<&Path>) -> String {
    let search = search.map(|folder| format!(", {{ search = [[{}]] }}", configuration.path(folder)));
    format!(
        "dll.cdef 'int which_is_linked(void); int which_is_found(const char *name);'
        local ok, result = pcall(function() return dll.load([[{}]]{}).{function}({argument}) end)
        print(ok and result or result.kind)",
        configuration.path(library),
        search.unwrap_or_default(),
    )
}

#[test]
fn what_a_library_is_linked_with_is_not_taken_from_there() {
    for configuration in Configuration::ALL.iter().copied() {
        let trap = Trap::new(configuration);
        let library = configuration.fixture("needs_companion");
        let printed = |search| trap.run(configuration, &code(configuration, &library, "which_is_linked", "", search));
        printed(None).assert_stdout("missing_dependency\n");
        let companion = companion(configuration);
        printed(companion.parent()).assert_stdout("1\n");
    }
}

#[test]
fn what_a_library_loads_itself_is_not_taken_from_there() {
    for configuration in Configuration::ALL.iter().copied() {
        let trap = Trap::new(configuration);
        let name = companion_name(configuration);
        let printed = |library: &Path, search| {
            let argument = format!("'{name}'");
            trap.run(configuration, &code(configuration, library, "which_is_found", &argument, search))
        };
        let library = configuration.fixture("seeks_companion");
        printed(&library, None).assert_stdout("0\n");
        // The loader of Linux knows the folders of a library's file and of the script for what is linked alone.
        let found = if name.ends_with(".dll") { "1\n" } else { "0\n" };
        let companion = companion(configuration);
        printed(&library, companion.parent()).assert_stdout(found);
        let together = Scratch::new();
        together.copy(&companion, &name);
        let library = together.copy(&library, library.file_name().unwrap().to_str().unwrap());
        printed(&library, None).assert_stdout(found);
    }
}

/// Programs that a host starts are not looked for there either.
#[cfg(unix)]
#[test]
fn programs_are_not_taken_from_there() {
    use std::os::unix::fs::PermissionsExt;

    let trap = Trap::new(Configuration::Native);
    for name in ["worker32", "wine", "wine64", "worker32.exe", "start.exe"] {
        let program = trap.0.file(name, "#!/bin/sh\ntouch \"$0.taken\"\n");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let call = |configuration: Configuration, change: &dyn Fn(&mut Command)| {
        let mut command = configuration.runtime();
        trap.set(configuration, &mut command);
        command.env("PATH", ":.:bin").arg("-e").arg(format!(
            "dll.cdef 'int add(int a, int b);'
            local ok, result = pcall(function() return dll.load([[{}]]).add(2, 3) end)
            print(ok and result or result)",
            configuration.path(&configuration.fixture("calls"))
        ));
        change(&mut command);
        let output = run(command, configuration.limit());
        let taken = trap.0.path().read_dir().unwrap().flatten().map(|file| file.file_name());
        let taken: Vec<_> = taken.filter(|name| name.to_string_lossy().ends_with(".taken")).collect();
        assert!(taken.is_empty(), "{taken:?}\n{output}");
        output
    };
    call(Configuration::Native, &|_| {}).assert_stdout("5\n");
    call(Configuration::WineWorker, &|_| {}).assert_stdout("5\n");
    for (configuration, variable, value) in [
        (Configuration::Native, "RUNTIME64_WORKER32", "worker32"),
        (Configuration::Native, "RUNTIME64_WORKER32", "./worker32"),
        (Configuration::WineWorker, "RUNTIME64_WINE", "wine"),
    ] {
        let output = call(configuration, &|command| {
            command.env(variable, value);
        });
        assert!(output.stdout.contains(variable) && output.stdout.contains("an absolute path"), "{output}");
    }
}
