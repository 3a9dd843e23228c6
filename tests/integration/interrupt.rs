//! Ctrl-C, and interrupts by a program that the runtime is part of: a hung call, Lua that computes, pauses, callbacks.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use runtime64::{ErrorKind, Runtime, RuntimeError};
use tests::{Configuration, Output, Run, Scratch, Terminal, wait_until};

use crate::repl::{PROMPT, enter, start_in};

/// How long the program may take to end after Ctrl-C.
const LIMIT: Duration = Duration::from_secs(10);

/// How long its workers may outlive it.
const WORKER_LIMIT: Duration = Duration::from_secs(1);

const CTRL_C: &str = "\x03";

/// What the libraries are declared as and loaded by; globals, so that a prompt keeps them.
fn setup(configuration: Configuration) -> String {
    let path = |fixture| configuration.path(&configuration.fixture(fixture));
    format!(
        "dll.cdef [[ void spin_forever(void); void sleep_forever(void); void write_null(void); int add(int a, int b);
            void take_time_to_unload(int milliseconds); int call_int(int (*callback)(int), int argument); ]]
        bad, calls, late = dll.load([[{}]]), dll.load([[{}]]), dll.load([[{}]])
        back = dll.load([[{}]])
        function say(text) print(text) io.stdout:flush() end",
        path("misbehaviour"),
        path("calls"),
        path("lifetimes"),
        path("callbacks"),
    )
}

/// Runs a script in which Ctrl-C does something, whatever whoever runs the tests has made of the signal.
fn start_script(configuration: Configuration, text: &str) -> Run {
    let runtime = configuration.runtime();
    let mut command = Command::new("env");
    for (name, value) in runtime.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.arg("--default-signal=INT").arg(runtime.get_program()).args(runtime.get_args());
    command.arg("-e").arg(format!("{}\n{text}", setup(configuration))).stdin(Stdio::null());
    Run::start(command, configuration.limit())
}

/// Runs a script until it has printed a text, presses Ctrl-C, and waits for the end.
#[track_caller]
fn interrupted(configuration: Configuration, text: &str, printed: &str) -> Output {
    let mut run = start_script(configuration, text);
    run.wait_for_stdout(printed);
    run.interrupt();
    assert!(run.wait_for_end(LIMIT).is_some(), "{configuration:?}: {text}: Ctrl-C does not end it");
    run.assert_nothing_left_within(WORKER_LIMIT);
    run.finish()
}

/// A test for each of these functions in each of these configurations.
macro_rules! in_configurations {
    ($configurations:tt $($test:ident)*) => {
        $(in_configurations!(@one $configurations $test);)*
    };
    (@one [$($module:ident: $configuration:ident),*] $test:ident) => {
        mod $test {
            $(
                #[test]
                fn $module() {
                    super::$test(tests::Configuration::$configuration);
                }
            )*
        }
    };
}

in_configurations! {
    [native: Native, host_width: HostWidth, wine_worker: WineWorker, windows: Windows]
    a_script_may_catch_the_interrupt_of_a_call
    a_script_that_does_not_catch_it_ends_with_130
    a_script_that_computes_ends_with_130
    a_script_ends_at_the_second_interrupt
}

// A console of Windows' is none that a test can type at.
in_configurations! {
    [native: Native, host_width: HostWidth, wine_worker: WineWorker]
    the_prompt_comes_back_from_a_hung_call
}

fn a_script_may_catch_the_interrupt_of_a_call(configuration: Configuration) {
    for (function, printed) in [("spin_forever", "spinning"), ("sleep_forever", "sleeping")] {
        let text = format!(
            "local ok, e = pcall(bad.{function})
            print(ok, e.kind, e.func, e.started, calls.add(2, 3))"
        );
        let expected = format!("{printed}\nfalse\tinterrupted\t{function}\tyes\t5\n");
        interrupted(configuration, &text, printed).assert_code(0).assert_stdout(&expected);
    }
}

/// Finalizers run, as at any end.
fn a_script_that_does_not_catch_it_ends_with_130(configuration: Configuration) {
    let text = "object = setmetatable({}, { __gc = function() say 'finalized' end })
        bad.sleep_forever()";
    let output = interrupted(configuration, text, "sleeping");
    output.assert_code(130).assert_stdout("sleeping\nfinalized\n").assert_stderr_has(&["sleep_forever", "interrupted"]);
}

fn a_script_that_computes_ends_with_130(configuration: Configuration) {
    interrupted(configuration, "calls.add(2, 3) say 'computing' while true do end", "computing").assert_code(130);
}

fn a_script_ends_at_the_second_interrupt(configuration: Configuration) {
    let mut run = start_script(configuration, "pcall(bad.sleep_forever) say 'caught' bad.spin_forever()");
    run.wait_for_stdout("sleeping");
    run.interrupt();
    run.wait_for_stdout("caught");
    run.wait_for_stdout("spinning");
    run.interrupt();
    assert!(run.wait_for_end(LIMIT).is_some(), "{configuration:?}: the second Ctrl-C does not end it");
    run.assert_nothing_left_within(WORKER_LIMIT);
    run.finish().assert_code(130);
}

/// A reader that does not read must not keep the program, which waits to write the rest.
#[test]
fn a_script_whose_output_nobody_reads_ends_with_130() {
    let (mut reader, writer) = std::io::pipe().expect("the system has pipes");
    let mut command = Command::new("env");
    command.arg("--default-signal=INT").arg(Configuration::Native.runtime().get_program());
    command.args(["-e", "while true do print(('x'):rep(4096)) end"]).stdin(Stdio::null()).stdout(writer);
    let mut child = command.spawn().expect("it starts");
    drop(command);
    // It has begun once something can be read.
    reader.read_exact(&mut [0; 4096]).expect("it writes");
    let id = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it is there");
    let status = wait_until(LIMIT, || child.try_wait().ok().flatten());
    // It is ended however this goes.
    let _ = child.kill();
    assert_eq!(status.expect("Ctrl-C ends it").code(), Some(130));
}

#[test]
fn an_error_of_another_kind_ends_with_1() {
    let output = interrupted(Configuration::Native, "pcall(bad.sleep_forever) error 'untidy'", "sleeping");
    output.assert_code(1).assert_stderr_has(&["untidy"]);
}

/// A worker that does not hang ends as at any other end.
#[test]
fn other_libraries_unload_after_an_interrupt() {
    let other = Configuration::HostWidth.fixture("lifetimes");
    let text = format!("dll.load([[{}]]).take_time_to_unload(100) bad.sleep_forever()", other.display());
    let output = interrupted(Configuration::Native, &text, "sleeping");
    output.assert_code(130).assert_stdout("sleeping\nunloading\nunloaded\n");
}

/// Types an entry, waits for what it shows while it runs, presses Ctrl-C, and waits for what that shows and the prompt.
#[track_caller]
fn interrupt(terminal: &mut Terminal, entry: &str, running: &str, shown: &str) {
    terminal.type_text(&format!("{entry}\r"));
    terminal.expect("\n");
    terminal.expect(running);
    terminal.type_text(CTRL_C);
    terminal.expect(shown);
    terminal.expect(PROMPT);
}

/// A prompt with the libraries loaded and something to keep.
#[track_caller]
fn start_prompt(configuration: Configuration, home: &Scratch) -> Terminal {
    let mut terminal = start_in(configuration, home);
    let script = home.path().join("setup.lua");
    std::fs::write(&script, setup(configuration)).expect("a file");
    enter(&mut terminal, &format!(":load {}", script.display()), "");
    enter(&mut terminal, "kept = 'still here'", "");
    terminal
}

#[track_caller]
fn leave(mut terminal: Terminal) {
    enter(&mut terminal, "kept", "still here");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}

fn the_prompt_comes_back_from_a_hung_call(configuration: Configuration) {
    let home = Scratch::new();
    let mut terminal = start_prompt(configuration, &home);
    for (function, running) in [("sleep_forever", "sleeping"), ("spin_forever", "spinning")] {
        interrupt(&mut terminal, &format!("bad.{function}()"), running, "interrupted; the worker was terminated");
        enter(&mut terminal, "_error.kind", "interrupted");
        enter(&mut terminal, "calls.add(40, 2)", "42");
    }
    leave(terminal);
}

#[test]
fn the_prompt_comes_back_from_lua_that_computes() {
    let home = Scratch::new();
    let mut terminal = start_prompt(Configuration::Native, &home);
    let entries = [
        "say('go' .. 'ing') while true do end",
        "coroutine.wrap(function() say('go' .. 'ing') while true do end end)()",
        "back.call_int(function(n) say('go' .. 'ing') while true do end end, 1)",
    ];
    for entry in entries {
        interrupt(&mut terminal, entry, "going", "interrupted");
        enter(&mut terminal, "_error.kind", "interrupted");
        enter(&mut terminal, "calls.add(40, 2)", "42");
    }
    leave(terminal);
}

/// The code catches the first Ctrl-C and goes on; the second it cannot catch.
#[test]
fn the_prompt_comes_back_from_a_loop_of_protected_calls() {
    let home = Scratch::new();
    let mut terminal = start_prompt(Configuration::Native, &home);
    let entry =
        "n = 0 while true do local ok, e = pcall(bad.sleep_forever) n = n + 1 say('caught ' .. n .. e.kind) end";
    terminal.type_text(&format!("{entry}\r"));
    terminal.expect("\n");
    terminal.expect("sleeping");
    terminal.type_text(CTRL_C);
    terminal.expect("caught 1interrupted");
    terminal.expect("sleeping");
    terminal.type_text(CTRL_C);
    terminal.expect("interrupted");
    terminal.expect(PROMPT);
    // How often the loop went round before it was stopped is a matter of time.
    enter(&mut terminal, "n >= 1", "true");
    enter(&mut terminal, "calls.add(40, 2)", "42");
    leave(terminal);
}

#[test]
fn the_second_interrupt_leaves_the_prompt_if_the_first_is_not_heard() {
    let home = Scratch::new();
    let mut terminal = start_prompt(Configuration::Native, &home);
    // Lua's own functions hear of nothing.
    terminal.type_text("say('go' .. 'ing') string.find(('a'):rep(100), ('a*'):rep(40) .. 'b')\r");
    terminal.expect("\n");
    terminal.expect("going");
    terminal.type_text(CTRL_C);
    terminal.expect("^C");
    terminal.type_text(CTRL_C);
    assert_eq!(terminal.finish().code(), Some(130));
}

/// A runtime as part of a program.
fn embedded(configuration: Configuration) -> Runtime {
    let runtime = Runtime::builder().worker(configuration.worker()).build().expect("a runtime");
    runtime.eval::<()>("=setup", setup(configuration)).expect("the libraries are loaded");
    runtime
}

/// Interrupts code that another thread runs, again and again, since nobody can tell when the call in it has begun.
#[track_caller]
fn interrupted_in_a_thread(runtime: &Arc<Runtime>, text: &'static str) -> RuntimeError {
    const PAUSE: Duration = Duration::from_millis(50);
    let handle = runtime.interrupt_handle();
    let running = Arc::clone(runtime);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(running.eval::<()>("=test", text)));
    let deadline = Instant::now() + LIMIT;
    loop {
        match told.recv_timeout(PAUSE) {
            Ok(result) => return result.expect_err("it is interrupted"),
            Err(_) => assert!(Instant::now() < deadline, "{text}: it is not interrupted"),
        }
        handle.interrupt();
    }
}

#[test]
fn a_program_interrupts_whatever_waits_for_a_library() {
    let runtime = Arc::new(embedded(Configuration::Native));
    let waits = [
        "kept = 1 bad.sleep_forever()",
        "kept = 2 bad.spin_forever()",
        "kept = 3 dll.poll(60)",
        "kept = 4 dll.async(bad.sleep_forever):wait()",
        "kept = 5 dll.batch(function(b) b(bad.sleep_forever) end)",
        "kept = 6 dll.call({ retry = 30, idempotent = true }, bad.write_null)",
    ];
    for (kept, text) in (1..).zip(waits) {
        let error = interrupted_in_a_thread(&runtime, text);
        assert_eq!(error.kind(), Some(ErrorKind::Interrupted), "{text}: {error}");
        let (found, sum): (i64, i64) = runtime.eval("=test", "return kept, calls.add(40, 2)").expect("it goes on");
        assert_eq!((found, sum), (kept, 42), "{text}");
    }
}
