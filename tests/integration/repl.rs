//! The prompt, on a terminal and without one.

use std::process::Command;

use tests::{Configuration, Scratch, Terminal, run_with_input};

const NATIVE: Configuration = Configuration::Native;

/// What the prompt shows when it waits.
pub(crate) const PROMPT: &str = "> ";

/// runtime64 for a user whose home is this folder.
fn runtime(configuration: Configuration, home: &Scratch) -> Command {
    let mut command = configuration.runtime();
    command.env("HOME", home.path()).env("XDG_STATE_HOME", home.path().join("state"));
    command.env("XDG_CONFIG_HOME", home.path().join("config"));
    command
}

fn start(home: &Scratch) -> Terminal {
    start_in(NATIVE, home)
}

/// Starts the prompt of a configuration and waits for it.
#[track_caller]
pub(crate) fn start_in(configuration: Configuration, home: &Scratch) -> Terminal {
    let mut terminal = Terminal::start(&runtime(configuration, home));
    terminal.expect("runtime64");
    terminal.expect(PROMPT);
    terminal
}

/// Types a line, and waits for what it shows and for the next prompt.
#[track_caller]
pub(crate) fn enter(terminal: &mut Terminal, line: &str, shown: &str) {
    terminal.type_text(&format!("{line}\r"));
    // The line itself is echoed first, and ends before what it shows begins.
    terminal.expect("\n");
    terminal.expect(shown);
    terminal.expect(PROMPT);
}

/// Presses Ctrl-C and waits for the next prompt. What is typed before it shows up may be lost, as on any terminal.
#[track_caller]
fn interrupt(terminal: &mut Terminal) {
    terminal.type_text("\x03");
    terminal.expect("\n");
    terminal.expect(PROMPT);
}

#[test]
fn values_are_shown() {
    let home = Scratch::new();
    let mut terminal = start(&home);
    enter(&mut terminal, "1 + 1", "2");
    enter(&mut terminal, "'a string'", "a string");
    enter(&mut terminal, "1, nil, true", "nil");
    enter(&mut terminal, "{ x = { y = 42 } }", "y = 42");
    enter(&mut terminal, "x = 21", "");
    enter(&mut terminal, "x * 2", "42");
    enter(&mut terminal, "_ + 1", "43");
    enter(&mut terminal, "print 'printed'", "printed");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}

#[test]
fn a_statement_may_go_over_several_lines() {
    let home = Scratch::new();
    let mut terminal = start(&home);
    terminal.type_text("for i = 1, 3 do\r");
    terminal.type_text("print('turn ' .. i)\r");
    enter(&mut terminal, "end", "turn 1");
    enter(&mut terminal, "'after'", "after");
    let shown = terminal.text();
    assert!(shown.contains("turn 3"), "{shown}");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}

#[test]
fn an_error_keeps_the_session() {
    let home = Scratch::new();
    let mut terminal = start(&home);
    enter(&mut terminal, "kept = 'still here'", "");
    enter(&mut terminal, "error 'a mistake'", "a mistake");
    enter(&mut terminal, "this is no Lua", "syntax error");
    enter(&mut terminal, "nothing.at.all", "nil value");
    enter(&mut terminal, "kept", "still here");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}

#[test]
fn a_crash_in_a_library_keeps_the_session() {
    let home = Scratch::new();
    let mut terminal = start(&home);
    let library = NATIVE.fixture("misbehaviour");
    enter(&mut terminal, "dll.cdef 'void write_null(void);'", "");
    enter(&mut terminal, &format!("bad = dll.load [[{}]]", library.display()), "");
    enter(&mut terminal, "bad.write_null()", "SIGSEGV");
    enter(&mut terminal, "_error.kind", "crash");
    enter(&mut terminal, "bad.write_null()", "SIGSEGV");
    enter(&mut terminal, "1 + 1", "2");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}

#[test]
fn ctrl_c_clears_the_line() {
    let home = Scratch::new();
    let mut terminal = start(&home);
    terminal.type_text("os.exit(9)");
    terminal.expect("os.exit(9)");
    interrupt(&mut terminal);
    enter(&mut terminal, "'a new line'", "a new line");
    // A statement that was begun is dropped with all its lines. Its first line is drawn anew when the second begins.
    terminal.type_text("while true do\r");
    terminal.expect("while true do");
    terminal.expect("while true do");
    terminal.expect("\n");
    interrupt(&mut terminal);
    enter(&mut terminal, "5 + 5", "10");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}

#[test]
fn history_is_kept_between_sessions() {
    const UP: &str = "\x1b[A";
    let home = Scratch::new();
    let mut terminal = start(&home);
    enter(&mut terminal, "40 + 2", "42");
    // The line before, in the same session.
    enter(&mut terminal, UP, "42");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
    let mut terminal = start(&home);
    enter(&mut terminal, UP, "42");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}

#[test]
fn os_exit_ends_the_session_with_its_code() {
    let home = Scratch::new();
    let mut terminal = start(&home);
    terminal.type_text("os.exit(4)\r");
    assert_eq!(terminal.finish().code(), Some(4));
    let mut terminal = start(&home);
    terminal.type_text(":quit\r");
    assert_eq!(terminal.finish().code(), Some(0));
}

#[test]
fn help_tells_the_commands() {
    let home = Scratch::new();
    let mut terminal = start(&home);
    enter(&mut terminal, ":help", ":quit");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}

#[test]
fn without_a_terminal_lines_are_read_and_nothing_is_decorated() {
    let home = Scratch::new();
    let mut command = runtime(NATIVE, &home);
    command.arg("-i");
    let output = run_with_input(
        command,
        "x = 6\nx * 7\nfor i = 1, 2 do\nprint('turn ' .. i)\nend\nerror 'oh'\n'last'\n",
        NATIVE.limit(),
    );
    output.assert_code(0).assert_stderr_has(&["oh"]);
    for shown in ["42", "turn 1", "turn 2", "last"] {
        assert!(output.stdout.contains(shown), "{shown}\n{output}");
    }
    assert!(!output.stdout.contains('\u{1b}'), "{output}");
}

/// Threads of a library wait for the script, which at the prompt nobody but the prompt itself can have run.
#[test]
fn callbacks_are_served_while_the_prompt_waits() {
    let home = Scratch::new();
    let mut terminal = start(&home);
    let library = NATIVE.fixture("callback_threads");
    enter(
        &mut terminal,
        "dll.cdef 'typedef int (*handler)(int number); void *ticker_start(handler, int, int, unsigned);'",
        "",
    );
    enter(&mut terminal, &format!("lib = dll.load [[{}]]", library.display()), "");
    enter(
        &mut terminal,
        "tick = dll.callback('handler', function(n) if n == 4 then error 'four' end print('ticked ' .. n) return n end)",
        "",
    );
    terminal.type_text("ticker = lib.ticker_start(tick, 1, 5, 1)\r");
    terminal.expect("\n");
    for shown in ["ticked 1", "ticked 2", "ticked 3", "four", "ticked 5"] {
        terminal.expect(shown);
    }
    terminal.type_text("\r");
    terminal.expect(PROMPT);
    enter(&mut terminal, "6 * 7", "42");
    terminal.type_text("\x04");
    assert_eq!(terminal.finish().code(), Some(0));
}
