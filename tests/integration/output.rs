//! Standard output that nobody reads any more, or that cannot be written.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tests::{Configuration, Output, Run, run};

/// What a shell shows of a program that SIGPIPE ended; on Windows it is the exit code.
const UNREAD: &str = "ended with 141\n";

/// Has a shell run runtime64 with these arguments as `"$@"` of a script, which says on standard error how it ended.
fn start(configuration: Configuration, script: &str, arguments: &[&str]) -> Run {
    let runtime = configuration.runtime();
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(runtime.get_program()).args(runtime.get_args()).args(arguments);
    for (name, value) in runtime.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Run::start(command, configuration.limit())
}

/// Runs it with a reader that leaves after one line.
fn read_once(configuration: Configuration, arguments: &[&str]) -> Output {
    start(configuration, "{ \"$@\"; echo \"ended with $?\" >&2; } | head -n 1", arguments).finish()
}

/// Runs it with a standard output that is full.
fn into_full(configuration: Configuration, arguments: &[&str]) -> Output {
    start(configuration, "\"$@\" >/dev/full", arguments).finish()
}

/// Code that has a library print a line without end.
fn printing_library(configuration: Configuration) -> String {
    let path = configuration.path(&configuration.fixture("calls"));
    format!(
        "dll.cdef 'int print_line(const char *text);' local lib = dll.load([[{path}]]) while true do lib.print_line 'y' end"
    )
}

#[test]
fn a_script_whose_output_nobody_reads_ends_silently() {
    let library = [Configuration::Native, Configuration::HostWidth].map(printing_library);
    let cases = [
        "while true do print 'y' end",
        "while true do print('y', 1, nil, true) end",
        "while true do io.write 'y\\n' end",
        "while true do io.stdout:write 'y\\n' end",
        "while true do pcall(print, 'y') end",
        "coroutine.wrap(function() while true do print 'y' end end)()",
        "print 'y' os.execute 'sleep 0.2' io.write 'buffered'",
        "print 'y' os.execute 'sleep 0.2' io.write 'buffered' os.exit(0)",
        "print 'y' os.execute 'sleep 0.2' setmetatable({}, { __gc = function() io.write 'buffered' end })",
        &library[0],
        &library[1],
    ];
    for code in cases {
        let output = read_once(Configuration::Native, &["-e", code]);
        assert!(output.stdout.starts_with('y') && output.stderr == UNREAD, "{code}\n{output}");
    }
    // Windows has no signal: what a script does not look at is seen by `print` and at the end.
    for code in ["while true do print 'y' end", "for i = 1, 100000 do io.write 'yyyyyyyyy\\n' end"] {
        let output = read_once(Configuration::Windows, &["-e", code]);
        assert!(output.stdout.starts_with('y') && output.stderr == UNREAD, "{code}\n{output}");
    }
}

#[test]
fn standard_error_that_nobody_reads_ends_the_script_too() {
    for code in ["while true do io.stderr:write 'y\\n' end", "warn '@on' while true do warn 'y' end"] {
        let script = "{ \"$@\" 2>&1; echo \"ended with $?\" >&3; } 3>&2 | head -n 1";
        let output = start(Configuration::Native, script, &["-e", code]).finish();
        assert!(output.stdout.ends_with("y\n") && output.stderr == UNREAD, "{code}\n{output}");
    }
}

#[test]
fn the_workers_end_with_a_script_whose_output_nobody_reads() {
    let path = Configuration::Native.path(&Configuration::Native.fixture("misbehaviour"));
    let code = format!(
        "dll.cdef 'void sleep_forever(void);' local lib = dll.load([[{path}]])
        local sleeping = dll.async(lib.sleep_forever)
        while true do print 'y' end"
    );
    let script = "{ \"$@\"; echo \"ended with $?\" >&2; } | head -n 1";
    let mut run = start(Configuration::Native, script, &["-e", &code]);
    run.wait_for_stderr(UNREAD);
    run.assert_nothing_left_within(Duration::from_secs(5));
}

/// Only the program's own output ends it: other writes that nobody reads are errors, as Lua has them.
#[test]
fn a_program_that_is_written_to_may_end() {
    let code = "local program = io.popen('exec 0<&-; sleep 0.2', 'w')
        program:setvbuf 'no'
        os.execute 'sleep 0.1'
        local written, message, code = program:write 'x'
        print(written, code, message ~= nil)
        print(io.popen('yes | head -n 1; kill -l $((128 + 13))'):read 'a')";
    let mut command = Configuration::Native.runtime();
    command.args(["-e", code]);
    let output = run(command, Configuration::Native.limit());
    output.assert_code(0).assert_stdout("nil\t32\ttrue\ny\nPIPE\n\n");
    assert_eq!(output.stderr, "", "a program that is started has the default action of SIGPIPE\n{output}");
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    // { arguments, what is said once and only once }
    let cases: [(&[&str], &str); 12] = [
        (&["-e", "print 'x'"], "cannot write to standard output: No space left on device"),
        (&["-e", "while true do print 'x' end"], "(command line):1: cannot write to standard output: No space"),
        (&["-e", "print('x', 1, 2)"], "cannot write to standard output: No space left on device"),
        (&["-e", "pcall(print, 'x')"], "cannot write to standard output"),
        (&["-e", "io.write 'x'"], "cannot write to standard output: No space left on device"),
        (&["-e", "io.write 'x' os.exit(0)"], "cannot write to standard output: No space left on device"),
        (&["-e", "io.write 'x' os.exit(0, true)"], "cannot write to standard output: No space left on device"),
        (&["-e", "io.write(('x'):rep(1e6))"], "cannot write to standard output"),
        (&["-e", "setmetatable({}, { __gc = function() io.write 'x' end })"], "cannot write to standard output"),
        (&["-e", "io.write 'x' error 'also this'"], "cannot write to standard output"),
        (&["--version"], "cannot write to standard output: No space left on device"),
        (&["--help"], "cannot write to standard output: No space left on device"),
    ];
    for (arguments, message) in cases {
        let output = into_full(Configuration::Native, arguments);
        output.assert_code(1);
        assert_eq!(output.stderr.matches(message).count(), 1, "{arguments:?}\n{output}");
        assert_eq!(output.stderr.matches("cannot write to standard output").count(), 1, "{arguments:?}\n{output}");
    }
    for code in ["print 'x'", "io.write 'x'"] {
        let output = into_full(Configuration::Windows, &["-e", code]);
        output.assert_code(1).assert_stderr_has(&["cannot write to standard output"]);
    }
}

#[test]
fn a_prompt_whose_output_cannot_be_written_fails_too() {
    let output = start(Configuration::Native, "echo 1 + 1 | \"$@\" -i >/dev/full", &[]).finish();
    output.assert_code(1).assert_stderr_has(&["cannot write to standard output"]);
    let script = "{ { echo 1; sleep 0.2; echo 2; } | \"$@\" -i; echo \"ended with $?\" >&2; } | head -n 1";
    let output = start(Configuration::Native, script, &[]).finish();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("1\n", UNREAD), "{output}");
}

#[test]
fn a_failed_write_gives_what_lua_gives() {
    assert!(Path::new("/dev/full").exists());
    let code =
        "local function show(...) io.stderr:write(table.concat({ tostring((...)), select(2, ...) }, ' '), '\\n') end
        io.stdout:setvbuf 'no'
        show(io.write 'x')
        show(io.stdout:write 'x')
        local file = io.open('/dev/full', 'w')
        file:setvbuf 'no'
        show(file:write 'x')";
    let output = into_full(Configuration::Native, &["-e", code]);
    assert_eq!(output.stderr.matches("nil No space left on device 28\n").count(), 3, "{output}");
    output.assert_code(1);
}
