//! What libraries print: it appears on the host's own output, in order, while the call still runs.

use std::time::Duration;

use tests::{Configuration, Run, run};

const DECLARATIONS: &str = "dll.cdef [[
    int print_line(const char *text);
    void print_without_newline(const char *text);
    void print_error(const char *text);
    void print_many(int byte, int count);
    void print_line_and_hang(const char *text);
    void print_error_and_hang(const char *text);
    void sleep_forever(void);
]]\n";

/// Code that works with a fixture of this configuration, called `lib`.
fn code(configuration: Configuration, fixture: &str, text: &str) -> String {
    let path = configuration.path(&configuration.fixture(fixture));
    format!("{DECLARATIONS}local lib = dll.load([[{path}]])\n{text}")
}

#[test]
fn a_library_s_output_is_in_order_with_the_script_s() {
    for configuration in Configuration::ALL {
        let text = "print 'one'; io.stdout:flush()
            lib.print_line 'two'
            lib.print_without_newline 'three, '
            lib.print_without_newline 'four\\n'
            print 'five'; io.stdout:flush()
            lib.print_many(120, 5000)
            lib.print_line ''
            lib.print_error 'to standard error'";
        let mut command = configuration.runtime();
        command.arg("-e").arg(code(*configuration, "calls", text));
        let output = run(command, configuration.limit());
        let many = "x".repeat(5000);
        output.assert_code(0).assert_stdout(&format!("one\ntwo\nthree, four\nfive\n{many}\n"));
        output.assert_stderr_has(&["to standard error"]);
    }
}

/// Calls a function that prints this and then never returns.
#[track_caller]
fn hangs_after(configuration: Configuration, call: &str, wait: impl FnOnce(&mut Run)) {
    let mut command = configuration.runtime();
    command.arg("-e").arg(code(configuration, "misbehaviour", call));
    wait(&mut Run::start(command, configuration.limit()));
}

#[test]
fn output_is_seen_while_the_call_runs() {
    for configuration in Configuration::ALL {
        hangs_after(*configuration, "lib.sleep_forever()", |run| run.wait_for_stdout("sleeping\n"));
    }
}

/// The C runtimes of Windows hold back what is not flushed until the call returns; those of Linux need not.
#[cfg(unix)]
#[test]
fn output_is_seen_while_the_call_runs_without_a_flush() {
    for configuration in [Configuration::Native, Configuration::HostWidth] {
        hangs_after(configuration, "lib.print_line_and_hang 'a line'", |run| run.wait_for_stdout("a line\n"));
        hangs_after(configuration, "lib.print_error_and_hang 'an error'", |run| run.wait_for_stderr("an error"));
    }
}

#[test]
fn output_before_a_crash_is_not_lost() {
    for configuration in Configuration::ALL {
        let misbehaviour = configuration.path(&configuration.fixture("misbehaviour"));
        let text = format!(
            "dll.cdef 'void write_null(void);'
            lib.print_line 'before the crash'
            print((pcall(dll.load([[{misbehaviour}]]).write_null)))"
        );
        let mut command = configuration.runtime();
        command.arg("-e").arg(code(*configuration, "calls", &text));
        let output = run(command, configuration.limit());
        output.assert_code(0).assert_stdout("before the crash\nfalse\n");
    }
}

#[test]
fn the_output_is_closed_when_the_program_ends() {
    // `Run::finish` asserts it; a worker that outlived its host would hold the pipe.
    for configuration in Configuration::ALL {
        let mut command = configuration.runtime();
        command.arg("-e").arg(code(*configuration, "calls", "os.exit(0)"));
        let mut run = Run::start(command, configuration.limit());
        assert!(run.wait_for_end(configuration.limit()).is_some());
        run.assert_nothing_left_within(Duration::from_secs(5));
        run.finish().assert_code(0);
    }
}
