//! The error for a crash, made from the worker's crash report.

use std::path::Path;

use protocol::{Cause, CrashReport, I386_REGISTERS, Machine, MemoryAccess, Platform, Stage, X86_64_REGISTERS};

use super::fault_name::fault_name;
use crate::error::{Crash, Error, ErrorKind};
use crate::image;
use crate::remote::{Death, Exit, Started, WorkerKind, host_path};

/// The error for a worker that crashed. `doing` names the operation, such as "device.dll: Reset".
pub(super) fn error(death: &Death, kind: WorkerKind, doing: &str) -> Error {
    let unreported;
    let words = match &death.crash_report {
        Some(words) => words,
        None => {
            let (Exit::Code(code) | Exit::Signal(code)) = death.exit else {
                return Error::new(ErrorKind::Crash, format!("{doing} crashed"));
            };
            unreported = CrashReport::new(Stage::Final, Cause::Fault, code as u32);
            &unreported
        }
    };
    let mut crash = describe(words, kind, death.wine_prefix.as_deref());
    let fault = sentence(words, &crash);
    let message = match death.started {
        Started::No => {
            format!("{doing}: the worker had crashed before the call: {fault}; the next call starts a new worker")
        }
        Started::Yes | Started::Unknown => format!("{doing} crashed: {fault}; the next call starts a new worker"),
    };
    let mut error = Error::new(ErrorKind::Crash, message)
        .with_code(i64::from(words.code))
        .with_address(words.accessed)
        .with_started(death.started)
        .with_detail(report(words, &crash));
    match &death.dump {
        Some(Ok(path)) => {
            crash.dump = Some(path.clone());
            error = error.with_detail(format!("dump: {}", path.display()));
        }
        Some(Err(reason)) => error = error.with_detail(format!("dump: failed: {reason}")),
        None => {}
    }
    error.context.crash = Some(Box::new(crash));
    error
}

/// The fields of a crash report, as a script sees them.
fn describe(words: &CrashReport, kind: WorkerKind, wine_prefix: Option<&Path>) -> Crash {
    let names: &[&str] = match kind.machine {
        Machine::I386 => &I386_REGISTERS,
        Machine::X86_64 => &X86_64_REGISTERS,
    };
    let module = words.module.to_string();
    let offset = (!module.is_empty()).then(|| words.instruction.wrapping_sub(words.module_base));
    let file = host_path(&module, wine_prefix, kind.pointer_bits());
    Crash {
        cause: cause(words),
        exception: exception(words, kind.platform),
        symbol: offset.and_then(|offset| image::nearest_export(&file?, offset)),
        module: offset.map(|_| base_name(&module).to_owned()),
        offset,
        access: words.access.map(access),
        // A report that the worker did not write itself contains no thread.
        thread: (words.thread != 0).then_some(if words.is_foreign { "library" } else { "call" }),
        dump: None,
        registers: names.iter().copied().zip(words.registers.values().iter().copied()).collect(),
    }
}

/// The cause, in the words that scripts see.
fn cause(words: &CrashReport) -> &'static str {
    /// The beginnings of glibc's messages about a corrupted heap.
    const OF_THE_HEAP: [&str; 6] = ["malloc", "free()", "double free", "corrupted", "munmap_chunk()", "realloc()"];
    const HEAP_CORRUPTION: u32 = 0xc000_0374;
    const STACK_OVERFLOW: u32 = 0xc000_00fd;
    match words.cause {
        Cause::Fault if words.code == HEAP_CORRUPTION => "heap corruption",
        Cause::Fault if words.code == STACK_OVERFLOW => "stack overflow",
        Cause::Fault => "fault",
        Cause::StackOverflow => "stack overflow",
        Cause::Abort => {
            let text = words.text.to_string();
            let is_of_the_heap = OF_THE_HEAP.iter().any(|start| text.starts_with(start));
            if is_of_the_heap { "heap corruption" } else { "abort" }
        }
        Cause::CppException => "C++ exception",
        Cause::Exit => "exit",
        Cause::Expired => "deadline",
    }
}

/// The name of the signal or exception. On Windows `abort` raises neither, so it is named itself.
fn exception(words: &CrashReport, platform: Platform) -> Option<String> {
    match (words.cause, platform) {
        (Cause::Abort, Platform::Windows) => Some("abort".to_owned()),
        _ => fault_name(platform, words.code).map(str::to_owned),
    }
}

fn access(access: MemoryAccess) -> &'static str {
    match access {
        MemoryAccess::Read => "read",
        MemoryAccess::Write => "write",
        MemoryAccess::Execute => "execute",
    }
}

/// The file name of a path of either system.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// "SIGSEGV writing 0x00000010 in libdevice.so+0x1234 (Reset+0x14)".
fn sentence(words: &CrashReport, crash: &Crash) -> String {
    let name = crash.exception.clone().unwrap_or_else(|| format!("fault {:#x}", words.code));
    let text = words.text.to_string();
    let thread = if words.is_foreign { ", on a thread of the library's own" } else { "" };
    let place = location(words, crash);
    match crash.cause {
        "abort" if text.is_empty() && name == "abort" => format!("it called abort{place}{thread}"),
        "abort" if text.is_empty() => format!("{name}, it called abort{place}{thread}"),
        "abort" => format!("{name}, {text}{place}{thread}"),
        "heap corruption" if text.is_empty() && crash.module.is_none() => {
            format!("{name}, the heap is corrupted{thread}")
        }
        "heap corruption" if text.is_empty() => format!("{name}, the heap is corrupted{place}{thread}"),
        "heap corruption" => format!("{name}, the heap is corrupted: {text}{place}{thread}"),
        "C++ exception" if text.is_empty() => format!("uncaught C++ exception{place}{thread}"),
        "C++ exception" => format!("uncaught C++ exception of type {}{place}{thread}", image::type_name(&text)),
        cause => {
            let overflow = cause == "stack overflow" && !name.ends_with("STACK_OVERFLOW");
            let overflow = if overflow { ", stack overflow," } else { "" };
            format!("{name}{overflow}{}{place}{thread}", accessed(words))
        }
    }
}

/// " writing 0x00000010".
fn accessed(words: &CrashReport) -> String {
    let Some(address) = words.accessed else { return String::new() };
    let verb = match words.access {
        None => "accessing",
        Some(MemoryAccess::Read) => "reading",
        Some(MemoryAccess::Write) => "writing",
        Some(MemoryAccess::Execute) => "executing",
    };
    format!(" {verb} {address:#010x}")
}

/// " in device.dll+0x1234 (Reset+0x14)".
fn location(words: &CrashReport, crash: &Crash) -> String {
    match (&crash.module, crash.offset, &crash.symbol) {
        (Some(module), Some(offset), Some(symbol)) => format!(" in {module}+{offset:#x} ({symbol})"),
        (Some(module), Some(offset), None) => format!(" in {module}+{offset:#x}"),
        _ if words.instruction == 0 => String::new(),
        _ => format!(" at instruction {:#010x}", words.instruction),
    }
}

/// The full report, one line per fact.
fn report(words: &CrashReport, crash: &Crash) -> String {
    let mut lines = Vec::new();
    let name = crash.exception.as_deref().unwrap_or("unknown");
    lines.push(format!("{}: {name} ({:#x}){}", crash.cause, words.code, accessed(words)));
    if !words.text.is_empty() {
        lines.push(format!("text: {}", words.text));
    }
    lines.push(format!("instruction: {:#010x}", words.instruction));
    if let Some(offset) = crash.offset {
        lines.push(format!("module: {} at {:#010x}, offset {offset:#x}", words.module, words.module_base));
    }
    if let Some(symbol) = &crash.symbol {
        lines.push(format!("nearest export: {symbol}"));
    }
    match crash.thread {
        Some("library") => lines.push(format!("thread: {}, one of the library's own", words.thread)),
        Some(_) => lines.push(format!("thread: {}, which made a call", words.thread)),
        None => {}
    }
    if words.thread != 0 {
        lines.push(format!("calls in progress: {}", words.calls));
    }
    let width = if crash.registers.len() > I386_REGISTERS.len() { 16 } else { 8 };
    for four in crash.registers.chunks(4) {
        let registers: Vec<String> = four.iter().map(|(name, value)| format!("{name} {value:0width$x}")).collect();
        lines.push(registers.join("  "));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
