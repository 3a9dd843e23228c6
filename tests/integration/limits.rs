//! Limits of the system: on threads and processes, on the size of files, on descriptors, and on memory. What they refuse is an
//! error that names it; nothing panics, hangs, or is ended by a signal.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use tests::{Configuration, Limited, Output, Run, repository, run};

/// There against hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Calls a library in every way that needs a thread, and tells how that went.
fn script(limited: &Limited) -> String {
    format!(
        "dll.cdef 'int add(int a, int b);'
        local function try()
            local calls = dll.load [[{}]]
            assert(calls.add(1, 2) == 3)
            assert(dll.async(calls.add, 3, 4):wait() == 7)
        end
        local function report()
            local ok, e = pcall(try)
            print(ok and 'done' or e.kind)
            if not ok then io.stderr:write(e.message, '\\n') end
            io.stdout:flush()
            return ok
        end\n",
        limited.fixture("calls").display()
    )
}

/// Nobody has panicked, and no signal has ended the program.
#[track_caller]
fn assert_ordinary(output: &Output) {
    assert!(output.status.code().is_some(), "a signal has ended it\n{output}");
    assert!(!output.stderr.contains("panicked"), "{output}");
}

/// What each step of a start needs that the system may refuse, in the words of the message.
const REFUSED: [&str; 7] = [
    "Ctrl-C terminates the program at once",
    "a thread that enforces deadlines",
    "a thread that starts workers",
    "worker32 could not be started: Resource temporarily unavailable",
    "the thread that watches for the host's exit",
    "the worker cannot start a thread to watch the time limit",
    "the worker cannot start a thread for the call",
];

/// With one thread more from run to run, each step fails once. The next use tries again, and succeeds once there is room.
#[test]
fn a_thread_or_process_that_is_refused_is_an_error_and_tried_again() {
    const MOST: usize = 10;
    let limited = Limited::new(Configuration::Native, &["calls"]);
    let code = format!("{} report() io.read() os.exit(report() and 0 or 1)", script(&limited));
    let mut seen = BTreeSet::new();
    for left in 1..=MOST {
        let idlers = limited.idlers(MOST - left);
        let mut command = limited.runtime(&[&limited.processes(MOST)]);
        command.stdin(Stdio::piped()).args(["--deadline", "20", "-e", &code]);
        let mut run = Run::start(command, LIMIT);
        run.wait_for_stdout("\n");
        drop(idlers);
        run.write("\n");
        let output = run.finish();
        assert_ordinary(&output);
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert!(matches!(lines[..], ["done" | "worker_start" | "memory", _]), "{left} threads\n{output}");
        // What else the user runs takes its part of what is left.
        if limited.is_alone() {
            output.assert_code(0);
            assert_eq!(lines[1], "done", "{left} threads\n{output}");
            assert!(left < MOST || lines[0] == "done", "{MOST} threads are enough\n{output}");
        }
        seen.extend(REFUSED.iter().filter(|words| output.stderr.contains(**words)));
    }
    if limited.is_alone() {
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), REFUSED.iter().collect(), "each is refused once");
    }
}

/// A library that forks until it cannot: other workers cannot be started, its own goes on, and all is well once it has stopped.
#[test]
fn a_library_that_uses_up_all_processes_is_no_end_of_the_host() {
    let limited = Limited::new(Configuration::Native, &["calls", "exhaust"]);
    let code = format!(
        "{} dll.cdef 'int exhaust(void); int give_back(int processes);'
        local bad <close> = dll.worker {{ name = 'bad' }}
        local exhaust = bad.load [[{}]]
        local count = exhaust.exhaust()
        report()
        print(exhaust.give_back(0) == count and count > 0)
        print(exhaust.give_back(count))
        os.exit(report() and 0 or 1)",
        script(&limited),
        limited.fixture("exhaust").display()
    );
    let mut command = limited.runtime(&[&limited.processes(60)]);
    command.arg("-e").arg(code);
    let output = run(command, LIMIT);
    assert_ordinary(&output);
    output.assert_code(0).assert_stdout("worker_start\ntrue\n0\ndone\n");
    output.assert_stderr_has(&["worker32 could not be started"]);
}

/// The shared memory is a file to the system. Where it may not be as large, the plain channel is taken; what scripts write
/// fails as Lua has it; and a library finds the signal as the user has it.
#[test]
fn a_limit_on_the_size_of_files_ends_nothing() {
    let limited = Limited::new(Configuration::Native, &["calls"]);
    let code = format!(
        "{} report()
        local worker = dll.stats().workers[1]
        print(worker.link, worker.reason)
        local file <close> = io.open('written', 'w')
        file:setvbuf 'no'
        local written, why, code = file:write(('x'):rep(4096))
        print(written and true, why, code)
        dll.cdef 'int creat(const char *path, unsigned mode); int write(int file, const char *bytes, unsigned count);'
        local _, e = pcall(dll.C.write, dll.C.creat('by_library', 420), ('x'):rep(4096), 4096)
        print(type(e) == 'userdata' and e.kind or 'written', type(e) == 'userdata' and e.code)
        os.exit(report() and 0 or 1)",
        script(&limited)
    );
    let too_large = "the system refused shared memory: File too large (os error 27)";
    let cases = [
        ("0", format!("plain channel\t{too_large}"), "nil\tFile too large\t27", "worker_lost\t25"),
        ("512", format!("plain channel\t{too_large}"), "nil\tFile too large\t27", "written\tfalse"),
        ("unlimited", "shared memory\tnil".to_owned(), "true\tnil\tnil", "written\tfalse"),
    ];
    for (size, link, written, by_library) in cases {
        let mut command = limited.runtime(&[&format!("--fsize={size}")]);
        command.arg("-e").arg(&code);
        let output = run(command, LIMIT);
        assert_ordinary(&output);
        output.assert_code(0).assert_stdout(&format!("done\n{link}\n{written}\n{by_library}\ndone\n"));
    }
}

/// The loader needs some descriptors to begin at all, which is not ours to say.
#[test]
fn few_descriptors_are_an_error() {
    const NOT_LOADED: i32 = 127;
    let limited = Limited::new(Configuration::Native, &["calls"]);
    let code = format!("{} os.exit(report() and 0 or 1)", script(&limited));
    let outcomes: Vec<i32> = (3..=20)
        .map(|descriptors| {
            let mut command = limited.runtime(&[&format!("--nofile={descriptors}")]);
            command.arg("-e").arg(&code);
            let output = run(command, LIMIT);
            assert_ordinary(&output);
            match output.status.code() {
                Some(0) => _ = output.assert_stdout("done\n"),
                Some(1) => _ = output.assert_stdout("worker_start\n").assert_stderr_has(&["worker32", "(ulimit -n)"]),
                _ => _ = output.assert_code(NOT_LOADED),
            }
            output.status.code().unwrap_or_default()
        })
        .collect();
    assert!(outcomes.contains(&1) && outcomes.last() == Some(&0), "{outcomes:?}");
}

/// The arena cannot grow: the error says why, and so do the figures.
#[test]
fn a_limit_on_memory_is_told() {
    let limited = Limited::new(Configuration::Native, &["calls"]);
    let code = format!(
        "{} report()
        local ok, e = pcall(dll.new, 'char[?]', 400 << 20)
        local worker = dll.stats().workers[1]
        print(ok or e.kind, worker.arena.refusal)
        io.stderr:write(e.message, '\\n')",
        script(&limited)
    );
    for megabytes in [32, 64, 128, 192] {
        let mut command = limited.runtime(&[&format!("--as={}", megabytes << 20)]);
        command.arg("-e").arg(&code);
        let output = run(command, LIMIT);
        assert_ordinary(&output);
        let reason = "runtime64 cannot map 419495936 more bytes of shared memory: Cannot allocate memory (os error 12)";
        output.assert_code(0).assert_stdout(&format!("done\nmemory\t{reason}\n")).assert_stderr_has(&[reason]);
    }
}

/// What the assertion scripts check holds for a user who has nothing else, and where no file may grow.
#[test]
fn scripts_pass_for_another_user_and_where_no_file_may_grow() {
    const SCRIPTS: [&str; 6] =
        ["asynchronous", "conversion_errors", "memory", "nested_callbacks", "strings", "workers"];
    let folder = repository().join("tests/lua");
    let limited = Limited::new(Configuration::Native, &["calls"]);
    for file in fs::read_dir(&folder).unwrap().chain(fs::read_dir(Configuration::Native.fixtures()).unwrap()) {
        let path = file.unwrap().path();
        if path.is_file() {
            limited.copy(&path);
        }
    }
    for script in SCRIPTS {
        for limits in [&[][..], &["--fsize=0"]] {
            let mut command = limited.runtime(limits);
            command.arg(format!("{script}.lua")).arg(limited.folder()).arg("native").arg(limited.folder());
            let output = run(command, LIMIT);
            assert_ordinary(&output);
            output.assert_code(0);
            assert!(output.stdout.trim_end().ends_with(" checks passed"), "{script} {limits:?}\n{output}");
        }
    }
}
