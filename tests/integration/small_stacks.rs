//! Runtimes on threads with small stacks: where callbacks nest too deep there is an error, never the end of the host.

use std::process::Command;
use std::thread;

use runtime64::{ErrorKind, Runtime, RuntimeError};
use tests::{Configuration, run};

/// Where a child of this test finds the library, and how many KiB its thread is to have.
const LIBRARY: &str = "RUNTIME64_TEST_LIBRARY";
const KIBIBYTES: &str = "RUNTIME64_TEST_STACK";

/// Callbacks that nest until something refuses the next one.
const NESTED: &str = "
    dll.cdef 'int fire_given(int (*handler)(int code), int code);'
    local library, depth = dll.load(...), 0
    local function nest(code)
      depth = math.max(depth, code)
      return library.fire_given(nest, code + 1)
    end
    local ok, failure = pcall(library.fire_given, nest, 1)
    assert(not ok, 'it ends')
    -- The thread is of use afterwards.
    assert(library.fire_given(function(code) return code + 1 end, 1) == 2)
    assert(dll.new('int[3]', { 1, 2, 3 })[2] == 3)
    return failure, tostring(failure), depth";

/// What a thread of the child does: it gives the words for what came of it.
fn nest(library: &str) -> Result<String, RuntimeError> {
    let runtime = Runtime::builder().build()?;
    let nested = runtime.compile("=nested", NESTED)?;
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let (failure, message, depth): (mlua::Value, String, u32) = runtime.call(&nested, library)?;
        let kind =
            failure.as_error().and_then(|error| error.downcast_ref::<runtime64::Error>()).map(|error| error.kind);
        outcomes.push(format!("{depth} deep: {kind:?}: {message}"));
        assert!(kind == Some(ErrorKind::Callback) || message.contains("stack overflow"), "{message}");
    }
    Ok(outcomes.join("\n"))
}

/// The child: what comes of a thread with so small a stack is printed.
#[test]
fn child() {
    let (Ok(library), Ok(size)) = (std::env::var(LIBRARY), std::env::var(KIBIBYTES)) else { return };
    let size: usize = size.parse().expect("a number");
    let thread = thread::Builder::new().stack_size(size << 10).spawn(move || nest(&library)).expect("a thread");
    match thread.join().expect("no panic") {
        Ok(outcome) => println!("outcome: {outcome}"),
        Err(error) => println!("outcome: refused: {error}"),
    }
}

fn nests_on(configuration: Configuration) {
    for size in [64, 96, 128, 192, 256, 512, 1024, 2048] {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", "small_stacks::child", "--nocapture"]).env(KIBIBYTES, size.to_string());
        command.env(LIBRARY, configuration.fixture("callbacks"));
        let worker = configuration.worker();
        command.env("RUNTIME64_WORKER32", &worker).env("RUNTIME64_WORKER64", &worker);
        let output = run(command, configuration.limit());
        output.assert_code(0);
        assert!(output.stdout.contains("outcome: "), "{size} KiB\n{output}");
        let is_refused = output.stdout.contains("outcome: refused");
        assert!(!is_refused || size < 128 && output.stdout.contains("stack_size"), "{size} KiB\n{output}");
    }
}

#[test]
fn native() {
    nests_on(Configuration::Native);
}

#[test]
fn host_width() {
    nests_on(Configuration::HostWidth);
}
