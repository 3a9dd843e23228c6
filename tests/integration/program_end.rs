//! The end of a program: finalizers run while the state and its workers live, and the exit code says whether one failed.

use tests::{Configuration, run};

/// A program's code, what it prints, its exit code, and what is in what it writes to standard error.
type Case = (&'static str, &'static str, i32, &'static [&'static str]);

/// `bad` is the library `misbehaviour`, `texts` another one in the same worker.
const PROGRAMS: &[Case] = &[
    ("x = final(function() print(texts.kept_text() == nil) end)", "true\n", 0, &[]),
    // A function that is named for the first time, and one that was called before.
    (
        "texts.keep_text 'a' x = final(function() texts.keep_text 'b' print(dll.string(texts.kept_text())) end)",
        "b\n",
        0,
        &[],
    ),
    ("x = final(function() local p = dll.of(texts).new('int[3]', { 1, 2, 3 }) print(p[2]) end)", "3\n", 0, &[]),
    ("x = final(function() print 'ran' end) error 'failed'", "ran\n", 1, &["failed"]),
    // As Lua has it: the last one first, each with the others whole.
    (
        "for i = 1, 3 do _G['x' .. i] = final(function() print(i, getmetatable(x3) ~= nil) end) end",
        "3\ttrue\n2\ttrue\n1\ttrue\n",
        0,
        &[],
    ),
    ("local x = final(function() print 'unreachable' end) x = nil", "unreachable\n", 0, &[]),
    (
        "local x = final(function(o) print 'once' X = o end) x = nil collectgarbage() print(X ~= nil)",
        "once\ntrue\n",
        0,
        &[],
    ),
    ("x = final(function() y = final(function() print 'made at the end' end) end)", "made at the end\n", 0, &[]),
    ("local function again() x = final(again) end again()", "", 0, &[]),
    (
        "local text = dll.of(texts)
        a = final(function() print 'plain' end)
        b = text.gc(text.new 'int[1]', function() print 'C data' end)
        c = final(function() print 'plain' end)",
        "plain\nC data\nplain\n",
        0,
        &[],
    ),
    // A failure is reported, decides about the exit code, and keeps no other finalizer from its turn.
    (
        "x = final(function() print 'last' end) y = final(function() error 'no' end)",
        "last\n",
        1,
        &["a finalizer failed when the state closed", "no"],
    ),
    (
        "local text = dll.of(texts)
        x = final(function() print 'last' end) y = text.gc(text.new 'int[1]', function() error 'C data' end)",
        "last\n",
        1,
        &["C data"],
    ),
    ("for i = 1, 20 do final(function() error { i } end) end", "", 1, &["{ 20 }", "{ 5 }", "4 more finalizers failed"]),
    ("x = dll.of(texts).gc(dll.of(texts).new 'int[1]', function() error 'C data' end)", "", 1, &["C data"]),
    ("final(function() error 'no' end) collectgarbage()", "", 0, &[]),
    // A worker that dies, or has died.
    (
        "x = final(function() print 'next' end)
        y = final(function() local _, e = pcall(bad.call_exit, 3) print(e.kind) texts.keep_text 'again' end)",
        "worker_lost\nnext\n",
        0,
        &[],
    ),
    ("x = final(function() bad.call_exit(3) end)", "", 1, &["exit code 3"]),
    (
        "x = setmetatable({}, { __gc = setmetatable({}, { __call = function() print 'called' end }) })",
        "called\n",
        0,
        &[],
    ),
    // A hook of the script is no part of the end.
    ("x = final(function() print 'ran' end) debug.sethook(function() error 'hook' end, '', 100)", "ran\n", 0, &[]),
    ("x = final(function() print 'ran' end) debug.sethook(function() error 'hook' end, 'c')", "ran\n", 0, &[]),
    // os.exit in a finalizer, before the end, and both.
    ("x = final(function() os.exit(7) end) y = final(function() print 'before' end)", "before\n", 7, &[]),
    ("x = final(function() os.exit(7, true) end)", "", 7, &[]),
    ("x = final(function() os.exit(7, true) end) os.exit(0, true)", "", 7, &[]),
    ("x = final(function() texts.keep_text 'c' print 'ran' end) os.exit(true, true)", "ran\n", 0, &[]),
    ("x = final(function() print 'ran' end) os.exit(3, true)", "ran\n", 3, &[]),
    ("x = final(function() print 'never' end) os.exit(3)", "", 3, &[]),
    ("x = final(function() error 'no' end) os.exit(true, true)", "", 1, &["no"]),
    ("x = final(function() error 'no' end) os.exit(5, true)", "", 5, &["no"]),
];

fn programs_end(configuration: Configuration) {
    let load = |name: &str| format!("dll.load [[{}]]", configuration.path(&configuration.fixture(name)));
    let prelude = format!(
        "dll.cdef [[void call_exit(int); const void *keep_text(const char *text); const char *kept_text(void);]]
        bad, texts = {}, {}
        function final(finalizer) return setmetatable({{}}, {{ __gc = finalizer }}) end ",
        load("misbehaviour"),
        load("texts")
    );
    for (code, printed, exit, errors) in PROGRAMS {
        let mut command = configuration.runtime();
        command.arg("-e").arg(format!("{prelude}{code}"));
        let output = run(command, configuration.limit());
        assert_eq!(output.stdout, *printed, "{code}\n{output}");
        output.assert_code(*exit).assert_stderr_has(errors);
        assert!(!output.stderr.contains("panicked"), "{code}\n{output}");
        assert_eq!(output.stderr.is_empty(), errors.is_empty(), "{code}\n{output}");
    }
}

#[cfg(unix)]
#[test]
fn native() {
    programs_end(Configuration::Native);
}

#[test]
fn host_width() {
    programs_end(Configuration::HostWidth);
}

#[cfg(unix)]
#[test]
fn wine_worker() {
    programs_end(Configuration::WineWorker);
}

#[test]
fn windows() {
    programs_end(Configuration::Windows);
}
