//! Paths that are no Unicode: on Linux they are bytes, for the host as for its workers.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use tests::{Configuration, Scratch, run};

const NATIVE: Configuration = Configuration::Native;

#[test]
fn libraries_scripts_and_modules_may_lie_in_any_folder() {
    let scratch = Scratch::new();
    let folder = scratch.path().join(OsStr::from_bytes(b"\xff folder"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(NATIVE.fixture("calls"), folder.join("libcalls.so")).unwrap();
    std::fs::copy(NATIVE.fixture("calls"), folder.join(OsStr::from_bytes(b"\xfe.so"))).unwrap();
    std::fs::copy(NATIVE.fixture("misbehaviour"), folder.join("libmisbehaviour.so")).unwrap();
    std::fs::copy(Configuration::WineWorker.fixture("calls"), folder.join("calls.dll")).unwrap();
    std::fs::write(folder.join("module.lua"), "return 'a module'").unwrap();
    let script = "local folder = arg[1]
        dll.cdef 'int add(int a, int b); void write_null(void);'
        print(dll.load(folder .. '/libcalls.so').add(1, 1), dll.load '\\xff folder/libcalls.so'.add(1, 2))
        print(dll.load 'calls'.add(2, 2), dll.load('calls', { search = { folder } }).add(2, 3))
        print(dll.load(folder .. '/\\xfe.so').add(3, 3), dll.load '\\xfe.so'.add(3, 4))
        print(require 'module', arg[0]:find('\\xff folder', 1, true) ~= nil)
        local worker <close> = dll.worker { cwd = folder, crash_dir = folder, env = { PLACE = folder } }
        worker.cdef 'char *getenv(const char *name); char *getcwd(char *buffer, size_t size);'
        print(dll.string(worker.C.getenv 'PLACE') == folder, dll.string(worker.C.getcwd(nil, 0)) == folder)
        local ok, crash = pcall(worker.load 'misbehaviour'.write_null)
        print(ok, crash.kind, crash.dump ~= nil)
        local ok, failure = pcall(dll.load, folder .. '/calls.dll')
        print(ok, failure.kind, failure.message:match 'valid Unicode')";
    let path = folder.join("script.lua");
    std::fs::write(&path, script).unwrap();
    let mut command = NATIVE.runtime();
    command.current_dir(scratch.path()).arg(path).arg(&folder);
    let output = run(command, NATIVE.limit());
    let expected = "2\t3\n4\t5\n6\t7\na module\ttrue\ntrue\ttrue\nfalse\tcrash\ttrue\nfalse\tload\tvalid Unicode\n";
    output.assert_code(0).assert_stdout(expected);
    let dumps = std::fs::read_dir(&folder).unwrap().flatten();
    assert_eq!(dumps.filter(|entry| entry.path().extension() == Some(OsStr::new("dmp"))).count(), 1);
}
