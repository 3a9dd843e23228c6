//! The runner: what it takes on its command line, what it gives to scripts, how it ends.

use tests::{Configuration, Output, Scratch, run, run_with_input};

const HOST: Configuration = Configuration::ALL[0];

fn runtime(arguments: &[&str]) -> Output {
    let mut command = HOST.runtime();
    command.args(arguments);
    run(command, HOST.limit())
}

/// Runs a script of this text, with these arguments.
fn script(text: &str, arguments: &[&str]) -> Output {
    let scratch = Scratch::new();
    let path = scratch.file("script.lua", text);
    let mut command = HOST.runtime();
    command.arg(path).args(arguments);
    run(command, HOST.limit())
}

fn with_input(arguments: &[&str], input: &str) -> Output {
    let mut command = HOST.runtime();
    command.args(arguments);
    run_with_input(command, input, HOST.limit())
}

#[test]
fn the_version_is_told() {
    for option in ["--version", "-v"] {
        let output = runtime(&[option]);
        output.assert_code(0);
        let expected = format!("runtime64 {}", env!("CARGO_PKG_VERSION"));
        assert!(output.stdout.starts_with(&expected), "{option}\n{output}");
    }
}

#[test]
fn help_names_the_options() {
    let output = runtime(&["--help"]);
    output.assert_code(0);
    for option in ["-e", "-l", "-i", "--version", "--worker", "--wine", "SCRIPT"] {
        assert!(output.stdout.contains(option), "{option}\n{output}");
    }
}

#[test]
fn code_on_the_command_line_runs_in_order() {
    runtime(&["-e", "x = 1", "-e", "x = x + 1", "-e", "print(x)"]).assert_code(0).assert_stdout("2\n");
}

#[test]
fn modules_on_the_command_line_become_globals() {
    runtime(&["-l", "pretty", "-e", "print(type(pretty))"]).assert_code(0).assert_stdout("table\n");
}

#[test]
fn a_script_gets_its_arguments_also_those_that_look_like_options() {
    let text = "print(select('#', ...), ...)\nprint(arg[1], arg[2], arg[3], #arg, arg[0]:match 'script%.lua$')";
    script(text, &["-e", "--help", "a b"])
        .assert_code(0)
        .assert_stdout("3\t-e\t--help\ta b\n-e\t--help\ta b\t3\tscript.lua\n");
}

#[test]
fn code_runs_before_the_script() {
    let scratch = Scratch::new();
    let path = scratch.file("script.lua", "print(x)");
    runtime(&["-e", "x = 5", path.to_str().unwrap()]).assert_code(0).assert_stdout("5\n");
}

#[test]
fn a_script_is_read_from_standard_input() {
    with_input(&["-", "a", "b"], "print(...)").assert_code(0).assert_stdout("a\tb\n");
    with_input(&[], "print('no terminal, no prompt')").assert_code(0).assert_stdout("no terminal, no prompt\n");
    with_input(&["-"], "error('x')").assert_code(1).assert_stderr_has(&["stdin:1:"]);
}

#[test]
fn exit_codes_tell_what_happened() {
    let cases: &[(&[&str], i32)] = &[
        (&["-e", ""], 0),
        (&["-e", "os.exit(0)"], 0),
        (&["-e", "os.exit(7)"], 7),
        (&["-e", "os.exit(true)"], 0),
        (&["-e", "os.exit(false)"], 1),
        (&["-e", "os.exit()"], 0),
        (&["-e", "os.exit(3, true)"], 3),
        (&["-e", "error 'no'"], 1),
        (&["-e", "error()"], 1),
        (&["-e", "this is no Lua"], 1),
        (&["no-such-script.lua"], 1),
        (&["-l", "no_such_module", "-e", ""], 1),
        (&["--no-such-option"], 2),
        (&["-e"], 2),
    ];
    for (arguments, code) in cases {
        let output = runtime(arguments);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}\n{output}");
        assert_eq!(output.stdout, "", "{arguments:?}\n{output}");
        let silent = *code == 0 || arguments[1..].iter().any(|argument| argument.starts_with("os.exit"));
        assert_eq!(output.stderr.is_empty(), silent, "{arguments:?}\n{output}");
    }
}

#[test]
fn mistakes_on_the_command_line_are_named() {
    runtime(&["--no-such-option"]).assert_stderr_has(&["--no-such-option"]);
    runtime(&["no-such-script.lua"]).assert_stderr_has(&["no-such-script.lua"]);
    runtime(&["-l", "no_such_module"]).assert_stderr_has(&["no_such_module"]);
}

#[test]
fn an_error_shows_where_it_happened_and_how_it_came_there() {
    let text = "local function inner()\n  error 'it broke'\nend\nlocal function outer()\n  inner()\nend\nouter()\n";
    script(text, &[]).assert_code(1).assert_stderr_has(&[
        "script.lua:2: it broke",
        "stack traceback:",
        "script.lua:5:",
        "script.lua:7:",
    ]);
}

#[test]
fn a_syntax_error_shows_its_line() {
    script("local x = 1\nlocal y = = 2\n", &[]).assert_code(1).assert_stderr_has(&["script.lua:2:", "near '='"]);
}

#[test]
fn error_values_of_every_kind_are_shown() {
    let cases = [
        ("error('text', 0)", "text"),
        ("error(setmetatable({}, { __tostring = function() return 'an object' end }))", "an object"),
        ("error({ code = 42 })", "42"),
        ("error(nil)", "nil"),
        ("error(12)", "12"),
        ("dll.load('no_such_library')", "no_such_library"),
        ("coroutine.wrap(function() error('in a coroutine') end)()", "in a coroutine"),
    ];
    for (text, shown) in cases {
        script(text, &[]).assert_code(1).assert_stderr_has(&[shown]);
    }
}

#[test]
fn an_error_of_the_dll_module_shows_the_line_that_made_it() {
    let output = script("local x = 1\nlocal lib = dll.load('no_such_library')\n", &[]);
    output.assert_code(1).assert_stderr_has(&["no_such_library", "script.lua:2:", "stack traceback:"]);
    assert!(!output.stderr.contains("runtime error"), "{output}");
    assert_eq!(output.stderr.matches("stack traceback:").count(), 1, "{output}");
}

#[test]
fn a_first_line_for_the_shell_is_skipped_and_lines_are_kept() {
    let output = script("#!/usr/bin/env runtime64\nerror 'second line'\n", &[]);
    output.assert_code(1).assert_stderr_has(&["script.lua:2: second line"]);
    script("#!/usr/bin/env runtime64", &[]).assert_code(0);
}

#[test]
fn modules_are_found_beside_the_script_and_in_the_standard_library() {
    let scratch = Scratch::new();
    scratch.file("beside.lua", "return { value = 42 }");
    scratch.file("folder/init.lua", "return 'a folder'");
    let path = scratch.file(
        "script.lua",
        "print(require 'beside'.value, require 'folder', type(require 'pretty'), require 'dll' == dll)",
    );
    let path = path.to_str().unwrap();
    runtime(&[path]).assert_code(0).assert_stdout("42\ta folder\ttable\ttrue\n");
    let elsewhere = Scratch::new();
    let mut command = HOST.runtime();
    command.arg(path).current_dir(elsewhere.path());
    run(command, HOST.limit()).assert_code(0);
}

#[test]
fn libraries_are_found_beside_the_script() {
    let scratch = Scratch::new();
    let library = HOST.fixture("calls");
    let name = library.file_name().unwrap().to_str().unwrap();
    scratch.copy(&library, name);
    let text = format!(
        "dll.cdef 'int add(int a, int b);'\nprint(dll.load('calls').add(1, 2), dll.load('{name}').add(3, 4), \
         dll.load('./{name}').add(5, 6))"
    );
    let path = scratch.file("script.lua", text);
    let elsewhere = Scratch::new();
    let mut command = HOST.runtime();
    command.arg(path).current_dir(elsewhere.path());
    run(command, HOST.limit()).assert_code(0).assert_stdout("3\t7\t11\n");
}

#[test]
fn a_library_in_the_current_directory_is_not_found_by_its_bare_name() {
    let (scripts, current) = (Scratch::new(), Scratch::new());
    current.copy(&HOST.fixture("calls"), "libcalls.so");
    current.copy(&HOST.fixture("calls"), "calls.dll");
    let path = scripts.file("script.lua", "for _, n in ipairs(arg) do print((pcall(dll.load, n))) end");
    let mut command = HOST.runtime();
    command.arg(path).args(["calls", "libcalls.so", "calls.dll"]).current_dir(current.path());
    command.env("PATH", current.path());
    run(command, HOST.limit()).assert_code(0).assert_stdout("false\nfalse\nfalse\n");
}

#[test]
fn all_of_lua_is_there_but_binary_code_and_c_modules() {
    let text = "
        for _, name in ipairs { 'string', 'table', 'math', 'io', 'os', 'utf8', 'coroutine', 'debug', 'package' } do
          assert(type(_G[name]) == 'table', name)
        end
        assert(_VERSION == 'Lua 5.4')
        assert(load(string.dump(function() end)) == nil)
        assert(load(string.dump(function() end), 'x', 'b') == nil)
        assert(load('return 1')() == 1)
        assert(package.loadlib == nil and package.cpath == '')
        assert(not pcall(require, 'lfs'))
        print 'done'";
    script(text, &[]).assert_code(0).assert_stdout("done\n");
}

#[test]
fn the_prompt_follows_a_script_if_asked_for() {
    let scratch = Scratch::new();
    let path = scratch.file("script.lua", "x = 20\nprint 'ran'");
    let output = with_input(&["-i", path.to_str().unwrap()], "x + 1\nerror 'caught'\nx + 2\n");
    output.assert_code(0).assert_stderr_has(&["caught"]);
    for shown in ["ran", "21", "22"] {
        assert!(output.stdout.contains(shown), "{shown}\n{output}");
    }
    assert!(!output.stdout.contains('\u{1b}'), "escape codes without a terminal\n{output}");
}

#[test]
fn the_same_command_line_works_on_windows() {
    let windows = Configuration::Windows;
    let scratch = Scratch::new();
    let path = scratch.file("script.lua", "print(...)\nprint(package.config:sub(1, 1))\nerror 'no'\n");
    let mut command = windows.runtime();
    command.args(["-e", "print(1 + 1)"]).arg(windows.path(&path)).args(["a b", "--help"]);
    let output = run(command, windows.limit());
    output.assert_code(1).assert_stdout("2\na b\t--help\n\\\n").assert_stderr_has(&["script.lua:3: no"]);
    for (arguments, code) in [(["-e", "os.exit(7)"], 7), (["--no-such-option", ""], 2)] {
        let mut command = windows.runtime();
        command.args(arguments);
        run(command, windows.limit()).assert_code(code);
    }
}

#[test]
fn a_deadline_holds_for_every_call() {
    let path = HOST.path(&HOST.fixture("misbehaviour"));
    let code = format!(
        "dll.cdef 'void sleep_forever(void); void sleep_milliseconds(unsigned int duration);'
        local bad = dll.load([[{path}]])
        local ok, failure = pcall(bad.sleep_forever)
        print(ok, failure.kind)
        dll.call({{ deadline = 60 }}, bad.sleep_milliseconds, 1500)
        print 'in time'"
    );
    let mut command = HOST.runtime();
    command.args(["--deadline", "1", "-e"]).arg(code);
    run(command, HOST.limit()).assert_code(0).assert_stdout("sleeping\nfalse\ttimeout\nin time\n");
}
