//! Runtimes on threads with small stacks: where code nests too deep there is an error, never the end of the host.

use std::process::Command;
use std::thread;

use runtime64::{Runtime, RuntimeError};
use tests::{Configuration, run};

/// Where a child of this test finds the library, and how many KiB its thread is to have.
const LIBRARY: &str = "RUNTIME64_TEST_LIBRARY";
const KIBIBYTES: &str = "RUNTIME64_TEST_STACK";

/// Code that nests until Lua refuses the next level, in each way that has the runtime or a library call Lua again. It gives the
/// number of levels, and what ended them.
const NESTED: &str = "
    dll.cdef 'int fire_given(int (*handler)(int code), int code);'
    local library = dll.load(...)
    local depth
    local ways = {}
    function ways.callbacks()
      depth = depth + 1
      return library.fire_given(ways.callbacks, 1)
    end
    function ways.batches()
      depth = depth + 1
      dll.batch(ways.batches)
    end
    function ways.substitutions()
      depth = depth + 1
      return (('x'):gsub('x', ways.substitutions))
    end
    function ways.coroutines()
      depth = depth + 1
      return coroutine.wrap(ways.coroutines)()
    end
    function ways.both()
      depth = depth + 1
      return library.fire_given(function() return #('x'):gsub('x', ways.both) end, 1)
    end
    local outcomes = {}
    for name, way in pairs(ways) do
      depth = 0
      local ok, failure = pcall(way)
      assert(not ok and tostring(failure):find 'stack overflow', name .. ': ' .. tostring(failure))
      assert(depth >= 20, name .. ' end at level ' .. depth)
      -- The thread is of use afterwards.
      assert(library.fire_given(function(code) return code + 1 end, 1) == 2)
      outcomes[#outcomes + 1] = name
    end
    assert(pcall(dll.sizeof, ('struct { '):rep(40) .. 'int a; ' .. ('} a; '):rep(39) .. '}'))
    return #outcomes";

/// What a thread of the child does. It gives in how many ways code has nested.
fn nest(library: &str) -> Result<u32, RuntimeError> {
    let runtime = Runtime::builder().build()?;
    runtime.eval::<()>("=final", "x = setmetatable({}, { __gc = function() dll.sizeof 'int' end })")?;
    let ways = runtime.call(&runtime.compile("=nested", NESTED)?, library)?;
    assert!(runtime.close().is_empty(), "finalizers have room, too");
    Ok(ways)
}

/// The child: what comes of a thread with so small a stack is printed.
#[test]
fn child() {
    let (Ok(library), Ok(size)) = (std::env::var(LIBRARY), std::env::var(KIBIBYTES)) else { return };
    let size: usize = size.parse().expect("a number");
    let thread = thread::Builder::new().stack_size(size << 10).spawn(move || nest(&library)).expect("a thread");
    match thread.join().expect("no panic") {
        Ok(ways) => println!("nested in {ways} ways"),
        Err(error) => println!("failed: {error}"),
    }
}

fn nests_on(configuration: Configuration) {
    for size in [64, 128, 256, 512, 1024, 2048] {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", "small_stacks::child", "--nocapture"]).env(KIBIBYTES, size.to_string());
        command.env(LIBRARY, configuration.fixture("callbacks"));
        let worker = configuration.worker();
        command.env("RUNTIME64_WORKER32", &worker).env("RUNTIME64_WORKER64", &worker);
        let output = run(command, configuration.limit());
        output.assert_code(0);
        assert!(output.stdout.contains("nested in 5 ways"), "{size} KiB\n{output}");
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
