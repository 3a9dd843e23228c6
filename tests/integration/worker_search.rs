//! Where the worker's executable is looked for, and what is said when it is not there or is no worker.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{Configuration, Output, Scratch, run};

const NATIVE: Configuration = Configuration::Native;

/// A folder with a copy of runtime64 and no worker in it.
fn lonely_runtime() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    let runtime = scratch.copy(Path::new(NATIVE.runtime().get_program()), "runtime64");
    (scratch, runtime)
}

/// Runs a program with these arguments, and has it call a function of the fixture.
fn call<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[S]) -> Output {
    let code = format!(
        "dll.cdef 'int add(int a, int b);'
        local ok, result = pcall(function() return dll.load([[{}]]).add(2, 3) end)
        print(ok, ok and result or result.kind)
        if not ok then io.stderr:write(tostring(result)) end",
        NATIVE.fixture("calls").display()
    );
    let mut command = Command::new(program);
    command.args(arguments).arg("-e").arg(code);
    command.env_remove("RUNTIME64_WORKER32").env_remove("RUNTIME64_WORKER64");
    run(command, NATIVE.limit())
}

/// Like [`call`], with a variable that names the 32-bit worker. It is set by `env`, as `call` takes it out of what it
/// starts itself.
fn call_with_variable(runtime: &Path, worker: &Path) -> Output {
    let mut variable = OsString::from("RUNTIME64_WORKER32=");
    variable.push(worker);
    call("env", &[variable.as_os_str(), runtime.as_os_str()])
}

const NO_ARGUMENTS: &[&str] = &[];

#[test]
fn the_worker_beside_the_executable_is_used() {
    let (scratch, runtime) = lonely_runtime();
    scratch.copy(&NATIVE.worker(), "worker32");
    call(&runtime, NO_ARGUMENTS).assert_stdout("true\t5\n");
}

#[test]
fn a_link_to_the_executable_finds_the_worker_too() {
    let scratch = Scratch::new();
    let link = scratch.path().join("runtime64");
    std::os::unix::fs::symlink(NATIVE.runtime().get_program(), &link).unwrap();
    call(&link, NO_ARGUMENTS).assert_stdout("true\t5\n");
}

/// A program that embeds the runtime as a shared library: here it is a worker, whose own folder holds no 32-bit one.
#[test]
fn the_worker_beside_the_library_that_holds_the_runtime_is_used() {
    let program = Scratch::new();
    program.copy(&Configuration::HostWidth.worker(), "worker64");
    let built = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/libembedded.so");
    let code = "dll.cdef 'int embedded_sum(void);' print(dll.load(os.getenv 'EMBEDDED').embedded_sum())";
    for (has_worker, printed) in [(true, "5\n"), (false, "-1\n")] {
        let embedder = Scratch::new();
        let library = embedder.copy(&built, "libembedded.so");
        if has_worker {
            embedder.copy(&NATIVE.worker(), "worker32");
        }
        // A link is followed to the library that it stands for.
        let links = Scratch::new();
        let link = links.path().join("libembedded.so");
        std::os::unix::fs::symlink(library, &link).unwrap();
        let mut command = NATIVE.runtime();
        command.env("RUNTIME64_WORKER64", program.path()).env("EMBEDDED", link);
        command.env("EMBEDDED_LIBRARY", NATIVE.fixture("calls")).args(["-e", code]);
        let output = run(command, NATIVE.limit());
        output.assert_code(0).assert_stdout(printed);
        let looked_for = embedder.path().join("worker32").display().to_string();
        assert_eq!(output.stderr.contains(&looked_for), !has_worker, "{output}");
    }
}

/// A command that runs a program where `/proc` is empty, as in a bare chroot. Nothing, if the system lets only root do that.
fn without_proc(program: impl AsRef<OsStr>) -> Option<Command> {
    let own_namespace: &[&str] =
        if rustix::process::geteuid().is_root() { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] };
    let command = |program: &OsStr| {
        let mut command = Command::new("unshare");
        command.args(own_namespace).args(["sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"]).arg(program);
        command
    };
    run(command(OsStr::new("true")), NATIVE.limit()).status.success().then(|| command(program.as_ref()))
}

#[test]
fn the_worker_is_found_without_proc() {
    let programs = Path::new(NATIVE.runtime().get_program()).parent().unwrap().to_owned();
    let code = format!(
        "dll.cdef 'int add(int a, int b);' print(dll.load([[{}]]).add(2, 3))
        local worker = dll.stats().workers[1]
        print(worker.link, worker.reason, dll.string(dll.new('char[4]', 'abc')))",
        NATIVE.fixture("calls").display()
    );
    // { how it is called, current directory }
    let calls = [
        (programs.join("runtime64"), Path::new("/")),
        (PathBuf::from("./runtime64"), &programs),
        (PathBuf::from("runtime64"), Path::new("/")),
    ];
    for (program, directory) in calls {
        let Some(mut command) = without_proc(&program) else { return };
        let path = std::env::join_paths(["/usr/bin".as_ref(), "/bin".as_ref(), programs.as_path()]).unwrap();
        command.current_dir(directory).env("PATH", path).arg("-e").arg(&code);
        command.env_remove("RUNTIME64_WORKER32").env_remove("RUNTIME64_LINK");
        let output = run(command, NATIVE.limit());
        let reason = "the worker cannot open the shared memory: No such file or directory (os error 2)";
        output.assert_code(0).assert_stdout(&format!("5\nplain channel\t{reason}\tabc\n"));
    }
}

#[test]
fn the_option_names_the_worker() {
    let (_scratch, runtime) = lonely_runtime();
    for worker in [NATIVE.worker(), NATIVE.worker().parent().unwrap().to_owned()] {
        call(&runtime, &[OsStr::new("--worker"), worker.as_ref()]).assert_stdout("true\t5\n");
    }
}

#[test]
fn the_variable_names_the_worker() {
    let (_scratch, runtime) = lonely_runtime();
    call_with_variable(&runtime, &NATIVE.worker()).assert_stdout("true\t5\n");
}

#[test]
fn a_missing_worker_is_named_with_what_to_do() {
    let (scratch, runtime) = lonely_runtime();
    let beside = scratch.path().join("worker32").display().to_string();
    let output = call(&runtime, NO_ARGUMENTS);
    output.assert_stdout("false\tworker_start\n");
    output.assert_stderr_has(&[&beside, "--worker", "RUNTIME64_WORKER32"]);

    let nowhere = Path::new("/nowhere/worker32");
    call(&runtime, &[OsStr::new("--worker"), nowhere.as_ref()]).assert_stderr_has(&["/nowhere/worker32"]);
    call_with_variable(&runtime, nowhere).assert_stderr_has(&["/nowhere/worker32", "RUNTIME64_WORKER32"]);
}

#[test]
fn a_worker_that_is_none_is_refused() {
    let (scratch, runtime) = lonely_runtime();
    // { content, whether it may be executed, fragment of the message }
    let cases: [(&[u8], bool, &str); 5] = [
        (b"this is no program", true, "worker32"),
        (b"#!/bin/sh\nexit 0\n", true, "worker32"),
        (b"#!/bin/sh\necho hello; exec cat >/dev/null\n", true, "worker32"),
        (b"#!/bin/sh\nprintf '\\377\\377\\377\\377\\377\\377\\377\\377' >&0; cat >/dev/null\n", true, "worker32"),
        (b"#!/bin/sh\nexit 0\n", false, "ermission"),
    ];
    for (content, executable, fragment) in cases {
        let worker = scratch.file("worker32", content);
        let mode = if executable { 0o755 } else { 0o644 };
        std::fs::set_permissions(&worker, PermissionsExt::from_mode(mode)).unwrap();
        let output = call(&runtime, NO_ARGUMENTS);
        // Whatever it is, it may print something first.
        let (_, kind) = output.stdout.trim_end().rsplit_once("false\t").unwrap_or_default();
        assert!(["worker_start", "protocol"].contains(&kind), "{:?}\n{output}", String::from_utf8_lossy(content));
        output.assert_code(0).assert_stderr_has(&[fragment]);
    }
}

#[test]
fn a_worker_of_another_kind_is_refused() {
    let (scratch, runtime) = lonely_runtime();
    scratch.copy(&Configuration::HostWidth.worker(), "worker32");
    let output = call(&runtime, NO_ARGUMENTS);
    output.assert_stdout("false\tworker_start\n").assert_stderr_has(&["worker32", "64"]);
}

#[test]
fn without_wine_a_windows_library_says_what_to_install() {
    let library = Configuration::WineWorker.fixture("calls");
    let code = format!("print(select(2, pcall(dll.load, [[{}]])).kind) dll.load([[{0}]])", library.display());
    for name in ["/nowhere/wine", ""] {
        // The harness's own variable names a Wine that works.
        let mut command = NATIVE.runtime();
        command.env("RUNTIME64_WINE", "/nowhere/wine").env("PATH", "/nowhere");
        if !name.is_empty() {
            command.arg("--wine").arg(name);
        }
        command.arg("-e").arg(&code);
        let output = run(command, NATIVE.limit());
        output.assert_code(1).assert_stdout("worker_start\n").assert_stderr_has(&["/nowhere/wine"]);
    }
}

/// Wine, on a busy machine, may say of a program that it could not be started when it could.
#[test]
fn a_worker_that_wine_could_not_start_is_started_again() {
    let library = Configuration::WineWorker.fixture("calls");
    let code = format!("dll.cdef 'int add(int a, int b);' print(dll.load([[{}]]).add(2, 3))", library.display());
    // How often the loader fails, and what is printed then.
    for (failures, printed) in [(2, "5\n"), (3, "")] {
        let scratch = Scratch::new();
        let script = format!(
            "#!/bin/sh\necho >> \"$0.tried\"\n[ $(wc -l < \"$0.tried\") -gt {failures} ] || exit 1\nexec {} \"$@\"\n",
            tests::wine().display()
        );
        let loader = scratch.file("wine", script.as_bytes());
        std::fs::set_permissions(&loader, PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = Configuration::WineWorker.runtime();
        command.arg("--wine").arg(&loader).arg("-e").arg(&code);
        run(command, Configuration::WineWorker.limit()).assert_stdout(printed);
    }
}
