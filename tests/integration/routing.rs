//! Each library goes to the worker that can load it, and the workers live side by side in one script.

use tests::{Configuration, fixtures};

use crate::assert_prints;

const HOST: Configuration = Configuration::WineWorker;

/// Code with a table of the four builds of the fixture: `lib.elf32`, `lib.elf64`, `lib.pe32`, `lib.pe64`.
fn code(text: &str) -> String {
    let path = |target: &str, name: &str| fixtures().join(target).join(name).display().to_string();
    format!(
        "dll.cdef [[
            int add(int a, int b);
            int size_of(const char *type);
            struct counter *counter_create(int value);
            int counter_get(const struct counter *c);
            void *echo_pointer(void *value);
        ]]
        local paths = {{ elf32 = [[{}]], elf64 = [[{}]], pe32 = [[{}]], pe64 = [[{}]] }}
        local lib = setmetatable({{}}, {{ __index = function(t, name) t[name] = dll.load(paths[name]); return t[name] end }})
        {text}",
        path("i686-linux", "libcalls.so"),
        path("x86_64-linux", "libcalls.so"),
        path("i686-windows", "calls.dll"),
        path("x86_64-windows", "calls.dll"),
    )
}

#[track_caller]
fn prints(text: &str, expected: &str) {
    assert_prints(HOST, &code(text), expected);
}

#[test]
fn libraries_of_all_kinds_work_in_one_script() {
    let text = "for _, name in ipairs { 'elf32', 'pe32', 'elf64', 'pe64' } do
          local size = lib[name].size_of
          print(name, lib[name].add(2, 3), size 'void *', size 'long', size 'wchar_t')
        end
        print(lib.elf32.add(1, 1), lib.pe64.add(2, 2))";
    prints(text, "elf32\t5\t4\t4\t4\npe32\t5\t4\t4\t2\nelf64\t5\t8\t8\t4\npe64\t5\t8\t4\t2\n2\t4\n");
}

#[test]
fn the_first_library_decides_what_the_module_speaks_of() {
    let text = "lib.pe32.add(1, 1)
        lib.elf64.add(1, 1)
        print(dll.os, dll.arch, dll.sizeof 'void *', dll.sizeof 'wchar_t')
        local of = dll.of(lib.elf64)
        print(of.os, of.arch, of.sizeof 'void *', of.sizeof 'wchar_t')";
    prints(text, "Windows\tx86\t4\t2\nLinux\tx64\t8\t4\n");
}

#[test]
fn before_the_first_library_the_module_speaks_of_the_host_s_32_bit_kind() {
    prints("print(dll.os, dll.arch, dll.sizeof 'long')", "Linux\tx86\t4\n");
}

#[test]
fn a_pointer_of_one_worker_is_refused_by_another() {
    let text = "local counter = lib.elf32.counter_create(5)
        local ok, e = pcall(lib.pe32.counter_get, counter)
        print(ok, e.kind, e.func)
        assert(e.message:find('32-bit Linux', 1, true) and e.message:find('32-bit Windows', 1, true), e.message)
        print(lib.elf32.counter_get(counter))";
    prints(text, "false\tstale\tcounter_get\n5\n");
}

#[test]
fn a_crash_in_one_worker_leaves_the_others_alone() {
    let misbehaviour = fixtures().join("i686-linux").join("libmisbehaviour.so");
    let text = format!(
        "dll.cdef 'int count_call(void); void write_null(void);'
        for _, name in ipairs {{ 'elf32', 'elf64', 'pe32' }} do lib[name].count_call() end
        print(pcall(dll.load([[{}]]).write_null) == false)
        print(lib.elf32.count_call(), lib.elf64.count_call(), lib.pe32.count_call())",
        misbehaviour.display()
    );
    prints(&text, "true\n1\t2\t2\n");
}

#[test]
fn objects_keep_to_their_worker_and_types_follow_the_one_that_is_asked() {
    let text = "dll.cdef 'struct item { void *place; long wide; int number; };'
        local one, other = dll.of(lib.elf32), dll.of(lib.elf64)
        local array, item = one.new('struct item[1]'), other.new('struct item', { number = 7 })
        local ok, failure = pcall(function() array[0] = item end)
        print(ok, failure.kind)
        print(one.sizeof(one.new(item)), one.sizeof 'struct item', one.sizeof(item))
        local a, b = one.new('int', 5), other.new('int', 5)
        print(a == b, one.cast('void *', a) == other.cast('void *', b))";
    prints(text, "false\tstale\n12\t12\t24\ntrue\tfalse\n");
}

/// A callback may call libraries of other workers, whose callbacks may call the first one again.
#[test]
fn callbacks_go_from_worker_to_worker_and_back() {
    let path = |target: &str, name: &str| fixtures().join(target).join(name).display().to_string();
    let code = format!(
        "dll.cdef 'typedef int (*handler)(int code); int fire_given(handler handler, int code); int square(int value);'
        local one, other, third = dll.load([[{}]]), dll.load([[{}]]), dll.load([[{}]])
        local function relay(depth)
          local library = depth % 3 == 0 and one or depth % 3 == 1 and other or third
          return library.fire_given(function(code)
            return depth == 0 and one.square(code) or relay(depth - 1) + 1
          end, 5)
        end
        print(relay(9))
        -- What one library is given leads nowhere in another.
        local own = dll.of(one).callback('handler', print)
        print(select(2, pcall(other.fire_given, own, 1)).kind)",
        path("i686-linux", "libcallbacks.so"),
        path("x86_64-linux", "libcallbacks.so"),
        path("i686-windows", "callbacks.dll"),
    );
    assert_prints(HOST, &code, "34\nstale\n");
}
