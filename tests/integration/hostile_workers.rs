//! Workers that lie: whatever a worker sends, or writes into the shared memory, the script gets an error and goes on.

use std::time::{Duration, Instant};

use tests::{Configuration, Output, run};

const NATIVE: Configuration = Configuration::Native;

/// All that a script asks of a worker. Each line that is printed is a step, and `ok` or the kind of its error.
const SCRIPT: &str = r#"
dll.cdef [[
    struct device; struct pair { double left; int right; };
    int add(int a, int b); int text_length(const char *text); const char *device_name(const struct device *device);
    struct device *device_open(const char *name); struct pair make_pair(double left, int right);
    int call_at_gate(int (*callback)(int value), int value); int abs(int value);
]]
local library
local function step(name, run)
    local ok, failure = pcall(run)
    print(name, ok and "ok" or type(failure) == "userdata" and failure.kind or failure)
end
step("load", function() library = dll.load(PATH) end)
for round = 1, library and 2 or 0 do
    step("add", function() return library.add(2, 3) end)
    step("text", function() return library.text_length("text"), library.text_length(("x"):rep(1 << 21)) end)
    step("name", function() return library.device_name(nil), library.device_open "probe" end)
    step("record", function() return library.make_pair(1.5, 2).left end)
    step("object", function()
        local object = dll.of(library).new("int[?]", 1000)
        object[999] = 5
        return object[999]
    end)
    step("callback", function() return library.call_at_gate(function(value) return value end, 1) end)
    step("batch", function()
        return #dll.batch(function(call) call(library.add, 1, 2); call(library.abs, -3); call(library.add, 2, 3) end)
    end)
    step("future", function() return dll.async(library.add, 2, 3):wait() end)
    step("poll", function() return dll.poll(0) end)
    step("foreign", function() return dll.string(dll.cast("const char *", 16), 4) end)
    step("default", function() return dll.C.abs(-3) end)
end
print "end"
"#;

/// A call that is given half a second.
const LIMITED: &str = r#"
dll.cdef "int add(int a, int b);"
local library = dll.load(PATH)
local ok, failure = pcall(dll.call, { deadline = 0.5 }, library.add, 2, 3)
print("add", ok and "ok" or failure.kind)
print "end"
"#;

/// Runs the whole script with a worker that lies so.
fn lied_to(link: &str, lie: &str) -> Output {
    run_with(SCRIPT, link, lie)
}

fn run_with(script: &str, link: &str, lie: &str) -> Output {
    let code = script.replace("PATH", &format!("[[{}]]", NATIVE.fixture("concurrent").display()));
    let mut command = NATIVE.runtime();
    command.arg("--worker").arg(worker()).arg("-e").arg(code);
    command.env("RUNTIME64_LINK", link).env("HOSTILE", lie);
    let output = run(command, NATIVE.limit());
    output.assert_code(0);
    assert!(output.stdout.ends_with("end\n"), "{link} {lie}\n{output}");
    assert!(!output.stderr.contains("panicked"), "{link} {lie}\n{output}");
    output
}

/// The worker, in a folder of its own and under the name that one has.
fn worker() -> &'static std::path::Path {
    use std::sync::OnceLock;
    static FOLDER: OnceLock<tests::Scratch> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tests::Scratch::new();
        folder.copy(env!("CARGO_BIN_EXE_hostile").as_ref(), "worker32");
        folder
    });
    folder.path()
}

/// What became of each step, in order.
fn steps(output: &Output) -> Vec<(&str, &str)> {
    output.stdout.lines().filter_map(|line| line.split_once('\t')).collect()
}

/// What a step may end with, whatever the worker writes.
const BROKEN_OFF: &[&str] = &["ok", "protocol", "worker_lost"];

/// What a step may end with, whatever the worker answers: it may also claim what a worker may.
const CLAIMED: &[&str] = &[
    "ok",
    "protocol",
    "worker_lost",
    "crash",
    "worker_start",
    "memory",
    "stale",
    "load",
    "symbol",
    "callback",
    "failed",
    "range",
];

#[test]
fn a_worker_that_does_not_lie_is_taken_for_one() {
    for link in ["shared", "plain"] {
        let output = lied_to(link, "5:calls");
        // The memory that it says it has is none.
        let wrong: Vec<_> = steps(&output)
            .into_iter()
            .filter(|(step, kind)| *kind != "ok" && !["foreign", "record", "object"].contains(step))
            .collect();
        assert!(wrong.iter().all(|(_, kind)| ["protocol", "callback"].contains(kind)), "{link}: {wrong:?}\n{output}");
        let output = lied_to(link, "");
        let wrong: Vec<_> = steps(&output)
            .into_iter()
            .filter(|(step, kind)| *kind != "ok" && !["foreign", "record", "object"].contains(step))
            .collect();
        assert!(wrong.is_empty(), "{link}: {wrong:?}\n{output}");
    }
}

/// Each lie about a request is found out in the step that makes it.
#[test]
fn a_lie_is_an_error_of_the_protocol() {
    let lies = ["garbage", "nothing", "truncated", "trailing", "count", "deep", "length", "kind", "fault"];
    // Each request's number, and the step that makes it.
    let requests =
        [(2, "load"), (4, "add"), (5, "add"), (16, "callback"), (22, "batch"), (19, "future"), (20, "future")];
    for (request, step) in requests {
        for lie in lies {
            assert_kind(&format!("{request}:{lie}"), step, "protocol");
        }
    }
    for lie in ["garbage", "deep", "length", "kind", "fault"] {
        assert_kind(&format!("18:{lie}"), "poll", "protocol");
        assert_kind(&format!("1:{lie}"), "load", "protocol");
    }
    let cases = [
        ("5:outcome", "add"),
        ("5:never_made", "add"),
        ("5:arguments", "callback"),
        ("5:bytes", "callback"),
        ("22:more", "batch"),
        ("22:fewer", "batch"),
        ("16:few_callbacks", "callback"),
        ("16:late_callbacks", "callback"),
        ("2:never_made", "load"),
    ];
    for (lie, step) in cases {
        assert_kind(lie, step, "protocol");
    }
}

#[test]
fn memory_that_cannot_be_is_an_error_of_the_protocol() {
    for (link, lie, step) in
        [("shared", "9:mapped", "load"), ("shared", "10:mapped", "object"), ("plain", "12:allocated", "object")]
    {
        let output = lied_to(link, lie);
        assert!(steps(&output).contains(&(step, "protocol")), "{link} {lie}\n{output}");
    }
}

#[test]
fn a_worker_that_goes_away_is_lost() {
    for lie in ["5:exit", "5:words"] {
        let output = lied_to("plain", lie);
        let (_, kind) = steps(&output)[1];
        assert!(["worker_lost", "protocol"].contains(&kind), "{lie}\n{output}");
    }
}

/// Whoever does not answer is no more than slow, until the time is over.
#[test]
fn a_worker_that_does_not_answer_is_waited_for_as_long_as_it_is_given() {
    for lie in ["5:silent", "5:silent_flood", "4:deaf"] {
        for link in ["shared", "plain"] {
            let start = Instant::now();
            let output = run_with(LIMITED, link, lie);
            let (_, kind) = steps(&output)[0];
            let expected = match (link, lie) {
                // One that has closed a direction may be found out at once.
                (_, "4:deaf") => ["timeout", "worker_lost"],
                ("plain", "5:silent_flood") => ["protocol"; 2],
                _ => ["timeout"; 2],
            };
            assert!(expected.contains(&kind), "{link} {lie}\n{output}");
            assert!(start.elapsed() < Duration::from_secs(30), "{link} {lie}: {:?}", start.elapsed());
        }
    }
}

#[test]
fn nonsense_in_the_shared_memory_is_harmless() {
    for seed in 1..9 {
        assert_harmless("shared", &format!("5:scribble:{seed}"), BROKEN_OFF);
        assert_harmless("shared", &format!("*:scribble:{seed}"), BROKEN_OFF);
    }
    assert_harmless("shared", "5:flood", BROKEN_OFF);
}

#[test]
fn lies_at_random_are_harmless() {
    assert_harmless("plain", "5:flood", CLAIMED);
    for seed in 1..25 {
        for link in ["shared", "plain"] {
            assert_harmless(link, &format!("*:random:{seed}"), CLAIMED);
        }
    }
}

/// Asserts what becomes of a step, whichever way the worker is linked.
#[track_caller]
fn assert_kind(lie: &str, step: &str, kind: &str) {
    for link in ["shared", "plain"] {
        let output = lied_to(link, lie);
        assert!(steps(&output).contains(&(step, kind)), "{link} {lie}: {step} is not {kind}\n{output}");
    }
}

#[track_caller]
fn assert_harmless(link: &str, lie: &str, expected: &[&str]) {
    let output = lied_to(link, lie);
    // The address that is read in one step is none in any process.
    for (step, kind) in steps(&output).into_iter().filter(|step| *step != ("foreign", "memory")) {
        assert!(expected.contains(&kind), "{link} {lie}: {step} is {kind}\n{output}");
    }
}
