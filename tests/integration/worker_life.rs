//! The life of a worker: it ends with its host however hung it is, its own death is an error of one call, and it
//! inherits its channel alone.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use tests::{Configuration, Run, Scratch, run, wait_until};

/// How long a worker may outlive its host.
const LIMIT: Duration = Duration::from_secs(1);

/// Code with the misbehaving fixture as `bad` and the behaving one as `calls`.
fn code(configuration: Configuration, text: &str) -> String {
    let path = |fixture| configuration.path(&configuration.fixture(fixture));
    format!(
        "dll.cdef [[ void spin_forever(void); void sleep_forever(void); void sleep_milliseconds(unsigned int duration);
            int add(int a, int b); int count_call(void); int report_descriptors(void);
            void take_time_to_unload(int milliseconds); void end_process(int code); ]]
        local unbroken = {{ breaker = false }}
        local bad, calls, late = dll.load([[{}]], unbroken), dll.load([[{}]], unbroken), dll.load([[{}]], unbroken)
        {text}",
        path("misbehaviour"),
        path("calls"),
        path("lifetimes")
    )
}

fn start(configuration: Configuration, text: &str) -> Run {
    let mut command = configuration.runtime();
    command.arg("-e").arg(code(configuration, text));
    Run::start(command, configuration.limit())
}

/// Runs code until it has printed a text, kills the host, and expects the worker to follow.
#[track_caller]
fn host_killed(configuration: Configuration, text: &str, printed: &str) {
    let mut run = start(configuration, text);
    run.wait_for_stdout(printed);
    assert!(!run.workers().is_empty(), "{configuration:?}: no worker is seen while one runs");
    run.kill_host();
    run.assert_nothing_left_within(LIMIT);
}

/// A command that runs the runtime by another program's means starts from the same environment as the runtime itself.
fn without_what_the_user_has_set(runtime: &Command, command: &mut Command) {
    for (name, value) in runtime.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(std::process::Stdio::null());
}

/// A test for each of these functions in each configuration.
macro_rules! in_every_configuration {
    ($($test:ident)*) => {
        in_every_configuration!(@in native Native $($test)*);
        in_every_configuration!(@in host_width HostWidth $($test)*);
        in_every_configuration!(@in wine_worker WineWorker $($test)*);
        in_every_configuration!(@in windows Windows $($test)*);
    };
    (@in $module:ident $configuration:ident $($test:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::$test(tests::Configuration::$configuration);
                }
            )*
        }
    };
}

in_every_configuration! {
    an_idle_worker_ends_with_its_host
    a_worker_in_a_busy_loop_ends_with_its_host
    a_worker_asleep_ends_with_its_host
    a_worker_that_has_just_been_started_ends_with_its_host
    a_worker_ends_with_its_script
    a_worker_killed_in_a_call_is_an_error_of_that_call
    a_library_may_take_its_time_to_unload
    a_library_that_does_not_unload_is_ended
    a_worker_hung_in_its_own_end_ends_with_its_host
}

fn an_idle_worker_ends_with_its_host(configuration: Configuration) {
    host_killed(configuration, "print(calls.add(1, 2), 'idle'); io.stdout:flush(); while true do end", "idle");
}

fn a_worker_in_a_busy_loop_ends_with_its_host(configuration: Configuration) {
    host_killed(configuration, "bad.spin_forever()", "spinning");
}

fn a_worker_asleep_ends_with_its_host(configuration: Configuration) {
    host_killed(configuration, "bad.sleep_forever()", "sleeping");
}

fn a_worker_that_has_just_been_started_ends_with_its_host(configuration: Configuration) {
    let mut run = start(configuration, "bad.sleep_forever()");
    let started = wait_until(configuration.limit(), || (!run.workers().is_empty()).then_some(()));
    assert!(started.is_some(), "no worker is started");
    run.kill_host();
    // It may be busy with its own start; what it must not do is stay.
    run.assert_nothing_left_within(5 * LIMIT);
}

/// Wine may forget a process that it has yet to bring to a worker's first instruction. The subshell stands for one, as it has no
/// channel and is not ended with the process that the host started.
#[test]
fn what_wine_forgets_ends_with_its_host_and_with_its_start() {
    let library = Configuration::WineWorker.fixture("calls");
    let start = |then: &str| {
        let scratch = Scratch::new();
        let script = format!("#!/bin/sh\n(while :; do sleep 600; done) &\necho begun\n{then}\n");
        let loader = scratch.file("wine", script.as_bytes());
        std::fs::set_permissions(&loader, PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = Configuration::WineWorker.runtime();
        command.arg("--wine").arg(&loader).arg("-e").arg(format!("dll.load [[{}]]", library.display()));
        (Run::start(command, Configuration::WineWorker.limit()), scratch)
    };
    let (mut run, _scratch) = start("wait");
    run.wait_for_stdout("begun");
    run.kill_host();
    run.assert_nothing_left_within(LIMIT);
    let (mut run, _scratch) = start("exit 7");
    run.wait_for_stdout("begun");
    run.assert_nothing_left_within(5 * LIMIT);
}

fn a_worker_ends_with_its_script(configuration: Configuration) {
    for end in ["", "os.exit(0)", "error 'no'", "os.exit(5, true)"] {
        let mut run = start(configuration, &format!("calls.add(1, 2)\n{end}"));
        assert!(run.wait_for_end(configuration.limit()).is_some(), "{end:?} does not end");
        run.assert_nothing_left_within(LIMIT);
    }
}

fn a_library_may_take_its_time_to_unload(configuration: Configuration) {
    let mut run = start(configuration, "late.take_time_to_unload(400)");
    run.wait_for_end(configuration.limit());
    run.finish().assert_code(0).assert_stdout("unloading\nunloaded\n");
}

fn a_library_that_does_not_unload_is_ended(configuration: Configuration) {
    let mut run = start(configuration, "late.take_time_to_unload(60000)");
    assert!(run.wait_for_end(configuration.limit()).is_some(), "it does not end");
    run.assert_nothing_left_within(LIMIT);
}

/// The process is past its own threads then: what ends it is the operating system, by the host's arrangement.
fn a_worker_hung_in_its_own_end_ends_with_its_host(configuration: Configuration) {
    host_killed(configuration, "late.take_time_to_unload(60000); late.end_process(3)", "unloading");
}

/// The next call works, in a new worker.
fn a_worker_killed_in_a_call_is_an_error_of_that_call(configuration: Configuration) {
    let text = "calls.count_call()
        local ok, e = pcall(bad.sleep_forever)
        print(ok, e.kind, e.func, e.started, calls.add(2, 3), calls.count_call())";
    let mut run = start(configuration, text);
    run.wait_for_stdout("sleeping");
    run.kill_workers();
    let output = run.finish();
    let expected = "sleeping\nfalse\tworker_lost\tsleep_forever\tyes\t5\t1\n";
    output.assert_code(0).assert_stdout(expected);
}

#[test]
fn a_worker_killed_between_calls_is_noticed_by_the_next() {
    for configuration in [Configuration::Native, Configuration::HostWidth] {
        let text = "local add = calls.add
            print 'ready'; io.stdout:flush()
            io.read()
            local ok, e = pcall(add, 2, 3)
            print(ok, e.kind, e.func, e.started, add(2, 3))";
        noticed(configuration, text, "add");
        // A function that is named for the first time tells it when it is called, where pcall sees it.
        let text = "local add = calls.add
            print 'ready'; io.stdout:flush()
            io.read()
            local ok, e = pcall(calls.count_call)
            print(ok, e.kind, e.func, e.started, add(2, 3))";
        noticed(configuration, text, "count_call");
    }
}

fn noticed(configuration: Configuration, text: &str, function: &str) {
    let mut command = configuration.runtime();
    command.arg("-e").arg(code(configuration, text)).stdin(std::process::Stdio::piped());
    let mut run = Run::start(command, configuration.limit());
    run.wait_for_stdout("ready");
    let workers = run.workers();
    run.kill_workers();
    let all_ended = || workers.iter().all(tests::Process::has_ended).then_some(());
    assert!(wait_until(LIMIT, all_ended).is_some(), "a worker that was killed has not ended");
    run.write("\n");
    let output = run.finish();
    output.assert_code(0).assert_stdout(&format!("ready\nfalse\tworker_lost\t{function}\tno\t5\n"));
}

/// Kills workers as fast as they are seen: at their start, in calls and between them.
#[test]
fn workers_killed_at_any_moment_cost_one_error_each() {
    const DEATHS: u32 = 20;
    let text = format!(
        "print 'ready'; io.stdout:flush()
        local deaths = 0
        while deaths < {DEATHS} do
            local ok, result = pcall(function() return calls.add(2, 3) end)
            if ok then
                assert(result == 5)
            else
                assert(result.kind == 'worker_lost' or result.kind == 'worker_start', tostring(result))
                deaths = deaths + 1
            end
        end"
    );
    for configuration in [Configuration::Native, Configuration::HostWidth] {
        let mut run = start(configuration, &text);
        run.wait_for_stdout("ready");
        while run.wait_for_end(Duration::ZERO).is_none() {
            run.assert_in_time();
            run.kill_workers();
        }
        run.assert_nothing_left_within(LIMIT);
        run.finish().assert_code(0);
    }
}

#[test]
fn a_worker_holds_its_channel_and_the_shared_memory_and_nothing_else() {
    for configuration in [Configuration::Native, Configuration::HostWidth] {
        // The shell leaves two descriptors open that are not marked to be closed.
        let mut command = Command::new("sh");
        command.arg("-c").arg("exec 7</dev/null 9>/dev/null; exec \"$@\"").arg("sh");
        let runtime = configuration.runtime();
        without_what_the_user_has_set(&runtime, &mut command);
        command.arg(runtime.get_program()).arg("-e");
        command.arg(code(configuration, "print(bad.report_descriptors())"));
        run(command, configuration.limit()).assert_code(0).assert_stdout("2\n");
    }
}
