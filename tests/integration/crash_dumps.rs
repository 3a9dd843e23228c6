//! Dumps of workers that crash, read back by a reader that nobody here wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use minidump::format::ContextFlagsCpu;
use minidump::system_info::{Cpu, Os};
use minidump::{
    Minidump, MinidumpException, MinidumpModule, MinidumpModuleList, MinidumpRawContext, MinidumpSystemInfo,
    MinidumpThreadList, Module,
};
use tests::{Configuration, Scratch, run};

/// A script that has the library crash so, and prints what the error says.
fn script(configuration: Configuration, call: &str) -> String {
    let library = configuration.path(&configuration.fixture("crashes"));
    format!(
        "dll.cdef 'void crash(int fault); void crash_in_thread(int fault); int can_throw(void);'
        local bad = dll.load([[{library}]])
        local _, e = pcall({call})
        local stack = e.registers.esp or e.registers.rsp
        print(e.kind, e.code, e.address or 0, e.offset or 0, stack, e.dump)
        print(e.detail:match '\\ndump: ([^\\n]*)')
        print(bad.can_throw() ~= nil)"
    )
}

/// What a script has printed of a crash, and the dump.
struct Crash {
    code: u32,
    address: u64,
    offset: u64,
    stack: u64,
    path: PathBuf,
}

/// Has a library crash, with a folder for dumps.
fn crash(configuration: Configuration, folder: &Path, call: &str) -> Crash {
    let mut command = configuration.runtime();
    command.arg("--crash-dir").arg(configuration.path(folder)).arg("-e").arg(script(configuration, call));
    let output = run(command, configuration.limit());
    output.assert_code(0);
    let mut lines = output.stdout.lines().map(|line| line.trim_end_matches('\r'));
    let words: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let [kind, code, address, offset, stack, dump] = words[..] else { panic!("{output}") };
    assert_eq!(kind, "crash", "{output}");
    assert_eq!(lines.next(), Some(dump), "the report names the file\n{output}");
    assert_eq!(lines.next(), Some("true"), "the next call works\n{output}");
    let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("{word}\n{output}"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let path = files.pop().expect("a dump was made");
    assert!(files.is_empty(), "one crash makes one dump");
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(dump.ends_with(name), "{name}\n{output}");
    Crash { code: number(code) as u32, address: number(address), offset: number(offset), stack: number(stack), path }
}

/// The module of the library, which holds the code that crashed.
fn library(modules: &MinidumpModuleList) -> &MinidumpModule {
    let is_library = |module: &&MinidumpModule| module.code_file().replace('\\', "/").contains("/libcrashes.so");
    let is_pe = |module: &&MinidumpModule| module.code_file().ends_with("crashes.dll");
    modules.iter().find(|module| is_library(module) || is_pe(module)).expect("the library is among the modules")
}

/// Checks all streams of the dump of a crash.
fn assert_holds(configuration: Configuration, crash: &Crash, is_in_library: bool) {
    let dump = Minidump::read_path(&crash.path).expect("it is a dump");
    let system: MinidumpSystemInfo = dump.get_stream().expect("the system");
    let is_elf = matches!(configuration, Configuration::Native | Configuration::HostWidth);
    assert_eq!(system.os, if is_elf { Os::Linux } else { Os::Windows });
    let is_wide = configuration == Configuration::HostWidth;
    assert_eq!(system.cpu, if is_wide { Cpu::X86_64 } else { Cpu::X86 });
    let exception: MinidumpException = dump.get_stream().expect("the exception");
    let record = &exception.raw.exception_record;
    assert_eq!(record.exception_code, crash.code);
    let modules: MinidumpModuleList = dump.get_stream().expect("the modules");
    let library = library(&modules);
    let code = library.base_address()..library.base_address() + library.size();
    let context = exception.context(&system, None).expect("the registers");
    assert_eq!(context.get_stack_pointer(), crash.stack);
    let expected = if is_wide { ContextFlagsCpu::CONTEXT_AMD64 } else { ContextFlagsCpu::CONTEXT_X86 };
    let flags = match &context.raw {
        MinidumpRawContext::X86(context) => context.context_flags,
        MinidumpRawContext::Amd64(context) => context.context_flags,
        other => panic!("{other:?}"),
    };
    assert_eq!(ContextFlagsCpu::from_flags(flags), expected);
    if is_in_library {
        assert!(code.contains(&context.get_instruction_pointer()));
        assert_eq!(context.get_instruction_pointer() - library.base_address(), crash.offset);
        assert_eq!(exception.get_crash_address(system.os, system.cpu), crash.address);
    }
    let threads: MinidumpThreadList = dump.get_stream().expect("the threads");
    let thread = threads.get_thread(exception.get_crashing_thread_id()).expect("it is the one that crashed");
    let memory = dump.get_memory().expect("memory");
    let stack = thread.stack_memory(&memory).expect("its stack");
    assert!(stack.base_address() <= crash.stack.next_multiple_of(4096) && stack.size() > 64);
    let width = if is_wide { 8 } else { 4 };
    let words = stack
        .bytes()
        .chunks_exact(width)
        .map(|word| word.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)));
    let returns = words.filter(|word| code.contains(word)).count();
    assert!(returns >= 2, "the stack holds the addresses that the functions return to, not {returns}");
}

/// What is told of each: the call, and whether the instruction is in the library.
const CRASHES: [(&str, bool); 4] =
    [("bad.crash, 0", true), ("bad.crash_in_thread, 1", true), ("bad.crash, 6", false), ("bad.crash, 8", false)];

/// Every kind of crash that the worker notices leaves a dump, in every configuration.
#[test]
fn a_crash_leaves_a_dump() {
    for configuration in Configuration::ALL {
        for (call, is_in_library) in CRASHES {
            let scratch = Scratch::new();
            let crash = crash(*configuration, scratch.path(), call);
            assert_holds(*configuration, &crash, is_in_library);
        }
    }
}

/// A dump that cannot be made is a line of the report; the error is the same.
#[test]
fn a_folder_that_is_not_there_changes_nothing_else() {
    for configuration in Configuration::ALL {
        let scratch = Scratch::new();
        let mut command = configuration.runtime();
        let folder = configuration.path(&scratch.path().join("none"));
        command.arg("--crash-dir").arg(folder).arg("-e").arg(script(*configuration, "bad.crash, 0"));
        let output = run(command, configuration.limit());
        output.assert_code(0);
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert!(lines[0].starts_with("crash\t") && lines[0].ends_with("\tnil"), "{output}");
        assert!(lines[1].starts_with("failed: ") && lines[1].contains(".dmp: "), "{output}");
        assert_eq!(lines[2], "true", "{output}");
    }
}

/// A worker has a folder of its own, dies while nobody waits for it, and leaves a file that is its owner's alone, whatever the
/// umask.
#[test]
fn a_worker_that_dies_idle_leaves_a_dump_for_its_owner() {
    for umask in ["000", "022", "777"] {
        assert_dies_idle(umask);
    }
}

fn assert_dies_idle(umask: &str) {
    use std::os::unix::fs::PermissionsExt;
    let configuration = Configuration::Native;
    let scratch = Scratch::new();
    let code = format!(
        "dll.cdef 'void crash_in_thread(int fault); int can_throw(void);'
        local worker <close> = dll.worker {{ crash_dir = [[{}]] }}
        local bad = worker.load [[{}]]
        local future = dll.async(bad.crash_in_thread, 0)
        local begun = os.time()
        while not future:done() and os.time() - begun < 20 do end
        local _, e = pcall(future.wait, future)
        print(e.kind, e.call, e.dump)",
        scratch.path().display(),
        configuration.fixture("crashes").display()
    );
    let runtime = configuration.runtime();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("umask {umask} && exec \"$@\""), "sh"]).arg(runtime.get_program()).arg("-e").arg(code);
    let output = run(command, configuration.limit());
    output.assert_code(0);
    let words: Vec<&str> = output.stdout.trim_end().split('\t').collect();
    assert_eq!(words[..2], ["crash", "crash_in_thread(0)"], "{output}");
    let mode = fs::metadata(words[2]).expect("the dump is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "umask {umask}");
}
